//! Whole objects: looked at, read from, removed.

use anyhow::{Result, ensure};
use bytes::Bytes;
use reqwest::Method;
use windlass_presign_svc::adapters::s3::{CredentialsFrom, S3Settings, S3Store};
use windlass_presign_svc::domain::object_key::ObjectKey;
use windlass_presign_svc::ports::object_store::{ObjectStore as _, PutToSign, StoreError};
use windlass_s3_suite::sample::noise;

use crate::bucket::{Bucket, key, quarter_hour, sending, settings};

/// Puts an object there as a browser would.
pub async fn store(bucket: &Bucket, key: &ObjectKey, bytes: &Bytes) -> Result<()> {
    let put = PutToSign {
        key,
        size_bytes: bytes.len() as u64,
        content_type: "image/jpeg",
        checksum: None,
        only_if_absent: false,
    };
    let signed = bucket.store.sign_put(&put, quarter_hour()).await?;
    sending(Method::PUT, &signed, bytes).accepted().await?;
    Ok(())
}

pub async fn a_missing_object_is_told_as_such_and_may_be_deleted(bucket: &Bucket) -> Result<()> {
    let key = key("missing.jpg")?;
    let head = bucket.store.head(&key).await;
    ensure!(matches!(head, Err(StoreError::NotFound)), "{head:?}");
    let read = bucket.store.read_range(&key, 0..10, None).await;
    ensure!(matches!(read, Err(StoreError::NotFound)), "{read:?}");
    bucket.store.delete(&key).await?;

    store(bucket, &key, &noise(30, 100)).await?;
    bucket.store.head(&key).await?;
    for _ in 0..2 {
        bucket.store.delete(&key).await?;
    }
    let head = bucket.store.head(&key).await;
    ensure!(matches!(head, Err(StoreError::NotFound)), "{head:?}");
    Ok(())
}

pub async fn ranges_end_where_the_object_does(bucket: &Bucket) -> Result<()> {
    let (key, bytes) = (key("ranges.jpg")?, noise(31, 1_000));
    store(bucket, &key, &bytes).await?;
    for (range, expected) in [
        (0..10, &bytes[..10]),
        (0..1, &bytes[..1]),
        (500..1_000, &bytes[500..]),
        (990..5_000, &bytes[990..]),
        (0..u64::from(u32::MAX), &bytes[..]),
        (1_000..1_010, &[]),
        (9_000..9_010, &[]),
        (10..10, &[]),
    ] {
        let read = bucket.store.read_range(&key, range.clone(), None).await?;
        ensure!(read == expected, "{range:?}: {} bytes", read.len());
    }
    Ok(())
}

pub async fn a_replaced_object_is_not_read_as_the_old_one(bucket: &Bucket) -> Result<()> {
    let key = key("replaced.jpg")?;
    store(bucket, &key, &noise(32, 1_000)).await?;
    let old = bucket.store.head(&key).await?.etag;
    let read = bucket.store.read_range(&key, 0..10, Some(&old)).await?;
    ensure!(read == noise(32, 10), "other bytes");

    store(bucket, &key, &noise(33, 1_000)).await?;
    let read = bucket.store.read_range(&key, 0..10, Some(&old)).await;
    ensure!(matches!(read, Err(StoreError::Precondition)), "{read:?}");
    Ok(())
}

pub async fn the_bucket_is_checked_with_our_own_credentials(bucket: &Bucket) -> Result<()> {
    bucket.store.check().await?;
    let good = settings(&bucket.target);

    let elsewhere = S3Store::connect(&S3Settings { bucket: "no-such-bucket".into(), ..good.clone() }).await?;
    ensure!(elsewhere.check().await.is_err(), "a bucket that does not exist was found");

    let access_key_id = bucket.target.access_key_id.clone();
    let credentials = CredentialsFrom::Fixed { access_key_id, secret_access_key: "guessed".into() };
    let stranger = S3Store::connect(&S3Settings { credentials, ..good }).await?;
    let refused = stranger.check().await;
    ensure!(matches!(refused, Err(StoreError::PermissionDenied(_))), "{refused:?}");
    Ok(())
}
