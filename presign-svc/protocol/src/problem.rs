//! Errors on the wire: `application/problem+json` (RFC 9457) with a stable `code`.

use serde::{Deserialize, Serialize};

use crate::PartNumber;

/// Stable names of everything that can go wrong. New ones may be added; none changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ErrorCode {
    /// No token, or one that is not valid here.
    Unauthorized,
    /// The token was valid once; get a new one and try again.
    TokenExpired,
    /// The token is valid but does not allow this.
    Forbidden,
    /// There is no such thing, or it belongs to somebody else.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The body is not JSON, or not sent as JSON.
    InvalidJson,
    /// A field of the request is wrong; `field` names it.
    InvalidRequest,
    /// The request body is larger than the service reads.
    RequestTooLarge,
    /// The request took too long to arrive; send it again.
    RequestTimeout,
    /// Files of this type are not accepted.
    TypeNotAllowed,
    /// The file is larger than the limit for its type.
    FileTooLarge,
    /// The file is smaller than any real photo, or empty.
    FileTooSmall,
    /// The same `client_ref` was used for a different file.
    ClientRefConflict,
    /// Parts are missing in the store; `missing_parts` lists them. The upload can go on.
    PartsMissing,
    /// The bytes have not arrived in the store yet. The upload can go on.
    BytesMissing,
    /// The bytes arrived in small pieces, which are being put together; ask again as `Retry-After` says.
    Assembling,
    /// The stored bytes have another size than was announced.
    SizeMismatch,
    /// The stored bytes have another checksum than was announced.
    ChecksumMismatch,
    /// The content is not of the announced type.
    TypeMismatch,
    /// The upload was aborted, expired or refused and cannot go on.
    UploadClosed,
    /// This status cannot follow the present one.
    InvalidTransition,
    /// There is no room left for the file; `detail` says whose.
    QuotaExceeded,
    /// Too many requests; wait as `Retry-After` says.
    RateLimited,
    /// The object store does not answer; try again.
    StoreUnavailable,
    /// The service is too busy or a dependency is down; try again.
    Unavailable,
    /// The service failed in a way it did not expect; try again, then report `request_id`.
    Internal,
}

impl ErrorCode {
    /// A short title that is the same for every problem of this code.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unauthorized => "Not signed in",
            Self::TokenExpired => "Token expired",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::InvalidJson => "Not valid JSON",
            Self::InvalidRequest => "Invalid request",
            Self::RequestTooLarge => "Request too large",
            Self::RequestTimeout => "Request took too long",
            Self::TypeNotAllowed => "File type not accepted",
            Self::FileTooLarge => "File too large",
            Self::FileTooSmall => "File too small",
            Self::ClientRefConflict => "client_ref already used",
            Self::PartsMissing => "Parts are missing",
            Self::BytesMissing => "File not stored yet",
            Self::Assembling => "File is being put together",
            Self::SizeMismatch => "Size does not match",
            Self::ChecksumMismatch => "Checksum does not match",
            Self::TypeMismatch => "Content does not match its type",
            Self::UploadClosed => "Upload is closed",
            Self::InvalidTransition => "Status change not possible",
            Self::QuotaExceeded => "No room left",
            Self::RateLimited => "Too many requests",
            Self::StoreUnavailable => "Object store unavailable",
            Self::Unavailable => "Service unavailable",
            Self::Internal => "Internal error",
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::RequestTimeout
            | Self::RateLimited
            | Self::StoreUnavailable
            | Self::Unavailable
            | Self::Internal
            | Self::TokenExpired
            | Self::PartsMissing
            | Self::BytesMissing
            | Self::Assembling => true,
            Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::InvalidJson
            | Self::InvalidRequest
            | Self::RequestTooLarge
            | Self::TypeNotAllowed
            | Self::FileTooLarge
            | Self::FileTooSmall
            | Self::ClientRefConflict
            | Self::SizeMismatch
            | Self::ChecksumMismatch
            | Self::TypeMismatch
            | Self::UploadClosed
            | Self::QuotaExceeded
            | Self::InvalidTransition => false,
        }
    }
}

/// A problem: the body of every error answer, and `error` of a file that could not be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:windlass:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short title, the same for every problem of this code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, for programs.
    pub code: ErrorCode,
    /// A sentence for people: what was wrong, with what, and what to do next.
    pub detail: String,
    /// The field of the request that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub field: Option<String>,
    /// The `client_ref` or name of the file that is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub file: Option<String>,
    /// With `parts_missing`: which ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<PartNumber>>"))]
    pub missing_parts: Vec<PartNumber>,
    /// Also in the `x-request-id` header; quote it when reporting the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub request_id: Option<String>,
}
