//! What a failure means: try again, sign again, refresh the token, start over, or give up.

use windlass_protocol::{ErrorCode, PartNumber};

use super::FailureCode;
use super::answer::{Refusal, ServiceFailure, StoreFailure};

/// When to ask again for what is being put together, where the service does not say.
const ASSEMBLED_MS: u64 = 1_000;
/// Service and store are left alone for as long as they ask, and never longer than this, in milliseconds …
const LEFT_ALONE_MOST_MS: u64 = 10 * 60_000;
/// … and a stranger no longer than this: a balancer's page may speak of tomorrow while the service is back in a minute.
const STRANGER_LEFT_ALONE_MOST_MS: u64 = 60_000;

/// What was asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /uploads`.
    Create,
    /// `POST /uploads/{id}/parts`.
    Sign,
    /// `GET /uploads/{id}/parts`.
    List,
    /// `POST /uploads/{id}/complete`.
    Complete,
    /// `POST /uploads/previews`.
    Report,
    /// `DELETE /uploads/{id}`.
    Abort,
}

/// What to do about a failed PUT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutVerdict {
    /// The same again, after a wait.
    Retry(Setback),
    /// The URL no longer works, or never did: get a new one.
    SignAgain(Setback),
    /// The store says something is there already: look before sending again.
    GoAndLook,
    /// The store has dropped the upload, or it is a photo by now: complete it, which tells what is missing.
    AskForPhoto(Setback),
    /// It cannot heal.
    GiveUp(Setback),
}

/// What to do about a failed request to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceVerdict {
    /// The same again, after a wait.
    Retry(Setback),
    /// The service is still at work on it: ask again after so many milliseconds.
    AskAgain(u64),
    /// The token is no longer good: get a new one.
    RefreshToken(Setback),
    /// The service takes nothing more for the upload, perhaps because it is a photo by now: complete it, which tells.
    AskForPhoto,
    /// The service has forgotten the upload: announce it anew.
    StartOver(Setback),
    /// Send these parts again; with none named, ask the store which.
    SendParts(Vec<PartNumber>, Setback),
    /// Send the whole again.
    SendWhole(Setback),
    /// It cannot heal.
    GiveUp(Setback),
}

/// What went wrong, for deciding and for telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// Its nature.
    pub cause: Cause,
    /// The code the upload ends with if it comes to that.
    pub code: FailureCode,
    /// A sentence for people.
    pub reason: String,
    /// How long the server wants to be left alone, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// To quote when reporting it.
    pub request_id: Option<String>,
}

/// The nature of a setback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// No answer came: heals when the network does.
    NoAnswer,
    /// The server is busy or broken: heals with time.
    Overloaded,
    /// The bytes arrived other than they left: heals by sending them again.
    Corrupted,
    /// The request was understood and refused.
    Refused,
    /// Neither service nor store wrote the answer: heals when whoever did lets the request through.
    Stranger,
}

impl Setback {
    /// A setback without an HTTP answer.
    pub fn no_answer(reason: &str) -> Self {
        Self {
            cause: Cause::NoAnswer,
            code: FailureCode::RetriesExhausted,
            reason: reason.to_owned(),
            retry_after_ms: None,
            request_id: None,
        }
    }

    fn from_store(cause: Cause, code: FailureCode, reason: String, retry_after_ms: Option<u64>) -> Self {
        Self { cause, code, reason, retry_after_ms, request_id: None }
    }
}

/// What a failed PUT means.
pub fn of_put(failure: StoreFailure) -> PutVerdict {
    let (status, code, message, retry_after_ms) = match failure {
        StoreFailure::NoAnswer => return PutVerdict::Retry(Setback::no_answer("The store does not answer.")),
        StoreFailure::Refused { status, code, message, retry_after_ms } => {
            (status, code.unwrap_or_default(), message.unwrap_or_default(), retry_after_ms)
        }
    };
    let is_stores_own = !code.is_empty();
    let most_ms = if is_stores_own { LEFT_ALONE_MOST_MS } else { STRANGER_LEFT_ALONE_MOST_MS };
    let retry_after_ms = retry_after_ms.map(|wanted_ms: u64| wanted_ms.min(most_ms));
    let said = if code.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}, {code}") };
    let setback = |cause, failure, what: &str| {
        Setback::from_store(cause, failure, format!("{what} ({said})."), retry_after_ms)
    };
    let expired = matches!(code.as_str(), "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired")
        || message.to_ascii_lowercase().contains("expired");
    match (status, code.as_str()) {
        (_, "BadDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch" | "IncompleteBody") => {
            PutVerdict::Retry(setback(
                Cause::Corrupted,
                FailureCode::StoreRefused,
                "The bytes were damaged on their way to the store",
            ))
        }
        (_, "RequestTimeout") | (408, _) => PutVerdict::Retry(setback(
            Cause::NoAnswer,
            FailureCode::RetriesExhausted,
            "The connection to the store was too slow",
        )),
        (507, _) => PutVerdict::Retry(setback(
            Cause::Overloaded,
            FailureCode::StorageFull,
            "The store has no room left",
        )),
        (501, _) if is_stores_own => PutVerdict::GiveUp(setback(
            Cause::Refused,
            FailureCode::StoreRefused,
            "The store cannot do what was asked",
        )),
        (425 | 429 | 500..=599, _) => {
            PutVerdict::Retry(setback(Cause::Overloaded, FailureCode::RetriesExhausted, "The store is busy"))
        }
        (409, _) => PutVerdict::Retry(setback(
            Cause::Overloaded,
            FailureCode::StoreRefused,
            "The store is busy with this object",
        )),
        (412, _) => PutVerdict::GoAndLook,
        (404, "NoSuchUpload") => PutVerdict::AskForPhoto(setback(
            Cause::Refused,
            FailureCode::StoreRefused,
            "The store has dropped the upload; what is missing is sent again",
        )),
        (_, "RequestTimeTooSkewed") => PutVerdict::SignAgain(setback(
            Cause::Refused,
            FailureCode::StoreRefused,
            "The store and the service do not agree on the time; the service's clock has to be set",
        )),
        (401 | 403, _) if is_stores_own => PutVerdict::SignAgain(setback(
            Cause::Refused,
            FailureCode::StoreRefused,
            "The store did not accept the signed URL",
        )),
        // Some stores say nothing more when a URL has expired, and proxies never do.
        (401 | 403, _) => PutVerdict::SignAgain(setback(
            Cause::Stranger,
            FailureCode::RetriesExhausted,
            "The store, or something before it, does not let the file in",
        )),
        (400, _) if expired => PutVerdict::SignAgain(setback(
            Cause::Refused,
            FailureCode::StoreRefused,
            "The signed URL has expired",
        )),
        _ if is_stores_own => PutVerdict::GiveUp(setback(
            Cause::Refused,
            FailureCode::StoreRefused,
            "The store refused the file",
        )),
        _ => PutVerdict::Retry(setback(
            Cause::Stranger,
            FailureCode::RetriesExhausted,
            "Something between here and the store answers in its place",
        )),
    }
}

/// What a failed request to the service means.
pub fn of_service(operation: Operation, failure: ServiceFailure) -> ServiceVerdict {
    match failure {
        ServiceFailure::NoAnswer => ServiceVerdict::Retry(Setback::no_answer("The service does not answer.")),
        ServiceFailure::Unintelligible { status, retry_after_ms } => {
            ServiceVerdict::Retry(of_stranger(status, retry_after_ms))
        }
        ServiceFailure::Refused(refusal) => of_refusal(operation, *refusal),
    }
}

/// Not the service's word: whatever its status, it says nothing of the file.
fn of_stranger(status: u16, retry_after_ms: Option<u64>) -> Setback {
    let (cause, what) = match status {
        408 | 425 | 429 | 500..=599 => (Cause::Overloaded, "The service is not there for the moment"),
        _ => (Cause::Stranger, "Something between here and the service answers in its place"),
    };
    let reason = format!("{what} (HTTP {status}).");
    let retry_after_ms = retry_after_ms.map(|wanted_ms| wanted_ms.min(STRANGER_LEFT_ALONE_MOST_MS));
    Setback { cause, code: FailureCode::RetriesExhausted, reason, retry_after_ms, request_id: None }
}

fn of_refusal(operation: Operation, refusal: Refusal) -> ServiceVerdict {
    let Refusal { problem, retry_after_ms, request_id } = refusal;
    let retry_after_ms = retry_after_ms.map(|wanted_ms| wanted_ms.min(LEFT_ALONE_MOST_MS));
    let (code, reason, missing_parts) = (problem.code, problem.detail, problem.missing_parts);
    let setback = |cause, failure| Setback { cause, code: failure, reason, retry_after_ms, request_id };
    let service = FailureCode::Service(code);
    match code {
        ErrorCode::RateLimited
        | ErrorCode::RequestTimeout
        | ErrorCode::StoreUnavailable
        | ErrorCode::Unavailable => {
            ServiceVerdict::Retry(setback(Cause::Overloaded, FailureCode::RetriesExhausted))
        }
        // Not "retries exhausted": whoever reads it must know that the service itself is broken.
        ErrorCode::Internal => ServiceVerdict::Retry(setback(Cause::Overloaded, service)),
        ErrorCode::TokenExpired | ErrorCode::Unauthorized => {
            ServiceVerdict::RefreshToken(setback(Cause::Refused, service))
        }
        ErrorCode::PartsMissing => ServiceVerdict::SendParts(missing_parts, setback(Cause::Refused, service)),
        ErrorCode::BytesMissing => ServiceVerdict::SendWhole(setback(Cause::Refused, service)),
        ErrorCode::Assembling => ServiceVerdict::AskAgain(retry_after_ms.unwrap_or(ASSEMBLED_MS)),
        // The service looks by itself for what has arrived: it may have made the photo while the last answer was lost.
        ErrorCode::UploadClosed if matches!(operation, Operation::Sign | Operation::List) => {
            ServiceVerdict::AskForPhoto
        }
        // The record expired or was cleaned up under us, or the service came back from an older backup.
        // Where the service has judged the bytes, it says so with another code.
        ErrorCode::NotFound | ErrorCode::UploadClosed => match operation {
            Operation::Sign | Operation::List | Operation::Complete => {
                ServiceVerdict::StartOver(setback(Cause::Refused, service))
            }
            Operation::Create | Operation::Report | Operation::Abort => {
                ServiceVerdict::GiveUp(setback(Cause::Refused, service))
            }
        },
        ErrorCode::Forbidden
        | ErrorCode::QuotaExceeded
        | ErrorCode::MethodNotAllowed
        | ErrorCode::InvalidJson
        | ErrorCode::InvalidRequest
        | ErrorCode::RequestTooLarge
        | ErrorCode::TypeNotAllowed
        | ErrorCode::FileTooLarge
        | ErrorCode::FileTooSmall
        | ErrorCode::ClientRefConflict
        | ErrorCode::SizeMismatch
        | ErrorCode::ChecksumMismatch
        | ErrorCode::TypeMismatch
        | ErrorCode::InvalidTransition => ServiceVerdict::GiveUp(setback(Cause::Refused, service)),
    }
}

/// The nearest code that this build knows, for one that a newer service has said.
pub fn nearest_code(status: u16) -> ErrorCode {
    match status {
        401 => ErrorCode::Unauthorized,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        408 => ErrorCode::RequestTimeout,
        429 => ErrorCode::RateLimited,
        503 => ErrorCode::Unavailable,
        500..=599 => ErrorCode::Internal,
        _ => ErrorCode::InvalidRequest,
    }
}

#[cfg(test)]
mod tests {
    use windlass_protocol::Problem;

    use super::*;

    fn put(status: u16, code: &str, message: &str) -> PutVerdict {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        of_put(StoreFailure::from_answer(status, &body, None))
    }

    #[test]
    fn expired_urls_are_signed_again_whatever_the_store_calls_it() {
        for (status, code, message) in [
            (403, "AccessDenied", "Request has expired"), // S3
            (400, "InvalidRequest", "Date is too old: expired"),
            (400, "ExpiredToken", "The provided token has expired."),
            (403, "", ""),
        ] {
            assert!(matches!(put(status, code, message), PutVerdict::SignAgain(_)), "{status} {code}");
        }
    }

    #[test]
    fn damaged_bytes_are_sent_again() {
        for code in ["BadDigest", "XAmzContentChecksumMismatch", "IncompleteBody"] {
            let PutVerdict::Retry(setback) = put(400, code, "") else { panic!("{code}") };
            assert_eq!(setback.cause, Cause::Corrupted);
        }
    }

    #[test]
    fn what_cannot_heal_at_the_store_ends_at_once() {
        for (status, code) in [(400, "EntityTooLarge"), (404, "NoSuchBucket"), (405, "MethodNotAllowed")] {
            let PutVerdict::GiveUp(setback) = put(status, code, "") else { panic!("{code}") };
            assert_eq!(setback.code, FailureCode::StoreRefused);
            assert!(setback.reason.contains(code), "{}", setback.reason);
        }
    }

    #[test]
    fn a_full_store_is_named_when_patience_ends() {
        let PutVerdict::Retry(setback) = put(507, "XMinioStorageFull", "") else { panic!() };
        assert_eq!(setback.code, FailureCode::StorageFull);
    }

    fn problem(code: ErrorCode) -> Problem {
        Problem {
            kind: String::new(),
            title: code.title().to_owned(),
            status: 400,
            code,
            detail: "Said by the test.".to_owned(),
            field: None,
            file: None,
            missing_parts: Vec::new(),
            request_id: None,
        }
    }

    #[test]
    fn no_status_ends_an_upload_that_neither_service_nor_store_has_said_why() {
        for status in
            [200, 302, 400, 401, 403, 404, 405, 407, 408, 413, 418, 429, 451, 500, 502, 503, 504, 511]
        {
            let stranger = ServiceFailure::Unintelligible { status, retry_after_ms: Some(3_000) };
            let verdict = of_service(Operation::Create, stranger);
            let ServiceVerdict::Retry(setback) = verdict else { panic!("{status}: {verdict:?}") };
            assert_eq!(setback.retry_after_ms, Some(3_000));
            assert!(setback.reason.contains(&status.to_string()), "it is said: {}", setback.reason);
            for body in ["", "<html><h1>Sign in to the hotel's network</h1></html>"] {
                match of_put(StoreFailure::from_answer(status, body, None)) {
                    PutVerdict::Retry(setback) | PutVerdict::SignAgain(setback) => {
                        assert_ne!(setback.cause, Cause::Refused, "{status}");
                        assert!(
                            setback.reason.contains(&status.to_string()),
                            "it is said: {}",
                            setback.reason
                        );
                    }
                    verdict => panic!("{status}: {verdict:?}"),
                }
            }
        }
    }

    #[test]
    fn the_service_is_left_alone_for_ten_minutes_at_the_longest() {
        let problem = problem(ErrorCode::RateLimited);
        let refusal = Refusal { problem, retry_after_ms: Some(u64::MAX), request_id: None };
        let failure = ServiceFailure::Refused(Box::new(refusal));
        let ServiceVerdict::Retry(setback) = of_service(Operation::Create, failure) else { panic!() };
        assert_eq!(setback.retry_after_ms, Some(LEFT_ALONE_MOST_MS));
    }

    #[test]
    fn a_record_lost_on_the_way_starts_over_and_one_that_was_never_made_ends() {
        let refusal =
            Refusal { problem: problem(ErrorCode::NotFound), retry_after_ms: None, request_id: None };
        let failed = |operation| of_service(operation, ServiceFailure::Refused(Box::new(refusal.clone())));
        for operation in [Operation::Sign, Operation::List, Operation::Complete] {
            assert!(matches!(failed(operation), ServiceVerdict::StartOver(_)), "{operation:?}");
        }
        assert!(matches!(failed(Operation::Create), ServiceVerdict::GiveUp(_)));
    }
}
