//! Complete: what it verifies, and that a refused one loses nothing.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedPart};

use crate::refusal::{Refusal, refusal};
use crate::sample::{checksum, noise, wrong_checksum};
use crate::target::S3Target;
use crate::upload::{PART_BYTES, Upload, read, store};

/// A wrong ETag, a part that was never sent, a wrong order: each named, and the right list still
/// completes.
pub async fn f32_a_wrong_list_of_parts_leaves_the_upload_open(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "wrong_list/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let first = upload.send(1, &noise(70, PART_BYTES)).await?;
    let second = upload.send(2, &noise(71, 100)).await?;
    let never_sent = CompletedPart::builder().part_number(3).set_e_tag(second.e_tag.clone()).build();
    let wrong_etag =
        CompletedPart::builder().part_number(2).e_tag("\"00000000000000000000000000000000\"").build();
    for (mistake, parts, code) in [
        ("wrong ETag", vec![first.clone(), wrong_etag], "InvalidPart"),
        ("never sent", vec![first.clone(), second.clone(), never_sent], "InvalidPart"),
        ("wrong order", vec![second.clone(), first.clone()], "InvalidPartOrder"),
    ] {
        let refused = refusal(upload.complete(parts).send().await)?;
        ensure!(refused == Refusal { status: 400, code: code.into() }, "{mistake}: {refused:?}");
    }
    upload.complete(vec![first, second]).send().await?;
    let whole = read(&upload.client, target, &upload.key).await?;
    ensure!(whole == [noise(70, PART_BYTES), noise(71, 100)].concat(), "other bytes");
    Ok(())
}

/// `EntityTooSmall`, after which the part can be sent again, larger.
pub async fn a_part_too_small_leaves_the_upload_open(target: &S3Target) -> Result<()> {
    if !target.capabilities.smallest_part_enforced {
        return Ok(());
    }
    let upload = Upload::open(target, "too_small/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let small = upload.send(1, &noise(72, PART_BYTES - 1)).await?;
    let last = upload.send(2, &noise(73, 100)).await?;
    let refused = refusal(upload.complete(vec![small, last.clone()]).send().await)?;
    ensure!(refused == Refusal { status: 400, code: "EntityTooSmall".into() }, "{refused:?}");
    let large = upload.send(1, &noise(74, PART_BYTES)).await?;
    upload.complete(vec![large, last]).send().await?;
    let whole = read(&upload.client, target, &upload.key).await?;
    ensure!(whole == [noise(74, PART_BYTES), noise(73, 100)].concat(), "other bytes");
    Ok(())
}

/// CRC64NVME over all bytes, computed by the server from its parts: a wrong one refuses the
/// completion, a right one is kept and told.
pub async fn the_checksum_of_the_whole_is_verified(target: &S3Target) -> Result<()> {
    let algorithm = ChecksumAlgorithm::Crc64Nvme;
    let upload = Upload::open(target, "whole_checksum/photo.jpg", algorithm.clone()).await?;
    let bytes = [noise(75, PART_BYTES), noise(76, PART_BYTES), noise(77, 99)];
    let mut parts = Vec::new();
    for (number, bytes) in (1..).zip(&bytes) {
        parts.push(upload.send(number, bytes).await?);
    }
    let complete = |sum: String| {
        let complete = upload.complete(parts.clone()).checksum_type(ChecksumType::FullObject);
        complete.checksum_crc64_nvme(sum).send()
    };
    let refused = refusal(complete(wrong_checksum(&algorithm)).await)?;
    ensure!(refused.status == 400, "{refused:?}");
    let missing = refusal(upload.client.head_object().bucket(&target.bucket).key(&upload.key).send().await)?;
    ensure!(missing.status == 404, "the refused completion made an object");

    let right = checksum(&algorithm, &bytes.concat());
    complete(right.clone()).await?;
    let head = upload.client.head_object().bucket(&target.bucket).key(&upload.key);
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await?;
    ensure!(head.checksum_crc64_nvme() == Some(&right), "{:?}", head.checksum_crc64_nvme());
    Ok(())
}

/// SHA-256 of the parts' SHA-256s; a part's checksum in the list must be its own.
pub async fn composed_checksums_are_verified(target: &S3Target) -> Result<()> {
    let algorithm = ChecksumAlgorithm::Sha256;
    let upload = Upload::open(target, "composed/photo.jpg", algorithm.clone()).await?;
    let first = upload.send(1, &noise(78, PART_BYTES)).await?;
    let second = upload.send(2, &noise(79, 100)).await?;
    let lying = CompletedPart::builder()
        .part_number(2)
        .set_e_tag(second.e_tag.clone())
        .checksum_sha256(wrong_checksum(&algorithm))
        .build();
    let refused = refusal(upload.complete(vec![first.clone(), lying]).send().await)?;
    ensure!(refused.status == 400, "{refused:?}");
    upload.complete(vec![first, second]).send().await?;
    let head = upload.client.head_object().bucket(&target.bucket).key(&upload.key);
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await?;
    let told = head.checksum_sha256().context("no checksum")?;
    ensure!(told.ends_with("-2"), "{told} is not composed of two");
    Ok(())
}

/// The answer got lost: asking again gives the same one, as long as the object is that one.
pub async fn completing_again_gives_the_same_answer(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "again/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let part = upload.send(1, &noise(80, 1_000)).await?;
    let complete = || upload.complete(vec![part.clone()]).send();
    let first = complete().await?;
    if target.capabilities.repeated_complete {
        let second = complete().await?;
        ensure!(second.e_tag() == first.e_tag(), "{:?} is not {:?}", second.e_tag(), first.e_tag());
        let conditional = upload.complete(vec![part.clone()]).if_none_match("*").send().await?;
        ensure!(conditional.e_tag() == first.e_tag(), "{:?} is not {:?}", conditional.e_tag(), first.e_tag());
    }
    // Another object at the key is no proof that this upload succeeded.
    store(&upload.client, target, &upload.key, &noise(81, 10)).await?;
    let replaced = refusal(complete().await)?;
    ensure!(replaced.code == "NoSuchUpload", "{replaced:?}");
    Ok(())
}

/// `If-None-Match: *` on Complete: refused when something is there, and the upload stays open.
pub async fn completing_can_ask_that_nothing_be_there(target: &S3Target) -> Result<()> {
    if !target.capabilities.conditional_writes {
        return Ok(());
    }
    let upload = Upload::open(target, "complete_absent/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let part = upload.send(1, &noise(82, 1_000)).await?;
    let there = noise(83, 10);
    store(&upload.client, target, &upload.key, &there).await?;
    let complete = || upload.complete(vec![part.clone()]).if_none_match("*").send();
    let refused = refusal(complete().await)?;
    ensure!(refused == Refusal { status: 412, code: "PreconditionFailed".into() }, "{refused:?}");
    ensure!(read(&upload.client, target, &upload.key).await? == there, "the refused completion wrote");

    upload.client.delete_object().bucket(&target.bucket).key(&upload.key).send().await?;
    complete().await?;
    ensure!(read(&upload.client, target, &upload.key).await? == noise(82, 1_000), "other bytes");
    Ok(())
}
