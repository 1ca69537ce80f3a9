//! What a store's refusal means. Stores agree on S3's codes more than on its statuses, so the code
//! decides where there is one.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::adapters::mistrust;
use crate::ports::object_store::StoreError;

/// The meaning of a failed call.
pub(super) fn meaning<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(refusal) => {
            let status = refusal.raw().status().as_u16();
            let metadata = refusal.err().meta();
            match metadata.code() {
                // An answer that was understood to be no success, and nothing more.
                None if status < 300 => StoreError::Unavailable(told(&error)),
                code => by_code(code.unwrap_or_default(), status, metadata.message()),
            }
        }
        // No answer, half an answer, or one that is no S3: the request may or may not have been carried out.
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            StoreError::Unavailable(told(&error))
        }
        _ => StoreError::Unexpected(told(&error)),
    }
}

fn told<E: std::error::Error + 'static>(error: &SdkError<E>) -> String {
    let failure = DisplayErrorContext(error).to_string();
    let advice = mistrust::advice(&failure);
    failure + advice
}

fn by_code(code: &str, status: u16, message: Option<&str>) -> StoreError {
    let told = || match message {
        Some(message) => format!("{status} {code}: {message}"),
        None => format!("{status} {code}"),
    };
    match code {
        "NoSuchKey" | "NotFound" => StoreError::NotFound,
        "NoSuchUpload" => StoreError::NoSuchUpload,
        "PreconditionFailed" => StoreError::Precondition,
        "InvalidPart" | "InvalidPartOrder" => StoreError::InvalidPart,
        "EntityTooSmall" => StoreError::PartTooSmall,
        "BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch" => {
            StoreError::ChecksumMismatch
        }
        "NoSuchBucket" => StoreError::Unexpected(told()),
        "AccessDenied"
        | "AllAccessDisabled"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "AccountProblem" => StoreError::PermissionDenied(told()),
        // Another write to the same key is under way: soon one of them has won.
        "ConditionalRequestConflict" | "OperationAborted" => StoreError::Unavailable(told()),
        "SlowDown"
        | "SlowDownRead"
        | "SlowDownWrite"
        | "ServiceUnavailable"
        | "InternalError"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "BandwidthLimitExceeded" => StoreError::Unavailable(told()),
        _ => by_status(status, told()),
    }
}

fn by_status(status: u16, told: String) -> StoreError {
    match status {
        404 => StoreError::NotFound,
        401 | 403 => StoreError::PermissionDenied(told),
        409 | 429 | 500.. => StoreError::Unavailable(told),
        412 => StoreError::Precondition,
        _ => StoreError::Unexpected(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_before_the_status() {
        let meaning = |code, status| format!("{:?}", by_code(code, status, None));
        assert_eq!(meaning("NoSuchUpload", 404), "NoSuchUpload");
        assert_eq!(meaning("NoSuchKey", 404), "NotFound");
        assert_eq!(meaning("EntityTooSmall", 400), "PartTooSmall");
        assert_eq!(meaning("InvalidPartOrder", 400), "InvalidPart");
        assert_eq!(meaning("BadDigest", 400), "ChecksumMismatch");
        assert_eq!(meaning("PreconditionFailed", 412), "Precondition");
        assert!(meaning("InternalError", 200).starts_with("Unavailable"), "as Complete may answer");
        assert!(meaning("RequestTimeout", 400).starts_with("Unavailable"));
        assert!(meaning("ConditionalRequestConflict", 409).starts_with("Unavailable"));
        assert!(meaning("ExpiredToken", 400).starts_with("PermissionDenied"));
        assert!(meaning("NoSuchBucket", 404).starts_with("Unexpected"), "that is no missing object");
    }

    #[test]
    fn without_a_known_code_the_status_decides() {
        let meaning = |status| format!("{:?}", by_code("", status, None));
        assert_eq!(meaning(404), "NotFound");
        assert_eq!(meaning(412), "Precondition");
        assert!(meaning(403).starts_with("PermissionDenied"));
        for status in [429, 500, 503, 507] {
            assert!(meaning(status).starts_with("Unavailable"), "{status}");
        }
        assert!(meaning(400).starts_with("Unexpected"));
        assert!(meaning(301).starts_with("Unexpected"));
    }
}
