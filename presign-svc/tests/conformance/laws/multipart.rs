//! Uploads in parts: opened and joined by the service, sent by the browser.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::StreamExt as _;
use reqwest::Method;
use windlass_presign_svc::domain::object_key::ObjectKey;
use windlass_presign_svc::ports::object_store::{
    MultipartCompletion, MultipartId, ObjectStore as _, PartToJoin, PartToSign, SignedRequest, StoreError,
    StoreResult, StoredPart,
};
use windlass_protocol::{Checksum, PartNumber};
use windlass_s3_suite::sample::noise;
use windlass_s3_suite::sending::Sending;

use super::signed::crc64;
use crate::bucket::{Bucket, key, quarter_hour, sending};

/// The smallest part S3 takes, in bytes.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// A store lists a thousand parts at a time.
const MORE_THAN_A_PAGE: u32 = 1_005;
const AT_ONCE: usize = 16;

/// An open upload and the parts sent so far.
struct Upload<'b> {
    bucket: &'b Bucket,
    key: ObjectKey,
    id: MultipartId,
    sent: Vec<PartToJoin>,
}

impl<'b> Upload<'b> {
    async fn open(bucket: &'b Bucket, name: &str) -> Result<Self> {
        let key = key(name)?;
        let id = bucket.store.create_multipart(&key, "video/mp4").await?;
        Ok(Self { bucket, key, id, sent: Vec::new() })
    }

    async fn sign(&self, parts: &[(u32, &Bytes)]) -> Result<Vec<SignedRequest>> {
        let parts = parts.iter().map(|(number, bytes)| {
            Ok(PartToSign {
                part_number: PartNumber::try_from(*number)?,
                size_bytes: Some(bytes.len() as u64),
                checksum: Some(crc64(bytes)),
            })
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        Ok(self.bucket.store.sign_parts(&self.key, &self.id, &parts, quarter_hour()).await?)
    }

    /// Signs parts together and sends them one by one.
    async fn send(&mut self, parts: &[(u32, &Bytes)]) -> Result<()> {
        let signed = self.sign(parts).await?;
        ensure!(signed.len() == parts.len(), "{} of {} parts were signed", signed.len(), parts.len());
        for ((number, bytes), signed) in parts.iter().zip(signed) {
            let answer = sending(Method::PUT, &signed, bytes).accepted().await?;
            let etag = answer.headers().get("etag").context("no ETag for a part")?.to_str()?.to_owned();
            let part_number = PartNumber::try_from(*number)?;
            self.sent.push(PartToJoin { part_number, etag, checksum: Some(crc64(bytes)) });
        }
        Ok(())
    }

    async fn complete(&self, parts: &[PartToJoin], checksum: Option<&Checksum>) -> StoreResult<()> {
        let completion = MultipartCompletion {
            key: &self.key,
            multipart: &self.id,
            parts,
            checksum,
            only_if_absent: self.bucket.target.capabilities.conditional_writes,
        };
        self.bucket.store.complete_multipart(&completion).await
    }
}

pub async fn parts_sent_by_signed_urls_become_the_object(bucket: &Bucket) -> Result<()> {
    let mut upload = Upload::open(bucket, "parts.mp4").await?;
    let (first, last) = (noise(10, PART_BYTES), noise(11, 1_234));
    // Out of order, as they arrive from a phone.
    upload.send(&[(2, &last), (1, &first)]).await?;

    let listed = bucket.store.list_parts(&upload.key, &upload.id).await?;
    let found: Vec<_> = listed.iter().map(|part| (part.part_number.get(), part.size_bytes)).collect();
    ensure!(found == [(1, PART_BYTES as u64), (2, 1_234)], "{found:?}");
    upload.sent.sort_by_key(|part| part.part_number);
    for (listed, sent) in listed.iter().zip(&upload.sent) {
        ensure!(listed.etag == sent.etag, "{listed:?} is not {sent:?}");
        ensure!(listed.checksum == sent.checksum, "{listed:?} is not {sent:?}");
    }

    let whole = [&first[..], &last[..]].concat();
    upload.complete(&upload.sent, Some(&crc64(&whole))).await?;
    let head = bucket.store.head(&upload.key).await?;
    ensure!(head.size_bytes == whole.len() as u64, "{head:?}");
    ensure!(head.content_type.as_deref() == Some("video/mp4"), "{head:?}");
    ensure!(head.checksum == Some(crc64(&whole)), "{head:?}");
    let seam = PART_BYTES as u64 - 10..PART_BYTES as u64 + 10;
    let across = bucket.store.read_range(&upload.key, seam, Some(&head.etag)).await?;
    ensure!(across == whole[PART_BYTES - 10..PART_BYTES + 10], "other bytes across a seam");
    Ok(())
}

pub async fn a_part_is_bound_to_its_size_number_and_checksum(bucket: &Bucket) -> Result<()> {
    let upload = Upload::open(bucket, "bound-part.mp4").await?;
    let bytes = noise(12, 20_000);
    let signed = upload.sign(&[(3, &bytes)]).await?.pop().context("no URL")?;
    let put = || sending(Method::PUT, &signed, &bytes);
    let changes = [
        ("a byte more", Sending { body: noise(12, 20_001), ..put() }),
        ("other bytes", Sending { body: noise(13, 20_000), ..put() }),
        ("another number", Sending { url: signed.url.replace("partNumber=3", "partNumber=4"), ..put() }),
        ("another upload", Sending { url: signed.url.replace("uploadId=", "uploadId=0"), ..put() }),
        ("another checksum", put().header("x-amz-checksum-crc64nvme", &crc64(b"other").to_string())),
    ];
    for (change, sending) in changes {
        sending.refused().await.context(change)?;
    }
    let listed = bucket.store.list_parts(&upload.key, &upload.id).await?;
    ensure!(listed.is_empty(), "{listed:?}");
    put().accepted().await?;
    Ok(())
}

/// F38: a client that knew of the first thousand alone would send the others again.
pub async fn f38_more_parts_than_a_page_holds_are_all_listed(bucket: &Bucket) -> Result<()> {
    let upload = Upload::open(bucket, "pages.mp4").await?;
    let bytes = noise(12, 64);
    let numbers: Vec<u32> = (1..=MORE_THAN_A_PAGE).collect();
    let parts: Vec<_> = numbers.iter().map(|number| (*number, &bytes)).collect();
    let signed = upload.sign(&parts).await?;
    let sent = signed.iter().map(|signed| sending(Method::PUT, signed, &bytes).accepted());
    let sent: Vec<_> = futures::stream::iter(sent).buffer_unordered(AT_ONCE).collect().await;
    sent.into_iter().collect::<Result<Vec<_>, _>>()?;
    let listed = bucket.store.list_parts(&upload.key, &upload.id).await?;
    let found: Vec<u32> = listed.iter().map(|part| part.part_number.into()).collect();
    ensure!(found == numbers, "{} parts, not {MORE_THAN_A_PAGE}: {found:?}", found.len());
    let whole = |part: &StoredPart| part.size_bytes == bytes.len() as u64 && !part.etag.is_empty();
    ensure!(listed.iter().all(whole), "{listed:?}");
    bucket.store.abort_multipart(&upload.key, &upload.id).await?;
    Ok(())
}

pub async fn f32_a_wrong_list_of_parts_leaves_the_upload_open(bucket: &Bucket) -> Result<()> {
    let mut upload = Upload::open(bucket, "wrong-list.mp4").await?;
    let (first, last) = (noise(14, PART_BYTES), noise(15, 10));
    upload.send(&[(1, &first), (2, &last)]).await?;
    let [one, two] = &upload.sent[..] else { anyhow::bail!("{:?}", upload.sent) };
    let never_sent = PartToJoin { part_number: 3.try_into()?, ..two.clone() };
    let other_etag = PartToJoin { etag: one.etag.clone(), checksum: None, ..two.clone() };
    for wrong in
        [vec![one.clone(), other_etag], vec![one.clone(), never_sent], vec![two.clone(), one.clone()]]
    {
        let refused = upload.complete(&wrong, None).await;
        ensure!(matches!(refused, Err(StoreError::InvalidPart)), "{wrong:?}: {refused:?}");
    }
    ensure!(bucket.store.list_parts(&upload.key, &upload.id).await?.len() == 2, "parts were lost");
    upload.complete(&upload.sent, None).await?;
    Ok(())
}

pub async fn a_small_part_is_told_where_the_store_minds(bucket: &Bucket) -> Result<()> {
    if !bucket.target.capabilities.smallest_part_enforced {
        return Ok(());
    }
    let mut upload = Upload::open(bucket, "small-part.mp4").await?;
    let (small, last) = (noise(16, 1_000), noise(17, 10));
    upload.send(&[(1, &small), (2, &last)]).await?;
    let refused = upload.complete(&upload.sent, None).await;
    ensure!(matches!(refused, Err(StoreError::PartTooSmall)), "{refused:?}");
    Ok(())
}

pub async fn the_checksum_of_the_whole_is_held_against_it(bucket: &Bucket) -> Result<()> {
    let mut upload = Upload::open(bucket, "whole.mp4").await?;
    let bytes = noise(18, 2_000);
    upload.send(&[(1, &bytes)]).await?;
    let refused = upload.complete(&upload.sent, Some(&crc64(b"another film"))).await;
    ensure!(matches!(refused, Err(StoreError::ChecksumMismatch)), "{refused:?}");
    let head = bucket.store.head(&upload.key).await;
    ensure!(matches!(head, Err(StoreError::NotFound)), "{head:?}");
    Ok(())
}

pub async fn completing_again_is_no_second_object(bucket: &Bucket) -> Result<()> {
    let mut upload = Upload::open(bucket, "again.mp4").await?;
    let bytes = noise(19, 2_000);
    upload.send(&[(1, &bytes)]).await?;
    upload.complete(&upload.sent, None).await?;
    let before = bucket.store.head(&upload.key).await?;
    let again = upload.complete(&upload.sent, None).await;
    if bucket.target.capabilities.repeated_complete {
        ensure!(again.is_ok(), "{again:?}");
    } else {
        ensure!(matches!(again, Err(StoreError::NoSuchUpload)), "{again:?}");
    }
    ensure!(bucket.store.head(&upload.key).await? == before, "the object changed");
    Ok(())
}

pub async fn an_aborted_upload_is_gone_and_may_be_aborted_again(bucket: &Bucket) -> Result<()> {
    let mut upload = Upload::open(bucket, "aborted.mp4").await?;
    let bytes = noise(20, 2_000);
    upload.send(&[(1, &bytes)]).await?;
    let signed = upload.sign(&[(2, &bytes)]).await?.pop().context("no URL")?;
    for _ in 0..2 {
        bucket.store.abort_multipart(&upload.key, &upload.id).await?;
    }
    let listed = bucket.store.list_parts(&upload.key, &upload.id).await;
    ensure!(matches!(listed, Err(StoreError::NoSuchUpload)), "{listed:?}");
    let completed = upload.complete(&upload.sent, None).await;
    ensure!(matches!(completed, Err(StoreError::NoSuchUpload)), "{completed:?}");
    let refused = sending(Method::PUT, &signed, &bytes).refused().await?;
    ensure!(refused.status == 404, "{refused:?}");
    Ok(())
}
