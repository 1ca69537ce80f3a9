//! From the protocol's many optional fields to the store's words, and back.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use s3s::dto::{ChecksumAlgorithm, ChecksumType as S3ChecksumType, ETag, Timestamp};
use s3s::{S3Result, TrailingHeaders, s3_error};
use time::OffsetDateTime;

use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::manifest::ObjectHeaders;

/// What the client says its bytes sum to.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) md5: Option<[u8; 16]>,
    pub(super) checksum: Option<Checksum>,
}

/// The five checksum fields of an input, by position.
pub(super) type ChecksumFields = [(Option<Algorithm>, Option<String>); 5];

/// Collects the checksum fields that so many S3 structures carry.
macro_rules! checksum_fields {
    ($from:expr) => {
        [
            (Some($crate::checksum::Algorithm::Crc32), $from.checksum_crc32.take()),
            (Some($crate::checksum::Algorithm::Crc32c), $from.checksum_crc32c.take()),
            (Some($crate::checksum::Algorithm::Crc64Nvme), $from.checksum_crc64nvme.take()),
            (Some($crate::checksum::Algorithm::Sha256), $from.checksum_sha256.take()),
            // SHA-1 is not offered.
            (None, $from.checksum_sha1.take()),
        ]
    };
}

/// Puts a checksum's text into the field of its algorithm.
macro_rules! set_checksum {
    ($into:expr, $algorithm:expr, $text:expr) => {
        match $algorithm {
            $crate::checksum::Algorithm::Crc32 => $into.checksum_crc32 = Some($text),
            $crate::checksum::Algorithm::Crc32c => $into.checksum_crc32c = Some($text),
            $crate::checksum::Algorithm::Crc64Nvme => $into.checksum_crc64nvme = Some($text),
            $crate::checksum::Algorithm::Sha256 => $into.checksum_sha256 = Some($text),
        }
    };
}

/// Takes the kept headers out of a Put, Copy or Create input.
macro_rules! object_headers {
    ($from:expr) => {
        $crate::s3::fields::kept_headers(
            $from.content_type.take(),
            $from.content_disposition.take(),
            $from.content_encoding.take(),
            $from.content_language.take(),
            $from.cache_control.take(),
            $from.metadata.take(),
        )
    };
}

/// Gives the kept headers back with an object.
macro_rules! give_headers {
    ($into:expr, $headers:expr) => {{
        let headers = $headers;
        $into.content_type = Some(headers.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()));
        $into.content_disposition = headers.content_disposition;
        $into.content_encoding = headers.content_encoding;
        $into.content_language = headers.content_language;
        $into.cache_control = headers.cache_control;
        if !headers.user_metadata.is_empty() {
            $into.metadata = Some(headers.user_metadata.into_iter().collect());
        }
    }};
}

pub(super) use {checksum_fields, give_headers, object_headers, set_checksum};

/// The text of the single checksum among the fields, with its algorithm.
pub(super) fn single_checksum_text(fields: ChecksumFields) -> S3Result<Option<(Algorithm, String)>> {
    let mut given = fields.into_iter().filter_map(|(algorithm, text)| Some((algorithm, text?)));
    let Some((algorithm, text)) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header"));
    }
    let algorithm = algorithm.ok_or_else(sha1_not_offered)?;
    Ok(Some((algorithm, text)))
}

/// The single checksum among the fields.
pub(super) fn single_checksum(fields: ChecksumFields) -> S3Result<Option<Checksum>> {
    single_checksum_text(fields)?.map(|(algorithm, text)| parse_checksum(algorithm, &text)).transpose()
}

pub(super) fn parse_checksum(algorithm: Algorithm, text: &str) -> S3Result<Checksum> {
    Checksum::parse(algorithm, text)
        .ok_or_else(|| s3_error!(InvalidRequest, "Value for {} header is invalid.", algorithm.header_name()))
}

/// The algorithm a request names in `x-amz-checksum-algorithm`, `x-amz-sdk-checksum-algorithm` or
/// `x-amz-trailer`.
pub(super) fn named_algorithm(
    name: Option<&ChecksumAlgorithm>,
    headers: &HeaderMap,
) -> S3Result<Option<Algorithm>> {
    let from_sdk = || headers.get("x-amz-sdk-checksum-algorithm")?.to_str().ok();
    let name = match name.map(ChecksumAlgorithm::as_str).or_else(from_sdk) {
        Some(name) => name.to_ascii_uppercase(),
        None => match headers.get("x-amz-trailer") {
            Some(trailer) => trailing_algorithm_name(trailer)?,
            None => return Ok(None),
        },
    };
    match Algorithm::from_s3_name(&name) {
        Some(algorithm) => Ok(Some(algorithm)),
        None if name == "SHA1" => Err(sha1_not_offered()),
        None => Err(s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported.")),
    }
}

fn trailing_algorithm_name(trailer: &HeaderValue) -> S3Result<String> {
    let name = trailer.to_str().unwrap_or_default().trim().to_ascii_uppercase();
    name.strip_prefix("X-AMZ-CHECKSUM-").map(str::to_owned).ok_or_else(|| {
        s3_error!(InvalidRequest, "The value specified in the x-amz-trailer header is not supported")
    })
}

fn sha1_not_offered() -> s3s::S3Error {
    s3_error!(NotImplemented, "This store verifies CRC32, CRC32C, CRC64NVME and SHA256, not SHA1")
}

pub(super) fn parse_type(text: &S3ChecksumType) -> S3Result<ChecksumType> {
    match text.as_str() {
        S3ChecksumType::FULL_OBJECT => Ok(ChecksumType::FullObject),
        S3ChecksumType::COMPOSITE => Ok(ChecksumType::Composite),
        _ => Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid.")),
    }
}

pub(super) fn write_type(checksum_type: ChecksumType) -> S3ChecksumType {
    S3ChecksumType::from_static(match checksum_type {
        ChecksumType::FullObject => S3ChecksumType::FULL_OBJECT,
        ChecksumType::Composite => S3ChecksumType::COMPOSITE,
    })
}

/// Reads `Content-MD5`.
pub(super) fn parse_content_md5(text: Option<&str>) -> S3Result<Option<[u8; 16]>> {
    let Some(text) = text else { return Ok(None) };
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Some).ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."))
}

/// The checksum an `aws-chunked` body carries behind its last byte.
pub(super) fn trailing_checksum(
    algorithm: Algorithm,
    trailers: Option<&TrailingHeaders>,
) -> S3Result<Option<Checksum>> {
    let text = trailers.and_then(|trailers| {
        trailers
            .read(|headers| Some(headers.get(algorithm.header_name())?.to_str().ok()?.to_owned()))
            .flatten()
    });
    text.map(|text| parse_checksum(algorithm, &text)).transpose()
}

/// The time as S3 keeps it, to the millisecond.
pub(super) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_millisecond(now.millisecond()).unwrap_or(now)
}

pub(super) fn timestamp(time: OffsetDateTime) -> Timestamp {
    Timestamp::from(time)
}

pub(super) fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

/// S3's sizes are signed on the wire.
pub(super) fn signed(size_bytes: u64) -> i64 {
    i64::try_from(size_bytes).unwrap_or(i64::MAX)
}

/// A count that fits S3's 32 bits because a limit keeps it small.
pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A page size: S3's default and maximum is 1000, and 0 asks for nothing.
pub(super) fn page_size(asked: Option<i32>, name: &str) -> S3Result<usize> {
    match asked {
        None => Ok(1000),
        Some(asked) => match usize::try_from(asked) {
            Ok(asked) => Ok(asked.min(1000)),
            Err(_) => Err(s3_error!(InvalidArgument, "Argument {name} must not be negative")),
        },
    }
}

pub(super) fn kept_headers(
    content_type: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    cache_control: Option<String>,
    metadata: Option<impl IntoIterator<Item = (String, String)>>,
) -> ObjectHeaders {
    // `aws-chunked` is how the body travelled, not how it is encoded.
    let content_encoding = content_encoding.and_then(|codings| {
        let kept: Vec<&str> =
            codings.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
        let kept = kept.join(",");
        (!kept.is_empty()).then_some(kept)
    });
    ObjectHeaders {
        content_type: content_type.filter(|text| !text.is_empty()),
        content_disposition,
        content_encoding,
        content_language,
        cache_control,
        user_metadata: metadata.into_iter().flatten().collect::<BTreeMap<_, _>>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_checksum_names_its_algorithm_by_itself() {
        let named = |trailer: &'static str| {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("x-amz-trailer"),
                HeaderValue::from_static(trailer),
            )]);
            named_algorithm(None, &headers).map_err(|error| error.code().as_str().to_owned())
        };
        for algorithm in Algorithm::ALL {
            assert_eq!(named(algorithm.header_name()), Ok(Some(algorithm)));
        }
        assert_eq!(named("X-Amz-Checksum-Crc32"), Ok(Some(Algorithm::Crc32)));
        assert_eq!(named("x-amz-checksum-sha1"), Err("NotImplemented".to_owned()));
        assert_eq!(named("x-amz-checksum-md2"), Err("InvalidRequest".to_owned()));
        assert_eq!(named("x-amz-meta-colour"), Err("InvalidRequest".to_owned()));
        assert_eq!(named_algorithm(None, &HeaderMap::new()).ok(), Some(None));
    }
}
