//! What each failure says to people: the `detail` of its problem (RFC 9457).

use windlass_protocol::{ErrorCode, UploadStatus};

use super::{ApiError, whole_seconds};
use crate::auth::TokenError;
use crate::domain::announce::Refusal;
use crate::domain::upload::status_in_words;
use crate::ports::object_store::StoreError;

impl ApiError {
    /// A sentence for people.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::NoToken => "Send a bearer token in the Authorization header.".to_owned(),
            Self::Token(
                error @ (TokenError::Expired
                | TokenError::Invalid(_)
                | TokenError::Claim { .. }
                | TokenError::LinkEnded),
            ) => sentence(&error.to_string()),
            Self::Ticket => {
                "The ticket is not valid any more: it opens one stream, soon after it was given out. Get a new one."
                    .to_owned()
            }
            Self::Scope(missing) => sentence(&missing.to_string()),
            Self::Project => "The token does not cover this project.".to_owned(),
            Self::DemoAddress => {
                "The demo gives tokens to its own page only: open it by its IP address or as localhost, or \
                 name this address in WINDLASS_ALLOWED_ORIGINS."
                    .to_owned()
            }
            Self::NotFound(what) => sentence(what),
            Self::MethodNotAllowed => {
                "This path does not know this method; the Allow header lists those it knows.".to_owned()
            }
            Self::InvalidJson(reason) => sentence(reason),
            Self::InvalidRequest { field: Some(field), reason } => sentence(&format!("{field} {reason}")),
            Self::InvalidRequest { field: None, reason } => sentence(reason),
            Self::RequestTooLarge => {
                "The request is larger than this operation reads; send less at once.".to_owned()
            }
            Self::RequestTimeout => "The request took too long to arrive; send it again.".to_owned(),
            Self::Refused(refusal @ Refusal::Field { .. }) => sentence(&refusal.to_string()),
            // These begin with the name of a file.
            Self::Refused(refusal) => with_full_stop(refusal.to_string()),
            Self::Clock(skew) => sentence(&skew.to_string()),
            Self::Quota(exceeded) => sentence(&exceeded.to_string()),
            Self::RateLimited(wait) => format!(
                "So many files are not signed at once; try again in {} seconds.",
                whole_seconds(*wait)
            ),
            Self::ClientRefConflict => {
                "This client_ref was used for another file of the project; use a new one for each file."
                    .to_owned()
            }
            Self::PartsMissing(parts) => {
                format!(
                    "The store lacks {} parts; send those in missing_parts and complete again.",
                    parts.len()
                )
            }
            Self::BytesMissing => {
                "The bytes have not arrived in the store; send them and complete again.".to_owned()
            }
            Self::Assembling => {
                "All bytes are there and are being put together; complete again in a moment.".to_owned()
            }
            Self::Failure(failure) => with_full_stop(failure.detail.clone()),
            Self::UploadClosed(
                UploadStatus::Uploaded | UploadStatus::Processing | UploadStatus::Completed,
            ) => "The upload is finished and is a photo now; it takes no more bytes, and goes by deleting the photo."
                .to_owned(),
            // Whoever sent it anew would only bring the same once more.
            Self::UploadClosed(UploadStatus::Quarantined) => {
                "The photo is quarantined: nobody is given a URL of it, and it can only be deleted.".to_owned()
            }
            Self::UploadClosed(status) => {
                format!(
                    "The upload is {} and cannot go on; announce the file anew.",
                    status_in_words(*status)
                )
            }
            Self::Transition(refused) => format!(
                "A photo that is {} cannot become {}.",
                status_in_words(refused.from),
                refused.wanted
            ),
            Self::Store(StoreError::PermissionDenied(_)) => {
                "The object store refuses what the service asks of it; the service's log says why.".to_owned()
            }
            _ => match self.code() {
                ErrorCode::StoreUnavailable => "The object store does not answer; try again soon.".to_owned(),
                ErrorCode::Unavailable => "The service cannot do this right now; try again soon.".to_owned(),
                _ => "The service failed unexpectedly; try again, and report the request_id if it stays."
                    .to_owned(),
            },
        }
    }
}

/// A capital and a full stop: the errors of the rooms below are parts of sentences. What begins with the
/// name of a field or a file stays as it is.
fn sentence(text: &str) -> String {
    let first_word = text.split(' ').next().unwrap_or_default();
    let is_plain_word = first_word.chars().all(|c| c.is_ascii_lowercase());
    let mut chars = text.chars();
    let start = match chars.next() {
        Some(first) if is_plain_word => format!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        _ => text.to_owned(),
    };
    with_full_stop(start)
}

/// Where it has no end yet.
fn with_full_stop(text: String) -> String {
    if text.ends_with(['.', '!', '?', '…']) { text } else { text + "." }
}
