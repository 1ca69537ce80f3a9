//! Whole objects: look at, read from, remove; and the bucket they are in.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use bytes::{Bytes, BytesMut};

use super::checksum::ChecksumFields;
use super::error::meaning;
use super::listing;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{ObjectInfo, StoreError, StoreResult};

pub(super) async fn head(client: &Client, bucket: &str, key: &ObjectKey) -> StoreResult<ObjectInfo> {
    let head = client
        .head_object()
        .bucket(bucket)
        .key(key.as_str())
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .map_err(meaning)?;
    let odd = || StoreError::Unexpected("an object has no size or no entity tag".into());
    let fields = ChecksumFields {
        crc64_nvme: head.checksum_crc64_nvme(),
        sha256: head.checksum_sha256(),
        crc32c: head.checksum_crc32_c(),
    };
    Ok(ObjectInfo {
        size_bytes: head.content_length().and_then(|length| u64::try_from(length).ok()).ok_or_else(odd)?,
        etag: head.e_tag().ok_or_else(odd)?.to_owned(),
        content_type: head.content_type().map(str::to_owned),
        content_encoding: head.content_encoding().and_then(encoding),
        checksum: fields.known().filter(|_| head.checksum_type() != Some(&ChecksumType::Composite)),
    })
}

/// What of a `Content-Encoding` has to be decoded: nothing of `identity`, or of `aws-chunked`, which is how a body came
/// and which some stores keep.
fn encoding(header: &str) -> Option<String> {
    let codings = header.split(',').map(str::trim);
    let encoding: Vec<_> = codings
        .filter(|coding| {
            !["", "identity", "aws-chunked"].iter().any(|plain| coding.eq_ignore_ascii_case(plain))
        })
        .collect();
    (!encoding.is_empty()).then(|| encoding.join(", "))
}

pub(super) async fn read_range(
    client: &Client,
    bucket: &str,
    key: &ObjectKey,
    range: Range<u64>,
    etag: Option<&str>,
) -> StoreResult<Bytes> {
    let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
        return Ok(Bytes::new());
    };
    let answer = client
        .get_object()
        .bucket(bucket)
        .key(key.as_str())
        .range(format!("bytes={}-{last}", range.start))
        .set_if_match(etag.map(str::to_owned))
        .send()
        .await;
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(error) if starts_beyond_the_end(&error) => return Ok(Bytes::new()),
        Err(error) => return Err(meaning(error)),
    };
    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    // As much as is said to come: to grow would take up to twice of it.
    let said = answer.content_length().and_then(|length| usize::try_from(length).ok());
    let mut read = BytesMut::with_capacity(said.unwrap_or_default().min(wanted));
    while let Some(chunk) = answer.body.next().await {
        read.extend_from_slice(&chunk.map_err(|error| StoreError::Unavailable(error.to_string()))?);
        // Stop there rather than take in a whole object from a store that does not know ranges.
        if read.len() > wanted {
            return Err(StoreError::Unexpected("more bytes came than were asked for".into()));
        }
    }
    Ok(read.freeze())
}

/// 416: the object has no byte there.
fn starts_beyond_the_end<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("InvalidRange")
        || error.raw_response().is_some_and(|response| response.status().as_u16() == 416)
}

pub(super) async fn delete(client: &Client, bucket: &str, key: &ObjectKey) -> StoreResult<()> {
    let Err(error) = client.delete_object().bucket(bucket).key(key.as_str()).send().await else {
        return Ok(());
    };
    if error.code() == Some("NoSuchKey") {
        return Ok(());
    }
    match meaning(error) {
        // A gateway in the store's place answers so, too. Only the store can list what it has.
        StoreError::NotFound => match listing::objects(client, bucket, key.as_str(), None).await {
            Ok(page) if page.objects.iter().all(|object| object.key != key.as_str()) => Ok(()),
            Ok(_) | Err(StoreError::NotFound) => {
                Err(StoreError::Unavailable("404 is the answer to the removal of an object".to_owned()))
            }
            Err(error) => Err(error),
        },
        error => Err(error),
    }
}

pub(super) async fn check_bucket(client: &Client, bucket: &str) -> StoreResult<()> {
    let Err(error) = client.head_bucket().bucket(bucket).send().await else { return Ok(()) };
    // An answer to HEAD has no body, so what is wrong has to be read from status and headers.
    let region = error.raw_response().and_then(|response| {
        let region = response.headers().get("x-amz-bucket-region")?;
        (response.status().as_u16() == 301 || response.status().as_u16() == 400).then(|| region.to_owned())
    });
    Err(match (region, meaning(error)) {
        (Some(region), _) => StoreError::Unexpected(format!("bucket {bucket} is in region {region}")),
        (None, StoreError::NotFound) => StoreError::Unexpected(format!("bucket {bucket} does not exist")),
        (None, error) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_what_has_to_be_undone_and_not_how_a_body_came() {
        for plain in ["", "identity", "aws-chunked", "AWS-chunked, identity"] {
            assert_eq!(encoding(plain), None, "{plain}");
        }
        assert_eq!(encoding("aws-chunked,gzip").as_deref(), Some("gzip"));
        assert_eq!(encoding("br , gzip").as_deref(), Some("br, gzip"));
    }
}
