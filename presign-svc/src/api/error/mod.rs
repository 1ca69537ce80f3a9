//! Every way a request can fail, and the only place that picks a status.
//!
//! A handler returns an [`ApiError`]; [`finish`], on the way out, writes it as a problem (RFC 9457) with the
//! request's id. What went wrong inside goes to the log only.

mod conversions;
mod detail;

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use windlass_protocol::{ErrorCode, PartNumber, Problem, UploadStatus};

use crate::auth::{MissingScope, TokenError};
use crate::domain::announce::Refusal;
use crate::domain::clock_skew::ClockSkew;
use crate::domain::quota::QuotaExceeded;
use crate::domain::upload::InvalidTransition;
use crate::domain::verify::{Failure, FailureCode};
use crate::ports::object_store::StoreError;
use crate::ports::uploads::RepositoryError;

/// When to ask again for what is being put together.
const ASSEMBLED_SOON: Duration = Duration::from_secs(1);

/// Why a request, or one file of it, is not served.
#[derive(Debug)]
pub enum ApiError {
    /// No token at all.
    NoToken,
    /// A token that is not accepted.
    Token(TokenError),
    /// A ticket that is not accepted.
    Ticket,
    /// The token lacks a scope.
    Scope(MissingScope),
    /// The token does not cover the project.
    Project,
    /// The demo was reached by a name that may be anybody's.
    DemoAddress,
    /// There is no such thing for this caller: a sentence without its full stop.
    NotFound(&'static str),
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The body is not JSON, or not sent as JSON.
    InvalidJson(String),
    /// A field is wrong.
    InvalidRequest {
        /// Where: `files[2].size`.
        field: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// The body is larger than the service reads.
    RequestTooLarge,
    /// The body takes too long to arrive.
    RequestTimeout,
    /// A file that is not taken.
    Refused(Refusal),
    /// A file for which there is no room.
    Quota(QuotaExceeded),
    /// Too much in too short a time; how long to wait.
    RateLimited(Duration),
    /// The same `client_ref` for another file.
    ClientRefConflict,
    /// Parts are missing in the store.
    PartsMissing(Vec<PartNumber>),
    /// The bytes have not arrived.
    BytesMissing,
    /// The bytes came in small pieces, which are being put together.
    Assembling,
    /// The stored bytes are not what was announced.
    Failure(Failure),
    /// The upload cannot go on.
    UploadClosed(UploadStatus),
    /// The pipeline's status cannot follow the present one.
    Transition(InvalidTransition),
    /// The object store failed.
    Store(StoreError),
    /// The record failed.
    Record(RepositoryError),
    /// This machine's clock is wrong: what it signs is refused.
    Clock(ClockSkew),
    /// Something the service needs is down: for the log.
    Unavailable(String),
    /// A bug: for the log.
    Internal(String),
}

/// The HTTP status of a code.
pub fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Unauthorized | ErrorCode::TokenExpired => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::QuotaExceeded => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::InvalidJson | ErrorCode::InvalidRequest | ErrorCode::FileTooSmall => {
            StatusCode::BAD_REQUEST
        }
        ErrorCode::RequestTooLarge | ErrorCode::FileTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::TypeNotAllowed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::ClientRefConflict
        | ErrorCode::PartsMissing
        | ErrorCode::BytesMissing
        | ErrorCode::Assembling
        | ErrorCode::UploadClosed
        | ErrorCode::InvalidTransition => StatusCode::CONFLICT,
        ErrorCode::SizeMismatch | ErrorCode::ChecksumMismatch | ErrorCode::TypeMismatch => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::StoreUnavailable | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The code of a failed verification.
pub fn failure_code(code: FailureCode) -> ErrorCode {
    match code {
        FailureCode::SizeMismatch => ErrorCode::SizeMismatch,
        FailureCode::ChecksumMismatch => ErrorCode::ChecksumMismatch,
        FailureCode::TypeMismatch => ErrorCode::TypeMismatch,
    }
}

impl ApiError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoToken
            | Self::Ticket
            | Self::Token(TokenError::Invalid(_) | TokenError::Claim { .. } | TokenError::LinkEnded) => {
                ErrorCode::Unauthorized
            }
            Self::Token(TokenError::Unverifiable(_)) => ErrorCode::Unavailable,
            Self::Token(TokenError::NoSecret | TokenError::NoScopeName { .. } | TokenError::SharedClaim) => {
                ErrorCode::Internal
            }
            Self::Token(TokenError::Expired) => ErrorCode::TokenExpired,
            Self::Scope(_) | Self::Project | Self::DemoAddress => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::InvalidJson(_) => ErrorCode::InvalidJson,
            Self::InvalidRequest { .. } | Self::Refused(Refusal::Field { .. }) => ErrorCode::InvalidRequest,
            Self::RequestTooLarge => ErrorCode::RequestTooLarge,
            Self::RequestTimeout => ErrorCode::RequestTimeout,
            Self::Refused(Refusal::TypeNotAllowed { .. }) => ErrorCode::TypeNotAllowed,
            Self::Refused(Refusal::TooLarge { .. }) => ErrorCode::FileTooLarge,
            Self::Refused(Refusal::TooSmall { .. }) => ErrorCode::FileTooSmall,
            Self::Quota(_) => ErrorCode::QuotaExceeded,
            Self::RateLimited(_) => ErrorCode::RateLimited,
            Self::ClientRefConflict => ErrorCode::ClientRefConflict,
            Self::PartsMissing(_) => ErrorCode::PartsMissing,
            Self::BytesMissing => ErrorCode::BytesMissing,
            Self::Assembling => ErrorCode::Assembling,
            Self::Failure(failure) => failure_code(failure.code),
            Self::UploadClosed(_) => ErrorCode::UploadClosed,
            Self::Transition(_) => ErrorCode::InvalidTransition,
            Self::Store(StoreError::Unavailable(_) | StoreError::PermissionDenied(_)) => {
                ErrorCode::StoreUnavailable
            }
            Self::Record(RepositoryError::Stale | RepositoryError::Unavailable(_))
            | Self::Clock(_)
            | Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Store(
                StoreError::NotFound
                | StoreError::NoSuchUpload
                | StoreError::Precondition
                | StoreError::InvalidPart
                | StoreError::PartTooSmall
                | StoreError::ChecksumMismatch
                | StoreError::Unexpected(_),
            )
            | Self::Record(RepositoryError::Corrupt { .. })
            | Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The problem as the contract has it.
    pub fn problem(&self) -> Problem {
        let code = self.code();
        let field = match self {
            Self::InvalidRequest { field, .. } => field.clone(),
            Self::Refused(Refusal::Field { field, .. }) => Some(field.clone()),
            _ => None,
        };
        let mut problem = problem_of(code, self.detail());
        problem.field = field;
        if let Self::PartsMissing(parts) = self {
            problem.missing_parts = parts.clone();
        }
        problem
    }

    /// The problem of one file among others.
    pub fn problem_of_file(&self, file: &str, request_id: &str) -> Problem {
        self.log();
        Problem { file: Some(file.to_owned()), request_id: Some(request_id.to_owned()), ..self.problem() }
    }

    /// What the caller must not see.
    fn log(&self) {
        match self {
            Self::Store(error) => tracing::error!(%error, "the object store failed"),
            Self::Record(RepositoryError::Stale) => tracing::info!("two requests changed one upload at once"),
            Self::Record(error) => tracing::error!(%error, "the database failed"),
            Self::Unavailable(reason) => tracing::warn!(%reason, "unavailable"),
            Self::Clock(skew) => tracing::error!("{skew}"),
            Self::Internal(reason) => tracing::error!(%reason, "internal error"),
            Self::Token(error @ TokenError::Unverifiable(_)) => {
                tracing::error!(%error, "tokens cannot be checked");
            }
            Self::Token(
                error @ (TokenError::NoSecret | TokenError::NoScopeName { .. } | TokenError::SharedClaim),
            ) => tracing::error!(%error, "no token can be made"),
            Self::Token(TokenError::Invalid(reason)) => tracing::info!(%reason, "token refused"),
            Self::Token(TokenError::Claim { looked_for, .. }) => {
                tracing::info!(reason = %looked_for, "token refused");
            }
            Self::Scope(missing) => tracing::info!(
                scope = %missing.0,
                "the token lacks a scope: WINDLASS_JWT_SCOPE_CLAIM and WINDLASS_JWT_SCOPE_NAMES say what gives it"
            ),
            Self::Project => tracing::info!(
                "the token does not cover the project: WINDLASS_JWT_PROJECTS_CLAIM says where it names them"
            ),
            _ => {}
        }
    }
}

/// A problem that is not an answer of its own, such as the recorded failure of an upload.
pub fn problem_of(code: ErrorCode, detail: String) -> Problem {
    let name = serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_owned));
    Problem {
        kind: format!("urn:windlass:problem:{}", name.unwrap_or_default()),
        title: code.title().to_owned(),
        status: status_of(code).as_u16(),
        code,
        detail,
        field: None,
        file: None,
        missing_parts: Vec::new(),
        request_id: None,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let problem = self.problem();
        let mut response = status_of(problem.code).into_response();
        let wait = match self {
            Self::RateLimited(wait) => Some(wait),
            Self::Assembling => Some(ASSEMBLED_SOON),
            _ => None,
        };
        if let Some(wait) = wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response.extensions_mut().insert(Box::new(problem));
        response
    }
}

/// Rounded up: who comes back then is not too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Writes the problem of a failed answer, now that the request's id is known.
pub fn finish(response: Response, request_id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(mut problem) = parts.extensions.remove::<Box<Problem>>() else {
        return Response::from_parts(parts, body);
    };
    problem.request_id = Some(request_id.to_owned());
    let json = super::companion::problem_body(&problem, &parts.extensions);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.remove(CONTENT_LENGTH);
    match problem.code {
        ErrorCode::Unauthorized => {
            parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"windlass\""));
        }
        ErrorCode::TokenExpired => {
            let challenge =
                "Bearer realm=\"windlass\", error=\"invalid_token\", error_description=\"expired\"";
            parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        ErrorCode::StoreUnavailable | ErrorCode::Unavailable => {
            parts.headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
        }
        _ => {}
    }
    Response::from_parts(parts, Body::from(json))
}

#[cfg(test)]
mod documentation_tests;
