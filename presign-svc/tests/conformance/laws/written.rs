//! What the service itself writes and lists: staged pieces, put together.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use windlass_presign_svc::ports::object_store::{
    MultipartCompletion, ObjectStore as _, PartToJoin, PartToWrite, PutToSign, StoreError,
};
use windlass_protocol::{Checksum, PartNumber};
use windlass_s3_suite::sample::noise;

use super::objects::store;
use super::signed::crc64;
use crate::bucket::{Bucket, key};

const PART_BYTES: usize = 5 * 1024 * 1024;

pub async fn what_lies_below_a_prefix_is_listed_with_its_size(bucket: &Bucket) -> Result<()> {
    for (name, size) in [("listed/b", 20), ("listed/a", 10), ("listed-not", 30)] {
        store(bucket, &key(name)?, &noise(40, size)).await?;
    }
    let found = bucket.store.list("acme/job=7/listed/").await?;
    let found: Vec<_> = found.iter().map(|object| (object.key.as_str(), object.size_bytes)).collect();
    ensure!(found == [("acme/job=7/listed/a", 10), ("acme/job=7/listed/b", 20)], "{found:?}");
    ensure!(bucket.store.list("acme/job=7/nothing/").await?.is_empty());
    Ok(())
}

pub async fn an_object_from_memory_is_held_against_its_checksum(bucket: &Bucket) -> Result<()> {
    let (key, bytes) = (key("from-memory.jpg")?, noise(41, 200_000));
    let sum = crc64(&bytes);
    let put = |checksum| PutToSign {
        key: &key,
        size_bytes: bytes.len() as u64,
        content_type: "image/jpeg",
        checksum,
        only_if_absent: bucket.target.capabilities.conditional_writes,
    };
    let other = crc64(b"other");
    let refused = bucket.store.put(&put(Some(&other)), bytes.clone()).await;
    ensure!(matches!(refused, Err(StoreError::ChecksumMismatch)), "{refused:?}");
    ensure!(matches!(bucket.store.head(&key).await, Err(StoreError::NotFound)), "nothing is stored");
    bucket.store.put(&put(Some(&sum)), bytes.clone()).await?;
    let object = bucket.store.head(&key).await?;
    ensure!(object.size_bytes == 200_000 && object.checksum == Some(sum), "{object:?}");
    ensure!(object.content_type.as_deref() == Some("image/jpeg"), "{object:?}");
    let again = bucket.store.put(&put(None), bytes.clone()).await;
    match bucket.target.capabilities.conditional_writes {
        true => ensure!(matches!(again, Err(StoreError::Precondition)), "{again:?}"),
        false => again?,
    }
    Ok(())
}

pub async fn parts_from_memory_and_from_objects_become_one_object(bucket: &Bucket) -> Result<()> {
    let (key, staged) = (key("composed.mp4")?, key("composed/piece")?);
    let (first, last) = (noise(42, PART_BYTES), noise(43, 100_000));
    store(bucket, &staged, &last).await?;
    let multipart = bucket.store.create_multipart(&key, "video/mp4").await?;
    let part = |number: u32| -> Result<PartToWrite<'_>> {
        Ok(PartToWrite { key: &key, multipart: &multipart, part_number: PartNumber::try_from(number)? })
    };
    // A second time replaces the first.
    for _ in 0..2 {
        bucket.store.upload_part(&part(1)?, first.clone()).await?;
        bucket.store.copy_part(&part(2)?, &staged).await?;
    }
    let parts = bucket.store.list_parts(&key, &multipart).await?;
    let sizes: Vec<_> = parts.iter().map(|part| part.size_bytes).collect();
    ensure!(sizes == [PART_BYTES as u64, 100_000], "{sizes:?}");
    let parts: Vec<PartToJoin> = parts
        .into_iter()
        .map(|part| PartToJoin { part_number: part.part_number, etag: part.etag, checksum: part.checksum })
        .collect();
    let whole = Bytes::from([first, last].concat());
    let sum: Checksum = crc64(&whole);
    let completion = MultipartCompletion {
        key: &key,
        multipart: &multipart,
        parts: &parts,
        checksum: Some(&sum),
        only_if_absent: false,
    };
    bucket.store.complete_multipart(&completion).await?;
    let object = bucket.store.head(&key).await?;
    ensure!(object.checksum.context("a checksum of the whole")? == sum, "{object:?}");
    let read = bucket.store.read_range(&key, 0..whole.len() as u64, None).await?;
    ensure!(read == whole, "the bytes are other ones");
    Ok(())
}
