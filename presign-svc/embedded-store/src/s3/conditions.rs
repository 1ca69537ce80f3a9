//! Conditional requests (RFC 9110, section 13) and ranges (section 14).

use http::{HeaderMap, HeaderValue, StatusCode, header};
use s3s::dto::{ETagCondition, Range, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use time::OffsetDateTime;

use super::errors::precondition_failed;
use crate::catalogue::Precondition;
use crate::manifest::ObjectManifest;

/// The condition of a write, from `If-Match` and `If-None-Match`.
pub(super) fn for_write(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Precondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Precondition::None),
        (None, Some(ETagCondition::Any)) => Ok(Precondition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Precondition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Precondition::ETag(etag.value().to_owned())),
        (None, Some(ETagCondition::ETag(_))) => {
            Err(s3_error!(NotImplemented, "If-None-Match takes only * when writing"))
        }
        (Some(_), Some(_)) => Err(s3_error!(NotImplemented, "If-Match and If-None-Match cannot be combined")),
    }
}

/// The four headers that make a read conditional.
#[derive(Debug, Default)]
pub(super) struct ReadConditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// Passes, or fails with 412 or 304.
    pub(super) fn check(&self, object: &ObjectManifest) -> S3Result<()> {
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        // HTTP dates have no fractions of a second.
        let modified = object.last_modified.replace_nanosecond(0).unwrap_or(object.last_modified);
        let since = |limit: &Timestamp| modified > OffsetDateTime::from(limit.clone());

        let still_that_one = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => matches(condition),
            (None, Some(limit)) => !since(limit),
            (None, None) => true,
        };
        if !still_that_one {
            return Err(precondition_failed());
        }
        let changed = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => !matches(condition),
            (None, Some(limit)) => since(limit),
            (None, None) => true,
        };
        if changed { Ok(()) } else { Err(not_modified(object)) }
    }
}

fn not_modified(object: &ObjectManifest) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = HeaderMap::new();
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", object.etag)) {
        headers.insert(header::ETAG, etag);
    }
    error.set_headers(headers);
    error
}

/// Which bytes of an object a read wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) length: u64,
    /// Whether the answer is 206 with a `Content-Range`.
    pub(super) partial: bool,
}

impl Span {
    pub(super) fn content_range(&self, object: &ObjectManifest) -> Option<String> {
        let last = (self.from + self.length).checked_sub(1)?;
        self.partial.then(|| format!("bytes {}-{last}/{}", self.from, object.size_bytes))
    }
}

/// The span of a `Range` header or a part's number, or the whole object.
pub(super) fn span(
    object: &ObjectManifest,
    range: Option<&Range>,
    part_number: Option<i32>,
) -> S3Result<Span> {
    match (range, part_number) {
        (Some(_), Some(_)) => {
            Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber"))
        }
        (None, None) => Ok(Span { from: 0, length: object.size_bytes, partial: false }),
        (Some(range), None) => match range.check(object.size_bytes) {
            Ok(bytes) if !bytes.is_empty() => {
                Ok(Span { from: bytes.start, length: bytes.end - bytes.start, partial: true })
            }
            _ => Err(unsatisfiable(object)),
        },
        (None, Some(wanted)) => {
            let mut from = 0;
            for part in &object.parts {
                if i32::from(part.part_number) == wanted {
                    return Ok(Span { from, length: part.size_bytes, partial: part.size_bytes > 0 });
                }
                from += part.size_bytes;
            }
            let code = S3ErrorCode::Custom("InvalidPartNumber".into());
            let mut error = S3Error::with_message(code, "The requested partnumber is not satisfiable");
            error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
            Err(error)
        }
    }
}

fn unsatisfiable(object: &ObjectManifest) -> S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::try_from(format!("bytes */{}", object.size_bytes)) {
        headers.insert(header::CONTENT_RANGE, value);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    error.set_headers(headers);
    error
}
