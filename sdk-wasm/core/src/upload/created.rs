//! What the service's answer to an announcement means for each file in it.

use windlass_protocol::create_uploads::{CreateUploadResult, CreateUploadsResponse};
use windlass_protocol::{ErrorCode, UploadStatus};

use super::FailureCode;
use super::announcement::Announced;
use super::answer::{Refusal, ServiceFailure};
use super::answers::{Asked, INCOMPLETE};
use super::command::CommandId;
use super::engine::Engine;
use super::errand::Errand;
use super::jobs::Announcing;
use super::piece::Rest;
use super::ticket::Ticket;
use super::transfer::Side;
use super::verdict::{self, Cause, Operation, ServiceVerdict, Setback};

impl Engine {
    pub(super) fn created(
        &mut self,
        id: CommandId,
        asked: Asked,
        files: Vec<Announcing>,
        result: Result<CreateUploadsResponse, ServiceFailure>,
    ) {
        match self.heard(asked, result) {
            Ok(response) => {
                let mut answers = response.uploads;
                for file in files {
                    let is_its =
                        |answer: &CreateUploadResult| client_ref_of(answer) == file.wire_ref.as_str();
                    let found = answers.iter().position(is_its);
                    let answer = found.map(|at| answers.swap_remove(at));
                    self.created_one(id, asked, &file, answer);
                }
            }
            Err(failure) => {
                let is_batch = files.len() > 1;
                for Announcing { of, .. } in files {
                    let Some(transfer) = self.transfers.get_mut(&of) else { continue };
                    if !transfer.announce.runs_as(id) {
                        continue;
                    }
                    transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
                    let verdict = verdict::of_service(Operation::Create, failure.clone());
                    if is_batch && (matches!(verdict, ServiceVerdict::GiveUp(_)) || objects_to_one(&failure))
                    {
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
        file: &Announcing,
        answer: Option<CreateUploadResult>,
    ) {
        let of = file.of;
        let default_lifetime_ms = self.config.url_lifetime_ms;
        let transfer = self.transfers.get_mut(&of).filter(|transfer| transfer.announce.runs_as(id));
        let Some(transfer) = transfer else {
            // Cancelled while it was announced. Where it was added again meanwhile, this may be its upload: by
            // whatever name it goes on the wire.
            if let Some(CreateUploadResult::Accepted(accepted)) = answer
                && accepted.status == UploadStatus::PendingUpload
                && !self.by_ref.contains_key(&file.client_ref)
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
                transfer.announcement_refused(problem.code, self.now_ms);
                let refusal =
                    Refusal { request_id: problem.request_id.clone(), problem, retry_after_ms: None };
                let failure = ServiceFailure::Refused(Box::new(refusal));
                return self.errand_failed(asked, of, Operation::Create, failure);
            }
            None => {
                transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
                return self.errand_failed(asked, of, Operation::Create, INCOMPLETE);
            }
        };
        if accepted.status == UploadStatus::PendingUpload && self.was_brought_by_a_twin(of) {
            // What an earlier page has begun of it, or this answer did, is not wanted any more.
            self.aborts.insert(accepted.upload_id, Errand::new());
            return;
        }
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        if transfer.session().is_some_and(|session| session.upload_id != accepted.upload_id) {
            // The one of before was closed meanwhile, and its name was free: this is a new one, to which all is sent.
            return self.start_over(of, replaced());
        }
        let ticket_of = |url, headers| Ticket::new(url, headers, asked.at_ms, default_lifetime_ms);
        let is_first = transfer.session().is_none();
        let upload_id = accepted.upload_id;
        let announced = transfer.announced(accepted, ticket_of);
        transfer.announce.succeeded();
        transfer.moved = true;
        transfer.settle();
        if matches!(announced, Announced::Open) {
            // Given up a moment ago, and not closed yet: now it is wanted again.
            self.forget_abort(upload_id);
        }
        match announced {
            Announced::Open if is_first => self.progressed(of),
            Announced::Open => self.recovered(of, Side::Service),
            Announced::Closed => self.leave_name(of, closed()),
            Announced::Nonsense => self.fail(of, nonsense()),
        }
    }
}

/// Whether something before the service may object to the size of a batch, or to one of the names in it.
fn objects_to_one(failure: &ServiceFailure) -> bool {
    matches!(failure, ServiceFailure::Unintelligible { status: 400 | 403 | 413 | 422, .. })
}

fn client_ref_of(answer: &CreateUploadResult) -> &str {
    match answer {
        CreateUploadResult::Accepted(accepted) => accepted.client_ref.as_str(),
        CreateUploadResult::Refused(refused) => &refused.client_ref,
    }
}

fn closed() -> Setback {
    Setback {
        cause: Cause::Refused,
        code: FailureCode::Service(ErrorCode::UploadClosed),
        reason: "The service has closed the upload meanwhile; everything is sent again.".to_owned(),
        retry_after_ms: None,
        request_id: None,
    }
}

/// Of the one of before there is nothing to be given up.
fn replaced() -> Setback {
    Setback { code: FailureCode::Service(ErrorCode::NotFound), ..closed() }
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
