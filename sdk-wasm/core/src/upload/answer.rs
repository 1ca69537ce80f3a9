//! How a command ended, in the engine's words.

use windlass_protocol::create_uploads::CreateUploadsResponse;
use windlass_protocol::list_parts::ListPartsResponse;
use windlass_protocol::sign_parts::SignPartsResponse;
use windlass_protocol::sign_pieces::SignPiecesResponse;
use windlass_protocol::{Checksum, Photo, Problem};

/// How a command ended; one variant per kind of [`Work`](super::Work).
#[derive(Debug, Clone)]
pub enum Answer {
    /// The application gave a token, which the shell keeps, or its function failed, with what it said.
    Token(Result<(), String>),
    /// The checksum of the bytes that were read.
    Hashed(Result<Checksum, ReadFailure>),
    /// The service's answer.
    Created(Result<CreateUploadsResponse, ServiceFailure>),
    /// The service's answer.
    Signed(Result<SignPartsResponse, ServiceFailure>),
    /// The service's answer.
    PiecesSigned(Result<SignPiecesResponse, ServiceFailure>),
    /// The service's answer.
    Listed(Result<ListPartsResponse, ServiceFailure>),
    /// The service's answer.
    Completed(Result<Box<Photo>, ServiceFailure>),
    /// Whether the service took the report; what it found is nothing to the engine.
    PreviewsReported(Result<(), ServiceFailure>),
    /// The service's answer.
    Aborted(Result<(), ServiceFailure>),
    /// The store's answer.
    Put(Result<PutAccepted, StoreFailure>),
    /// All connections have answered, or are closed.
    Tried {
        /// Whether any has answered.
        answered: bool,
    },
}

/// A PUT the store acknowledged (2xx).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAccepted {
    /// The entity tag; `None` where CORS hides it.
    pub etag: Option<String>,
}

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// There is no such file any more (`NotFoundError`).
    Gone,
    /// The file is not the one that was chosen, or is kept from us (`NotReadableError`, another size).
    Changed,
    /// Nothing of it came for a long time: whoever keeps it does not answer.
    Silent,
}

/// Why the service did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceFailure {
    /// No answer: refused, reset, aborted by the browser, timed out.
    NoAnswer,
    /// An answer that the service did not write, or not to its end, whatever its status: a captive portal's, a
    /// proxy's, an ingress's that has no service behind it for the moment.
    Unintelligible {
        /// The HTTP status.
        status: u16,
        /// `Retry-After` in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The service's own word.
    Refused(Box<Refusal>),
}

/// An HTTP error of the service itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The body. Only what has one was written by the service, and only that may end an upload.
    pub problem: Problem,
    /// `Retry-After` in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// `x-request-id`.
    pub request_id: Option<String>,
}

/// Why the store did not take the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFailure {
    /// No answer: refused, reset, aborted by the browser, or kept from us by CORS.
    NoAnswer,
    /// An HTTP error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// S3's error code, `<Code>` of the body.
        code: Option<String>,
        /// S3's message, `<Message>` of the body.
        message: Option<String>,
        /// `Retry-After` in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

impl StoreFailure {
    /// From an HTTP error and its body, which is XML in S3's case (Amazon S3 API Reference, "Error
    /// Responses").
    pub fn from_answer(status: u16, body: &str, retry_after: Option<&str>) -> Self {
        Self::Refused {
            status,
            code: element(body, "Code"),
            message: element(body, "Message"),
            retry_after_ms: retry_after.and_then(retry_after_ms),
        }
    }
}

/// `Retry-After` in milliseconds. Only the form in seconds: a date would need the phone's clock, which
/// decides nothing here (RFC 9110, 10.2.3).
pub fn retry_after_ms(header: &str) -> Option<u64> {
    header.trim().parse::<u64>().ok()?.checked_mul(1_000)
}

/// As much as is kept of a text of a store: its sentences have some hundred.
const MAX_TEXT_CHARS: usize = 1_000;

/// The text of the first element of that name. S3's error bodies are flat and their texts are ASCII
/// sentences, so no XML parser is carried to the phone for them.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().chars().take(MAX_TEXT_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_s3_error_body_is_read() {
        let body = r#"<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Request has expired</Message><X-Amz-Expires>900</X-Amz-Expires></Error>"#;
        assert_eq!(
            StoreFailure::from_answer(403, body, Some("7")),
            StoreFailure::Refused {
                status: 403,
                code: Some("AccessDenied".into()),
                message: Some("Request has expired".into()),
                retry_after_ms: Some(7_000),
            }
        );
    }

    #[test]
    fn t43_of_a_huge_body_little_is_kept_and_nothing_is_expanded() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><Error><Code>&b;</Code>";
        let huge = format!("{laughs}<Message>{}</Message></Error>", "x".repeat(100 << 20));
        let StoreFailure::Refused { code, message, .. } = StoreFailure::from_answer(403, &huge, None) else {
            panic!("it is a refusal")
        };
        assert_eq!((code.as_deref(), message.map(|text| text.len())), (Some("&b;"), Some(MAX_TEXT_CHARS)));
    }

    #[test]
    fn a_body_that_is_no_s3_error_says_nothing() {
        for body in ["", "<html>", "<Code>half", "</Code><Code>"] {
            let failure = StoreFailure::from_answer(502, body, Some("Fri, 31 Dec 1999 23:59:59 GMT"));
            let silent =
                StoreFailure::Refused { status: 502, code: None, message: None, retry_after_ms: None };
            assert_eq!(failure, silent, "{body:?}");
        }
    }
}
