//! The one place that turns the store's failures into S3's error codes.

use std::io;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::blob::BodyError;
use crate::catalogue::CommitError;

/// A failure of the disk. The path stays in the log, out of the answer.
pub(super) fn disk(error: io::Error) -> S3Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            tracing::error!(%error, "the store's disk is full");
            let mut full = S3Error::with_message(
                S3ErrorCode::Custom("InsufficientStorage".into()),
                "The store's disk is full. Nothing was changed; retry when there is space",
            );
            full.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
            full
        }
        _ => {
            tracing::error!(%error, "the store's disk failed");
            s3_error!(InternalError, "The store could not read or write its disk")
        }
    }
}

pub(super) fn commit(error: CommitError) -> S3Error {
    match error {
        CommitError::Precondition => precondition_failed(),
        CommitError::Disk(error) | CommitError::InDoubt(error) => disk(error),
    }
}

pub(super) fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

pub(super) fn body(error: BodyError) -> S3Error {
    match error {
        BodyError::Disk(error) => disk(error),
        BodyError::Silent => {
            s3_error!(
                RequestTimeout,
                "Your socket connection to the server was not read from or written to in time"
            )
        }
        BodyError::TooLarge { .. } => {
            s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed object size")
        }
        BodyError::Source(source) => {
            // The protocol crate keeps its stream errors to itself; their texts name the kind.
            let text = source.to_string();
            if text.contains("Sha256Mismatch") {
                S3Error::with_message(
                    S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
                    "The provided 'x-amz-content-sha256' header does not match what was computed",
                )
                .bad_request()
            } else if text.contains("SignatureMismatch") {
                s3_error!(SignatureDoesNotMatch, "The signature of a chunk does not match")
            } else {
                s3_error!(IncompleteBody, "The request body ended early or is wrongly framed")
            }
        }
    }
}

pub(super) fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist")
}

pub(super) fn no_such_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed"
    )
}

trait BadRequest {
    fn bad_request(self) -> Self;
}

impl BadRequest for S3Error {
    fn bad_request(mut self) -> Self {
        self.set_status_code(StatusCode::BAD_REQUEST);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_507_and_names_no_path() {
        let error = disk(io::Error::new(io::ErrorKind::StorageFull, "/secret/path"));
        assert_eq!(error.status_code(), Some(StatusCode::INSUFFICIENT_STORAGE));
        assert!(!error.message().unwrap_or_default().contains("secret"));
    }

    #[test]
    fn a_body_that_does_not_match_its_signed_hash_is_the_clients_fault() {
        let error = body(BodyError::Source("UploadStreamError: Sha256Mismatch".into()));
        assert_eq!(error.status_code(), Some(StatusCode::BAD_REQUEST));
        assert_eq!(error.code().as_str(), "XAmzContentSHA256Mismatch");
    }
}
