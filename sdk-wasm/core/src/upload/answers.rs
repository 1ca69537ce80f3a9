//! What the service's answers, and the application's token, mean for the uploads.

use windlass_protocol::create_uploads::{CreateUploadResult, CreateUploadsResponse};
use windlass_protocol::list_parts::ListPartsResponse;
use windlass_protocol::sign_parts::SignPartsResponse;
use windlass_protocol::{ClientRef, ErrorCode, UploadId, UploadStatus};

use super::FailureCode;
use super::announcement::Announced;
use super::answer::{Answer, Refusal, ServiceFailure, StoreFailure};
use super::command::CommandId;
use super::engine::Engine;
use super::errand::Errand;
use super::jobs::{Job, Running, TransferKey};
use super::piece::Rest;
use super::resume;
use super::ticket::Ticket;
use super::verdict::{self, Cause, Operation, ServiceVerdict, Setback};

/// So many tokens refused in a row, the newest included, end the uploads that were refused.
const TOKENS_REFUSED_MAX: u32 = 3;
/// The service may miss bytes the store had acknowledged this often, before the bucket is not to be trusted.
const ROUNDS_MAX: u32 = 6;
/// An abort that failed this often is left to the service's own cleaning.
const ABORT_FAILURES_MAX: u32 = 5;

/// Whose answer, and under which token and when it was asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    at_ms: u64,
    token_generation: u64,
}

impl Engine {
    pub(super) fn answered(&mut self, id: CommandId, answer: Answer) {
        if let Some(running) = self.running.remove(&id) {
            self.conclude(id, running, answer);
        }
    }

    /// Nobody answered in time.
    pub(super) fn no_answer_to(&mut self, id: CommandId, running: Running) {
        let answer = match &running.job {
            Job::Token => Answer::Token(Err("it did not answer".to_owned())),
            Job::Create { .. } => Answer::Created(Err(ServiceFailure::NoAnswer)),
            Job::Sign { .. } => Answer::Signed(Err(ServiceFailure::NoAnswer)),
            Job::List { .. } => Answer::Listed(Err(ServiceFailure::NoAnswer)),
            Job::Complete { .. } => Answer::Completed(Err(ServiceFailure::NoAnswer)),
            Job::Abort { .. } => Answer::Aborted(Err(ServiceFailure::NoAnswer)),
            Job::Read { .. } => return,
            Job::Put { .. } => Answer::Put(Err(StoreFailure::NoAnswer)),
        };
        self.conclude(id, running, answer);
    }

    fn conclude(&mut self, id: CommandId, running: Running, answer: Answer) {
        let asked = Asked { at_ms: running.asked_ms, token_generation: running.token_generation };
        match (running.job, answer) {
            (Job::Token, Answer::Token(result)) => self.token_came(result),
            (Job::Read { of, piece }, Answer::Hashed(result)) => self.was_read(of, piece, result),
            (Job::Put { of, piece }, Answer::Put(result)) => self.was_put(of, piece, result),
            (Job::Create { files }, Answer::Created(result)) => self.created(id, asked, files, result),
            (Job::Sign { of, pieces }, Answer::Signed(result)) => self.signed(asked, of, &pieces, result),
            (Job::List { of, asked: about }, Answer::Listed(result)) => {
                self.listed(asked, of, &about, result);
            }
            (Job::Complete { of }, Answer::Completed(result)) => match self.heard(result) {
                Ok(photo) => self.finish(of, photo),
                Err(failure) => self.errand_failed(asked, of, Operation::Complete, failure),
            },
            (Job::Abort { upload_id }, Answer::Aborted(result)) => self.aborted(asked, upload_id, result),
            // An answer of another kind than the work: as good as none.
            (job, _) => self.no_answer_to(id, Running { job, ..running }),
        }
    }

    /// What an answer proves, whatever it says: that there is a network, and a success that the token is good.
    fn heard<T>(&mut self, result: Result<T, ServiceFailure>) -> Result<T, ServiceFailure> {
        match &result {
            Ok(_) => {
                self.token.accepted();
                self.network_is_proved();
            }
            Err(ServiceFailure::Refused(_)) => self.network_is_proved(),
            Err(ServiceFailure::NoAnswer | ServiceFailure::Unintelligible) => {}
        }
        result
    }

    fn token_came(&mut self, result: Result<(), String>) {
        let Err(reason) = result else {
            self.token.fetched();
            return;
        };
        let mut setback = Setback::no_answer(&format!("The application could not get a token: {reason}."));
        setback.code = FailureCode::TokenUnavailable;
        let (rest, counts) = self.rest_after(&setback, self.token.fetch_failures());
        self.token.fetch_failed(rest, counts);
        let waiting: Vec<TransferKey> = self
            .transfers
            .iter()
            .filter(|(_, t)| t.waits_for_service(self.now_ms))
            .map(|(key, _)| *key)
            .collect();
        for key in waiting {
            self.set_back(key, &setback, 0);
        }
    }

    fn created(
        &mut self,
        id: CommandId,
        asked: Asked,
        files: Vec<(TransferKey, ClientRef)>,
        result: Result<CreateUploadsResponse, ServiceFailure>,
    ) {
        match self.heard(result) {
            Ok(response) => {
                let mut answers = response.uploads;
                for (of, wire_ref) in files {
                    let found = answers.iter().position(|answer| client_ref_of(answer) == &wire_ref);
                    let answer = found.map(|at| answers.swap_remove(at));
                    self.created_one(id, asked, of, answer);
                }
            }
            Err(failure) => {
                let is_batch = files.len() > 1;
                for (of, _) in files {
                    let Some(transfer) = self.transfers.get_mut(&of) else { continue };
                    if !transfer.announce.runs_as(id) {
                        continue;
                    }
                    transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
                    let verdict = verdict::of_service(Operation::Create, failure.clone());
                    if is_batch && let ServiceVerdict::GiveUp(_) = verdict {
                        // One bad file must not refuse the others: each by itself.
                        transfer.alone = true;
                        transfer.announce.failed(Rest::default(), false);
                    } else {
                        self.errand_failed(asked, of, Operation::Create, failure.clone());
                    }
                }
            }
        }
    }

    fn created_one(
        &mut self,
        id: CommandId,
        asked: Asked,
        of: TransferKey,
        answer: Option<CreateUploadResult>,
    ) {
        let default_lifetime_ms = self.config.url_lifetime_ms;
        let transfer = self.transfers.get_mut(&of).filter(|transfer| transfer.announce.runs_as(id));
        let Some(transfer) = transfer else {
            // Cancelled while it was announced.
            if let Some(CreateUploadResult::Accepted(accepted)) = answer
                && accepted.status == UploadStatus::PendingUpload
                && !self.by_ref.contains_key(&accepted.client_ref)
            {
                self.aborts.insert(accepted.upload_id, Errand::new());
            }
            return;
        };
        let accepted = match answer {
            Some(CreateUploadResult::Accepted(accepted)) => *accepted,
            Some(CreateUploadResult::Refused(refused)) => {
                transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
                let problem = refused.error;
                let refusal = Refusal {
                    status: problem.status,
                    request_id: problem.request_id.clone(),
                    problem: Some(problem),
                    retry_after_ms: None,
                };
                let failure = ServiceFailure::Refused(Box::new(refusal));
                return self.errand_failed(asked, of, Operation::Create, failure);
            }
            None => {
                transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
                return self.errand_failed(asked, of, Operation::Create, ServiceFailure::Unintelligible);
            }
        };
        let ticket_of = |url, headers| Ticket::new(url, headers, asked.at_ms, default_lifetime_ms);
        let announced = transfer.announced(accepted, ticket_of);
        transfer.announce.succeeded();
        transfer.moved = true;
        transfer.settle();
        match announced {
            Announced::Open => self.recovered(of),
            Announced::Closed => self.start_over(of, closed()),
            Announced::Nonsense => self.fail(of, nonsense()),
        }
    }

    fn signed(
        &mut self,
        asked: Asked,
        of: TransferKey,
        pieces: &[usize],
        result: Result<SignPartsResponse, ServiceFailure>,
    ) {
        let (mut signed, failure) = match self.heard(result) {
            Ok(response) => (response.parts, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        let default_lifetime_ms = self.config.url_lifetime_ms;
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        let mut all_signed = true;
        for index in pieces {
            let Some(piece) = transfer.pieces.get_mut(*index) else { continue };
            let found = signed.iter().position(|part| {
                Some(part.part_number) == piece.part_number()
                    && part.size == piece.range.end - piece.range.start
            });
            let part = found.map(|at| signed.swap_remove(at));
            all_signed &= part.is_some();
            piece.signing_ended(
                part.map(|part| Ticket::new(part.url, part.headers, asked.at_ms, default_lifetime_ms)),
            );
        }
        match failure {
            Some(failure) => self.errand_failed(asked, of, Operation::Sign, failure),
            None if all_signed => transfer.sign.succeeded(),
            None => self.errand_failed(asked, of, Operation::Sign, ServiceFailure::Unintelligible),
        }
    }

    fn listed(
        &mut self,
        asked: Asked,
        of: TransferKey,
        about: &[usize],
        result: Result<ListPartsResponse, ServiceFailure>,
    ) {
        match self.heard(result) {
            Ok(response) => {
                let Some(transfer) = self.transfers.get_mut(&of) else { return };
                resume::apply_listing(&mut transfer.pieces, response.parts, about);
                transfer.survey = false;
                transfer.moved = true;
                transfer.list.succeeded();
                transfer.settle();
                self.recovered(of);
            }
            Err(failure) => self.errand_failed(asked, of, Operation::List, failure),
        }
    }

    fn aborted(&mut self, asked: Asked, upload_id: UploadId, result: Result<(), ServiceFailure>) {
        let Err(failure) = self.heard(result) else {
            self.aborts.remove(&upload_id);
            return;
        };
        let Some(failures) = self.aborts.get(&upload_id).map(Errand::failures) else { return };
        let rest = match verdict::of_service(Operation::Abort, failure) {
            ServiceVerdict::Retry(setback) => Some(self.rest_after(&setback, failures)),
            ServiceVerdict::RefreshToken(_) => {
                self.token.refused(asked.token_generation);
                Some((Rest::default(), true))
            }
            ServiceVerdict::StartOver(_)
            | ServiceVerdict::SendParts(..)
            | ServiceVerdict::SendWhole(_)
            | ServiceVerdict::GiveUp(_) => None,
        };
        match rest {
            Some((rest, counts)) if failures < ABORT_FAILURES_MAX => {
                if let Some(errand) = self.aborts.get_mut(&upload_id) {
                    errand.failed(rest, counts);
                }
            }
            _ => {
                self.aborts.remove(&upload_id);
            }
        }
    }

    fn errand_failed(
        &mut self,
        asked: Asked,
        of: TransferKey,
        operation: Operation,
        failure: ServiceFailure,
    ) {
        let Some(errand) = self.errand(of, operation) else { return };
        let failures = errand.failures();
        match verdict::of_service(operation, failure) {
            ServiceVerdict::Retry(setback) => self.try_again(of, operation, &setback, failures),
            ServiceVerdict::RefreshToken(setback) => {
                if self.token.refused(asked.token_generation) >= TOKENS_REFUSED_MAX {
                    self.fail(of, setback);
                } else if let Some(errand) = self.errand(of, operation) {
                    errand.failed(Rest::default(), false);
                }
            }
            ServiceVerdict::StartOver(setback) => self.start_over(of, setback),
            ServiceVerdict::SendParts(missing, setback) => {
                if let Some((rest, counts)) = self.next_round(of, &setback, true)
                    && let Some(transfer) = self.transfers.get_mut(&of)
                {
                    transfer.complete.failed(Rest::default(), counts);
                    transfer.send_parts_again(&missing, rest);
                    transfer.settle();
                }
            }
            ServiceVerdict::SendWhole(setback) => {
                let acknowledged =
                    self.transfers.get_mut(&of).is_some_and(|t| t.send_whole_again(Rest::default()));
                if let Some((rest, counts)) = self.next_round(of, &setback, acknowledged)
                    && let Some(transfer) = self.transfers.get_mut(&of)
                {
                    transfer.complete.failed(rest, counts);
                }
            }
            ServiceVerdict::GiveUp(setback) => self.give_up(of, operation, setback),
        }
    }

    fn errand(&mut self, of: TransferKey, operation: Operation) -> Option<&mut Errand> {
        self.transfers.get_mut(&of).and_then(|transfer| transfer.errand_mut(operation))
    }

    fn try_again(&mut self, of: TransferKey, operation: Operation, setback: &Setback, failures: u32) {
        if let Some((rest, counts)) = self.set_back(of, setback, failures)
            && let Some(errand) = self.errand(of, operation)
        {
            errand.failed(rest, counts);
        }
    }

    /// The service misses bytes: when to send them again; `None` where it missed them too often.
    fn next_round(&mut self, of: TransferKey, setback: &Setback, acknowledged: bool) -> Option<(Rest, bool)> {
        let transfer = self.transfers.get_mut(&of)?;
        transfer.moved = true;
        transfer.rounds += u32::from(acknowledged);
        let rounds = transfer.rounds;
        if rounds > ROUNDS_MAX {
            self.fail(of, setback.clone());
            return None;
        }
        let (rest, counts) = self.set_back(of, setback, rounds)?;
        // The first time it is only a lost answer or a part that went missing: no waiting.
        Some((if rounds <= 1 { Rest::default() } else { rest }, counts))
    }

    fn give_up(&mut self, of: TransferKey, operation: Operation, mut setback: Setback) {
        let Some(transfer) = self.transfers.get(&of) else { return };
        let is_other_file = setback.code == FailureCode::Service(ErrorCode::ClientRefConflict);
        if operation == Operation::Create && is_other_file && transfer.upload.resumed {
            // The file is not the one of the earlier session: a new upload.
            return self.start_over(of, setback);
        }
        if operation == Operation::List && !transfer.pieces_in_question().is_empty() && !transfer.survey {
            setback.code = FailureCode::CorsMisconfigured;
            setback.reason = format!(
                "the store's answers do not show the ETag header. Add ETag to ExposeHeaders in the bucket's \
                 CORS rules. ({})",
                setback.reason
            );
        }
        self.fail(of, setback);
    }
}

fn client_ref_of(answer: &CreateUploadResult) -> &ClientRef {
    match answer {
        CreateUploadResult::Accepted(accepted) => &accepted.client_ref,
        CreateUploadResult::Refused(refused) => &refused.client_ref,
    }
}

fn closed() -> Setback {
    Setback {
        cause: Cause::Refused,
        code: FailureCode::Service(ErrorCode::UploadClosed),
        reason: "the upload was closed before; it is announced anew.".to_owned(),
        retry_after_ms: None,
        request_id: None,
    }
}

fn nonsense() -> Setback {
    Setback {
        cause: Cause::Refused,
        code: FailureCode::Service(ErrorCode::Internal),
        reason: "the service's plan for this upload breaks its own contract. Report this.".to_owned(),
        retry_after_ms: None,
        request_id: None,
    }
}
