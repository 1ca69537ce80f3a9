//! How each operation may refuse: the status and the codes of the problem that comes with it. What is not here is not
//! answered; schemathesis looks whether that is so.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type};
use windlass_protocol::ErrorCode;

use crate::api::error::status_of;

/// Of everybody: whoever asks must be known, and what the service needs may be away.
const ALL: [ErrorCode; 4] =
    [ErrorCode::Unauthorized, ErrorCode::TokenExpired, ErrorCode::Unavailable, ErrorCode::Internal];
/// Of what reads a body.
const OF_BODIES: [ErrorCode; 4] = [
    ErrorCode::InvalidJson,
    ErrorCode::InvalidRequest,
    ErrorCode::RequestTooLarge,
    ErrorCode::RequestTimeout,
];
/// Of what announces one file as the whole request.
const OF_ONE_FILE: [ErrorCode; 6] = [
    ErrorCode::TypeNotAllowed,
    ErrorCode::FileTooLarge,
    ErrorCode::FileTooSmall,
    ErrorCode::QuotaExceeded,
    ErrorCode::RateLimited,
    ErrorCode::StoreUnavailable,
];
/// Of what signs or lists the parts of an open upload.
const OF_PARTS: [ErrorCode; 3] =
    [ErrorCode::UploadClosed, ErrorCode::RateLimited, ErrorCode::StoreUnavailable];
/// Of what joins and verifies.
const OF_COMPLETION: [ErrorCode; 9] = [
    ErrorCode::PartsMissing,
    ErrorCode::BytesMissing,
    ErrorCode::Assembling,
    ErrorCode::SizeMismatch,
    ErrorCode::ChecksumMismatch,
    ErrorCode::TypeMismatch,
    ErrorCode::UploadClosed,
    ErrorCode::RateLimited,
    ErrorCode::StoreUnavailable,
];

/// What an operation answers beside what all do that are like it.
fn of_its_own(operation: &str) -> &'static [ErrorCode] {
    match operation {
        "create_uploads" | "report_previews" | "edit_photo" => {
            &[ErrorCode::RateLimited, ErrorCode::StoreUnavailable]
        }
        "create_upload_link" => &[ErrorCode::RateLimited],
        "upload_url" | "companion_params" | "companion_create_multipart" => &OF_ONE_FILE,
        "sign_parts" | "sign_pieces" | "list_parts" => &OF_PARTS,
        "companion_list_parts" | "companion_sign_part" | "companion_sign_batch" => &OF_PARTS,
        // What says `uploaded` of a photo completes it.
        "complete_upload" | "companion_complete" | "set_photo_status" => &OF_COMPLETION,
        "abort_upload" | "companion_abort" => &[ErrorCode::UploadClosed, ErrorCode::StoreUnavailable],
        "delete_photo" | "list_photos" | "show_photo" | "photo_urls" => &[ErrorCode::StoreUnavailable],
        _ => &[],
    }
}

/// The refusals of an operation, by status.
pub(super) fn of(operation: &Operation) -> BTreeMap<String, Response> {
    let name = operation.operation_id.as_deref().unwrap_or_default();
    let mut codes = ALL.to_vec();
    // A caller needs no scope to be told who he is.
    if name != "me" {
        codes.push(ErrorCode::Forbidden);
    }
    let is_in = |parameter: &RefOr<Parameter>, place: &ParameterIn| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == *place,
        RefOr::Ref(_) => false,
    };
    let has = |place: ParameterIn| operation.parameters.iter().flatten().any(|each| is_in(each, &place));
    if operation.request_body.is_some() {
        codes.extend(OF_BODIES);
    }
    if has(ParameterIn::Query) {
        codes.push(ErrorCode::InvalidRequest);
    }
    // A project that is not the caller's is named in a query or in a body as well.
    if has(ParameterIn::Path) || matches!(name, "list_photos" | "events" | "event_ticket") {
        codes.push(ErrorCode::NotFound);
    }
    codes.extend(of_its_own(name));
    if name == "set_photo_status" {
        codes.push(ErrorCode::InvalidTransition);
    }
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in codes {
        let same = by_status.entry(status_of(code).as_u16()).or_default();
        if !same.contains(&code) {
            same.push(code);
        }
    }
    by_status.into_iter().map(|(status, codes)| (status.to_string(), response(&codes))).collect()
}

/// A problem of one of these codes (RFC 9457).
fn response(codes: &[ErrorCode]) -> Response {
    let name = |code: &ErrorCode| {
        let name = serde_json::to_value(code).ok();
        let name = name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        format!("`{name}`: {}", code.title())
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new()
        .description(codes.iter().map(name).collect::<Vec<_>>().join(", "))
        .content("application/problem+json", content);
    if !codes.iter().any(|code| says_when(*code)) {
        return response.build();
    }
    let seconds = HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::Integer)))
        .description(Some("Where the problem passes by itself: after how many seconds to ask again"));
    response.header("Retry-After", seconds.build()).build()
}

/// Whether a problem comes with the time after which to ask again.
fn says_when(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Assembling | ErrorCode::RateLimited | ErrorCode::StoreUnavailable | ErrorCode::Unavailable
    )
}
