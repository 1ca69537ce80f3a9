//! A request reaches the service, and what the network makes of it.

use windlass_core::upload::{Answer, CommandId, ServiceFailure, Work};
use windlass_protocol::{ErrorCode, UploadStatus};

use super::network::Fault;
use super::replies::refusal;
use super::service::Service;
use super::{Happening, World};

impl World {
    pub(super) fn serve(&mut self, id: CommandId, work: Work, fault: Option<Fault>) {
        let lost = self.network.is_out(self.now_ms) || fault == Some(Fault::DropBefore);
        let refused = match fault {
            _ if lost => Some(ServiceFailure::NoAnswer),
            _ if self.is_not_signed(&work) => Some(refusal(ErrorCode::Internal, Vec::new())),
            Some(Fault::Status(status, retry_after_ms)) => {
                Some(ServiceFailure::Unintelligible { status, retry_after_ms })
            }
            Some(Fault::Refused(code)) => Some(refusal(code, Vec::new())),
            Some(Fault::TokenExpired) => Some(refusal(ErrorCode::TokenExpired, Vec::new())),
            Some(Fault::Expired) => {
                let record = Service::subject(&work).and_then(|id| self.service.uploads.get_mut(&id));
                record.expect("an upload that expires").status = UploadStatus::Expired;
                Some(refusal(ErrorCode::UploadClosed, Vec::new()))
            }
            Some(Fault::NotFound) => {
                self.service.forget(Service::subject(&work).expect("an upload to forget"));
                Some(refusal(ErrorCode::NotFound, Vec::new()))
            }
            _ => None,
        };
        let (now_ms, bucket, service) = (self.now_ms, &mut self.bucket, &mut self.service);
        let lost_after = (fault == Some(Fault::DropAfter)).then_some(ServiceFailure::NoAnswer);
        macro_rules! answer {
            ($kind:path, $served:expr) => {
                $kind(match refused {
                    Some(failure) => Err(failure),
                    None => {
                        let served = $served;
                        if fault == Some(Fault::Duplicate) {
                            drop($served);
                        }
                        lost_after.map_or(served, Err)
                    }
                })
            };
        }
        let answer = match &work {
            Work::CreateUploads(request) => {
                answer!(Answer::Created, Ok::<_, ServiceFailure>(service.create(now_ms, bucket, request)))
            }
            Work::SignParts { upload_id, request } => {
                answer!(Answer::Signed, service.sign(now_ms, *upload_id, request))
            }
            Work::SignPieces { upload_id, request } => {
                answer!(Answer::PiecesSigned, service.sign_pieces(now_ms, *upload_id, request))
            }
            Work::ListParts { upload_id } => answer!(Answer::Listed, service.list(bucket, *upload_id)),
            Work::Complete { upload_id, request } => {
                answer!(Answer::Completed, service.complete(bucket, *upload_id, request))
            }
            Work::ReportPreviews(request) => {
                answer!(Answer::PreviewsReported, service.report_previews(now_ms, bucket, request))
            }
            Work::Abort { upload_id } => answer!(Answer::Aborted, service.abort(bucket, *upload_id)),
            Work::FetchToken | Work::Hash { .. } | Work::Put { .. } | Work::TryConnections(_) => {
                unreachable!("not the service's")
            }
        };
        let late_ms = if let Some(Fault::Late(ms)) = fault { ms } else { 0 };
        self.later(self.now_ms + late_ms + self.network.round_trip_ms / 2, Happening::Answer(id, answer));
    }

    fn is_not_signed(&self, work: &Work) -> bool {
        let Work::SignParts { upload_id, .. } = work else { return false };
        let record = self.service.uploads.get(upload_id);
        record.is_some_and(|record| self.service.signs_not.contains(&record.file.client_ref))
    }
}
