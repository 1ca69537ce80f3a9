//! Multipart uploads: what the service asks the store about them.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, Part};
use windlass_protocol::{Checksum, PartNumber};

use super::checksum::ChecksumFields;
use super::error::meaning;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{
    MultipartCompletion, MultipartId, PartToJoin, StoreError, StoreResult, StoredPart,
};

/// S3 may work on joining parts for minutes, and meanwhile keeps the connection alive with spaces (Amazon
/// S3 API Reference, "CompleteMultipartUpload").
const COMPLETE_LIMIT: Duration = Duration::from_secs(5 * 60);
/// S3 keeps no more of one upload (Amazon S3 User Guide, "Amazon S3 multipart upload limits").
const MAX_PARTS: usize = 10_000;
/// A page without parts may say that more follow; one that always does is not followed for ever.
const MAX_EMPTY_PAGES: usize = 100;

pub(super) async fn create(
    client: &Client,
    bucket: &str,
    key: &ObjectKey,
    content_type: &str,
) -> StoreResult<MultipartId> {
    let created = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(key.as_str())
        .content_type(content_type)
        // The one checksum S3 can keep of a whole object that came in parts.
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .checksum_type(ChecksumType::FullObject)
        .send()
        .await
        .map_err(meaning)?;
    match created.upload_id {
        Some(id) if !id.is_empty() => Ok(MultipartId(id)),
        _ => Err(StoreError::Unexpected("a multipart upload was opened without an id".into())),
    }
}

pub(super) async fn list_parts(
    client: &Client,
    bucket: &str,
    key: &ObjectKey,
    multipart: &MultipartId,
) -> StoreResult<Vec<StoredPart>> {
    let mut pages =
        client.list_parts().bucket(bucket).key(key.as_str()).upload_id(&multipart.0).into_paginator().send();
    let (mut parts, mut empty_pages) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page.map_err(meaning)?.parts.unwrap_or_default();
        empty_pages += usize::from(page.is_empty());
        for part in page {
            parts.push(stored_part(&part)?);
        }
        if parts.len() > MAX_PARTS || empty_pages > MAX_EMPTY_PAGES {
            return Err(StoreError::Unexpected("more parts are listed than an upload can have".into()));
        }
    }
    parts.sort_by_key(|part| part.part_number);
    Ok(parts)
}

pub(super) async fn complete(
    client: &Client,
    bucket: &str,
    completion: &MultipartCompletion<'_>,
) -> StoreResult<()> {
    let parts = completion.parts.iter().map(completed_part).collect();
    let mut request = client
        .complete_multipart_upload()
        .bucket(bucket)
        .key(completion.key.as_str())
        .upload_id(&completion.multipart.0)
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
    if let Some(checksum @ Checksum::Crc64Nvme(_)) = completion.checksum {
        request = request.checksum_crc64_nvme(checksum.to_string()).checksum_type(ChecksumType::FullObject);
    }
    if completion.only_if_absent {
        request = request.if_none_match("*");
    }
    let patience = aws_sdk_s3::config::Builder::new()
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(COMPLETE_LIMIT)
                .operation_timeout(COMPLETE_LIMIT)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    request.customize().config_override(patience).send().await.map_err(meaning)?;
    Ok(())
}

pub(super) async fn abort(
    client: &Client,
    bucket: &str,
    key: &ObjectKey,
    multipart: &MultipartId,
) -> StoreResult<()> {
    let aborted = client
        .abort_multipart_upload()
        .bucket(bucket)
        .key(key.as_str())
        .upload_id(&multipart.0)
        .send()
        .await
        .map_err(meaning);
    match aborted {
        Ok(_) | Err(StoreError::NoSuchUpload) => Ok(()),
        Err(error) => Err(error),
    }
}

fn completed_part(part: &PartToJoin) -> CompletedPart {
    let builder = CompletedPart::builder().part_number(i32::from(part.part_number.get())).e_tag(&part.etag);
    match &part.checksum {
        None => builder,
        Some(checksum @ Checksum::Crc64Nvme(_)) => builder.checksum_crc64_nvme(checksum.to_string()),
        Some(checksum @ Checksum::Crc32c(_)) => builder.checksum_crc32_c(checksum.to_string()),
        Some(checksum @ Checksum::Sha256(_)) => builder.checksum_sha256(checksum.to_string()),
    }
    .build()
}

fn stored_part(part: &Part) -> StoreResult<StoredPart> {
    let odd = || StoreError::Unexpected("a listed part has no number, size or entity tag".into());
    let number = part.part_number.and_then(|number| u32::try_from(number).ok()).ok_or_else(odd)?;
    Ok(StoredPart {
        part_number: PartNumber::try_from(number).map_err(|_| odd())?,
        size_bytes: part.size.and_then(|size| u64::try_from(size).ok()).ok_or_else(odd)?,
        etag: part.e_tag.clone().ok_or_else(odd)?,
        checksum: ChecksumFields {
            crc64_nvme: part.checksum_crc64_nvme(),
            sha256: part.checksum_sha256(),
            crc32c: part.checksum_crc32_c(),
        }
        .known(),
    })
}
