//! What the service's answers, and the application's token, mean for the uploads.

use windlass_protocol::create_uploads::SignedPart;
use windlass_protocol::list_parts::ListPartsResponse;
use windlass_protocol::sign_pieces::SignedPiece;
use windlass_protocol::{ErrorCode, SignedHeaders, UploadId};

use super::FailureCode;
use super::answer::{Answer, ReadFailure, ServiceFailure, StoreFailure};
use super::answer_times::Wait;
use super::command::{CommandId, Server};
use super::engine::Engine;
use super::errand::Errand;
use super::jobs::{Job, Running, TransferKey};
use super::piece::{PieceKind, Rest};
use super::resume;
use super::ticket::Ticket;
use super::transfer::{Side, Stage, Transfer};
use super::verdict::{self, Operation, ServiceVerdict, Setback};

/// The service may miss bytes the store had acknowledged this often, before the bucket is not to be trusted.
const ROUNDS_MAX: u32 = 6;
/// An abort that failed this often is left to the service's own cleaning.
const ABORT_FAILURES_MAX: u32 = 5;

/// The application was asked for a token and has not said a word.
const NO_TOKEN_IN_TIME: &str = "The application gave no access token in time.";

/// An answer that lacks what it was asked for.
pub(super) const INCOMPLETE: ServiceFailure =
    ServiceFailure::Unintelligible { status: 200, retry_after_ms: None };

/// One URL of an answer to a signing request.
#[derive(Debug)]
pub(super) struct Signed {
    kind: PieceKind,
    size: u64,
    url: String,
    headers: SignedHeaders,
}

impl From<SignedPart> for Signed {
    fn from(part: SignedPart) -> Self {
        let SignedPart { part_number, url, headers, size } = part;
        Self { kind: PieceKind::Part(part_number), size, url, headers }
    }
}

impl From<SignedPiece> for Signed {
    fn from(piece: SignedPiece) -> Self {
        let SignedPiece { piece_number, url, headers, size } = piece;
        Self { kind: PieceKind::Staged(piece_number), size, url, headers }
    }
}

/// Whose answer, and under which token and when it was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub at_ms: u64,
    pub token_generation: u64,
    pub wait: Wait,
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
            Job::Token => Answer::Token(Err(NO_TOKEN_IN_TIME.to_owned())),
            Job::Create { .. } => Answer::Created(Err(ServiceFailure::NoAnswer)),
            Job::Sign { .. } => Answer::Signed(Err(ServiceFailure::NoAnswer)),
            Job::List { .. } => Answer::Listed(Err(ServiceFailure::NoAnswer)),
            Job::Complete { .. } => Answer::Completed(Err(ServiceFailure::NoAnswer)),
            Job::Report { .. } => Answer::PreviewsReported(Err(ServiceFailure::NoAnswer)),
            Job::Abort { .. } => Answer::Aborted(Err(ServiceFailure::NoAnswer)),
            Job::Read { .. } | Job::Recognise { .. } => Answer::Hashed(Err(ReadFailure::Silent)),
            Job::Try(_) => return,
            Job::Put { .. } => Answer::Put(Err(StoreFailure::NoAnswer)),
        };
        self.conclude(id, running, answer);
    }

    fn conclude(&mut self, id: CommandId, running: Running, answer: Answer) {
        let asked = Asked {
            at_ms: running.asked_ms,
            token_generation: running.token_generation,
            wait: running.job.wait(),
        };
        match (running.job, answer) {
            (Job::Token, Answer::Token(result)) => self.token_came(result),
            (Job::Read { of, piece }, Answer::Hashed(result)) => self.was_read(of, piece, result),
            (Job::Recognise { of }, Answer::Hashed(result)) => self.was_read_whole(of, result),
            (Job::Put { of, piece }, Answer::Put(result)) => self.was_put(of, piece, asked.at_ms, result),
            (Job::Create { files }, Answer::Created(result)) => self.created(id, asked, files, result),
            (Job::Sign { of, pieces }, Answer::Signed(result)) => {
                let signed = result.map(|response| response.parts.into_iter().map(Signed::from).collect());
                self.signed(asked, of, &pieces, signed);
            }
            (Job::Sign { of, pieces }, Answer::PiecesSigned(result)) => {
                let signed = result.map(|response| response.pieces.into_iter().map(Signed::from).collect());
                self.signed(asked, of, &pieces, signed);
            }
            (Job::List { of, asked: about }, Answer::Listed(result)) => {
                self.listed(asked, of, &about, result);
            }
            (Job::Complete { of, .. }, Answer::Completed(result)) => match self.heard(asked, result) {
                Ok(photo) => self.finish(of, photo),
                Err(_) if self.transfers.get(&of).is_some_and(|t| t.unwanted) => self.give_up_unwanted(of),
                Err(failure) => self.errand_failed(asked, of, Operation::Complete, failure),
            },
            (Job::Try(server), Answer::Tried { answered: true }) => {
                let now_ms = self.now_ms;
                self.barred(server).is_there(now_ms);
            }
            (Job::Try(_), _) => {}
            (Job::Report { told }, Answer::PreviewsReported(result)) => self.reported(asked, &told, result),
            (Job::Abort { upload_id }, Answer::Aborted(result)) => self.aborted(asked, upload_id, result),
            // An answer of another kind than the work: as good as none.
            (job, _) => self.no_answer_to(id, Running { job, ..running }),
        }
    }

    /// What an answer proves, whatever it says: that there is a network, and a success that the token is good.
    pub(super) fn heard<T>(
        &mut self,
        asked: Asked,
        result: Result<T, ServiceFailure>,
    ) -> Result<T, ServiceFailure> {
        let took_ms = self.now_ms.saturating_sub(asked.at_ms);
        match &result {
            Err(ServiceFailure::NoAnswer) => self.not_answered(Server::Service, took_ms),
            _ => self.barred(Server::Service).answered(),
        }
        match &result {
            Ok(_) => {
                self.token.accepted();
                self.answer_times.took(asked.wait, took_ms);
                self.network_answered(asked.at_ms);
            }
            Err(ServiceFailure::Refused(_)) => self.network_answered(asked.at_ms),
            // A gateway that looks at tokens itself: perhaps this one is too old for it.
            Err(ServiceFailure::Unintelligible { status: 401, .. }) => {
                self.token.doubted(asked.token_generation);
            }
            // A gateway with nothing behind it. What else a stranger says may be a captive portal's word.
            Err(ServiceFailure::Unintelligible { status: 500.., .. }) => self.network_answered(asked.at_ms),
            Err(ServiceFailure::NoAnswer | ServiceFailure::Unintelligible { .. }) => {}
        }
        result
    }

    fn token_came(&mut self, result: Result<(), String>) {
        let Err(reason) = result else {
            self.token.fetched(self.now_ms);
            return;
        };
        // An application's own sentence may lack its end, or have one of another sort.
        let end = if reason.ends_with(['.', '!', '?', '…']) { "" } else { "." };
        let mut setback = Setback::no_answer(&format!("{reason}{end}"));
        setback.code = FailureCode::TokenUnavailable;
        let (rest, counts) = self.rest_after(&setback, self.token.fetch_failures());
        self.token.fetch_failed(rest, counts);
        // What nobody wants to go on now does not wait for it.
        let is_wanted = |t: &Transfer| !self.is_held(t) && !self.waits_for_wifi(t);
        let waiting: Vec<TransferKey> = self
            .transfers
            .iter()
            .filter(|(_, t)| is_wanted(t) && t.waits_for_service(self.now_ms))
            .map(|(key, _)| *key)
            .collect();
        for key in waiting {
            self.set_back(key, Side::Service, &setback, 0);
        }
    }

    fn signed(
        &mut self,
        asked: Asked,
        of: TransferKey,
        pieces: &[usize],
        result: Result<Vec<Signed>, ServiceFailure>,
    ) {
        let (mut signed, failure) = match self.heard(asked, result) {
            Ok(signed) => (signed, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        let default_lifetime_ms = self.config.url_lifetime_ms;
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        let mut all_signed = true;
        for index in pieces {
            let Some(piece) = transfer.pieces.get_mut(*index) else { continue };
            let found =
                signed.iter().position(|one| one.kind == piece.kind && one.size == piece.size_bytes());
            let part = found.map(|at| signed.swap_remove(at));
            all_signed &= part.is_some();
            piece.signing_ended(
                part.map(|part| Ticket::new(part.url, part.headers, asked.at_ms, default_lifetime_ms)),
            );
        }
        match failure {
            Some(failure) => self.errand_failed(asked, of, Operation::Sign, failure),
            None if all_signed => {
                transfer.sign.succeeded();
                self.recovered(of, Side::Service);
            }
            None => self.errand_failed(asked, of, Operation::Sign, INCOMPLETE),
        }
    }

    fn listed(
        &mut self,
        asked: Asked,
        of: TransferKey,
        about: &[usize],
        result: Result<ListPartsResponse, ServiceFailure>,
    ) {
        match self.heard(asked, result) {
            Ok(response) => {
                let Some(transfer) = self.transfers.get_mut(&of) else { return };
                let before = transfer.count().confirmed_bytes;
                let staged = response.staged.map(|staged| transfer.take_staged(staged)).unwrap_or_default();
                resume::apply_listing(&mut transfer.pieces, response.parts, staged, about);
                transfer.survey = false;
                transfer.moved = true;
                transfer.list.succeeded();
                transfer.settle();
                if transfer.count().confirmed_bytes > before {
                    self.progressed(of);
                } else {
                    self.recovered(of, Side::Service);
                }
            }
            Err(failure) => self.errand_failed(asked, of, Operation::List, failure),
        }
    }

    fn aborted(&mut self, asked: Asked, upload_id: UploadId, result: Result<(), ServiceFailure>) {
        let Err(failure) = self.heard(asked, result) else {
            return self.forget_abort(upload_id);
        };
        let Some(failures) = self.aborts.get(&upload_id).map(Errand::failures) else { return };
        let rest = match verdict::of_service(Operation::Abort, failure) {
            ServiceVerdict::Retry(setback) => Some(self.rest_after(&setback, failures)),
            ServiceVerdict::RefreshToken(setback) => {
                self.token_refused(asked, &setback);
                Some((Rest::default(), true))
            }
            ServiceVerdict::AskAgain(_)
            | ServiceVerdict::AskForPhoto
            | ServiceVerdict::StartOver(_)
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
            _ => self.forget_abort(upload_id),
        }
    }

    pub(super) fn forget_abort(&mut self, upload_id: UploadId) {
        self.aborts.remove(&upload_id);
        self.gone.retain(|_, begun| *begun != upload_id);
    }

    pub(super) fn errand_failed(
        &mut self,
        asked: Asked,
        of: TransferKey,
        operation: Operation,
        failure: ServiceFailure,
    ) {
        let Some(errand) = self.errand(of, operation) else { return };
        let failures = errand.failures();
        let is_confirming =
            self.transfers.get(&of).is_some_and(|transfer| matches!(transfer.stage, Stage::Confirming(_)));
        match verdict::of_service(operation, failure) {
            ServiceVerdict::StartOver(_)
            | ServiceVerdict::SendParts(..)
            | ServiceVerdict::SendWhole(_)
            | ServiceVerdict::GiveUp(_)
                if is_confirming =>
            {
                self.go_alone(of);
            }
            ServiceVerdict::Retry(setback) => {
                let setback = self.barred(Server::Service).explain(Server::Service, setback);
                if let (Operation::Create, Some(after_ms)) = (operation, setback.retry_after_ms) {
                    // A limit on new uploads concerns those not announced yet as well.
                    self.announcements_held_until_ms =
                        self.announcements_held_until_ms.max(self.now_ms + after_ms);
                }
                self.try_again(of, operation, &setback, failures);
            }
            ServiceVerdict::AskAgain(after_ms) => {
                let rest = Rest { until_ms: self.now_ms + after_ms, ends_with_network: false };
                if let Some(errand) = self.errand(of, operation) {
                    errand.failed(rest, false);
                }
            }
            ServiceVerdict::RefreshToken(setback) => self.errand_lacks_token(asked, of, operation, setback),
            ServiceVerdict::AskForPhoto => {
                if let Some(errand) = self.errand(of, operation) {
                    errand.failed(Rest::default(), true);
                }
                self.ask_for_photo(of);
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
                let acknowledged = self.transfers.get_mut(&of).is_some_and(Transfer::send_whole_again);
                if let Some((rest, counts)) = self.next_round(of, &setback, acknowledged)
                    && let Some(transfer) = self.transfers.get_mut(&of)
                {
                    transfer.complete.failed(rest, counts);
                }
            }
            ServiceVerdict::GiveUp(setback) => self.give_up(of, operation, setback),
        }
    }

    pub(super) fn errand(&mut self, of: TransferKey, operation: Operation) -> Option<&mut Errand> {
        self.transfers.get_mut(&of).and_then(|transfer| transfer.errand_mut(operation))
    }

    fn try_again(&mut self, of: TransferKey, operation: Operation, setback: &Setback, failures: u32) {
        if let Some((rest, counts)) = self.set_back(of, Side::Service, setback, failures)
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
        let (rest, counts) = self.set_back(of, Side::Service, setback, rounds)?;
        // The first time it is only a lost answer or a part that went missing: no waiting.
        Some((if rounds <= 1 { Rest::default() } else { rest }, counts))
    }

    fn give_up(&mut self, of: TransferKey, operation: Operation, mut setback: Setback) {
        if operation == Operation::Create && self.was_brought_by_a_twin(of) {
            return;
        }
        let Some(transfer) = self.transfers.get(&of) else { return };
        let is_other_file = setback.code == FailureCode::Service(ErrorCode::ClientRefConflict);
        let may_be_renamed = transfer.upload.resumed || transfer.names_used > 0;
        if operation == Operation::Create && is_other_file && may_be_renamed {
            // The file is not the one of the earlier session, or a name we made is another file's: a new upload.
            return self.leave_name(of, setback);
        }
        if operation == Operation::Sign && transfer.has_pieces() {
            return self.go_without_pieces(of);
        }
        // What only lost its answer is looked for as well, and says nothing of the rules.
        if operation == Operation::List && transfer.wants_etags() && !transfer.survey {
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
