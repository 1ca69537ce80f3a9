//! What the service itself writes: what was staged in small pieces, put together. The store holds every
//! write against a checksum.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, checksum};
use windlass_protocol::Checksum;

use super::error::meaning;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{PartToWrite, PutToSign, StoreResult};

pub(super) async fn object(
    client: &Client,
    bucket: &str,
    put: &PutToSign<'_>,
    bytes: Bytes,
) -> StoreResult<()> {
    let request = client.put_object().bucket(bucket).key(put.key.as_str()).content_type(put.content_type);
    let request = match put.checksum.copied().unwrap_or_else(|| crc64_nvme(&bytes)) {
        sum @ Checksum::Crc64Nvme(_) => request.checksum_crc64_nvme(sum.to_string()),
        sum @ Checksum::Crc32c(_) => request.checksum_crc32_c(sum.to_string()),
        sum @ Checksum::Sha256(_) => request.checksum_sha256(sum.to_string()),
    };
    let request = if put.only_if_absent { request.if_none_match("*") } else { request };
    request.body(ByteStream::from(bytes)).send().await.map_err(meaning)?;
    Ok(())
}

pub(super) async fn part(
    client: &Client,
    bucket: &str,
    part: &PartToWrite<'_>,
    bytes: Bytes,
) -> StoreResult<()> {
    client
        .upload_part()
        .bucket(bucket)
        .key(part.key.as_str())
        .upload_id(&part.multipart.0)
        .part_number(part.part_number.get().into())
        .checksum_crc64_nvme(crc64_nvme(&bytes).to_string())
        .body(ByteStream::from(bytes))
        .send()
        .await
        .map_err(meaning)?;
    Ok(())
}

/// The source's keys are of our own kind: no letter of them needs escaping.
pub(super) async fn copy(
    client: &Client,
    bucket: &str,
    part: &PartToWrite<'_>,
    source: &ObjectKey,
) -> StoreResult<()> {
    client
        .upload_part_copy()
        .bucket(bucket)
        .key(part.key.as_str())
        .upload_id(&part.multipart.0)
        .part_number(part.part_number.get().into())
        .copy_source(format!("{bucket}/{source}"))
        .send()
        .await
        .map_err(meaning)?;
    Ok(())
}

fn crc64_nvme(bytes: &[u8]) -> Checksum {
    Checksum::Crc64Nvme(checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}
