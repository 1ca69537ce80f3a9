//! Bytes that do not match what was said of them must never become an object.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::refusal;
use crate::sample::{checksum, noise, wrong_checksum};
use crate::target::S3Target;
use crate::upload::{read, store};

fn algorithms() -> [ChecksumAlgorithm; 4] {
    [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha256,
    ]
}

fn with_checksum(
    put: PutObjectFluentBuilder,
    algorithm: &ChecksumAlgorithm,
    sum: String,
) -> PutObjectFluentBuilder {
    match algorithm {
        ChecksumAlgorithm::Crc32 => put.checksum_crc32(sum),
        ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(sum),
        ChecksumAlgorithm::Sha256 => put.checksum_sha256(sum),
        _ => put.checksum_crc32_c(sum),
    }
}

/// One flipped byte on the way is told 400, and what was there before still is.
pub async fn a_wrong_checksum_is_refused_and_the_old_object_stays(target: &S3Target) -> Result<()> {
    let client = target.client();
    for algorithm in algorithms() {
        let (key, old) = (format!("wrong_checksum/{algorithm}"), noise(20, 5_000));
        store(&client, target, &key, &old).await?;
        let put = client.put_object().bucket(&target.bucket).key(&key).body(noise(21, 5_000).into());
        let refused = refusal(with_checksum(put, &algorithm, wrong_checksum(&algorithm)).send().await)?;
        ensure!(refused.status == 400, "{algorithm}: {refused:?}");
        ensure!(read(&client, target, &key).await? == old, "{algorithm}: the old object is gone");
    }
    Ok(())
}

/// The checksum of a PUT comes back with HEAD when asked for.
pub async fn a_right_checksum_is_kept_and_told(target: &S3Target) -> Result<()> {
    let client = target.client();
    for algorithm in algorithms() {
        let (key, bytes) = (format!("right_checksum/{algorithm}"), noise(22, 5_000));
        let sum = checksum(&algorithm, &bytes);
        let put = client.put_object().bucket(&target.bucket).key(&key).body(bytes.into());
        with_checksum(put, &algorithm, sum.clone()).send().await.with_context(|| algorithm.to_string())?;
        let head = client.head_object().bucket(&target.bucket).key(&key).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await?;
        let told = match algorithm {
            ChecksumAlgorithm::Crc32 => head.checksum_crc32(),
            ChecksumAlgorithm::Crc64Nvme => head.checksum_crc64_nvme(),
            ChecksumAlgorithm::Sha256 => head.checksum_sha256(),
            _ => head.checksum_crc32_c(),
        };
        ensure!(told == Some(&sum), "{algorithm}: {told:?} is not {sum}");
    }
    Ok(())
}

/// `Content-MD5`, the older way to say the same.
pub async fn a_wrong_content_md5_is_refused(target: &S3Target) -> Result<()> {
    let client = target.client();
    let put = client.put_object().bucket(&target.bucket).key("wrong_md5").body(noise(23, 5_000).into());
    let refused = refusal(put.content_md5(STANDARD.encode([7; 16])).send().await)?;
    ensure!(refused.status == 400, "{refused:?}");
    let missing = refusal(client.get_object().bucket(&target.bucket).key("wrong_md5").send().await)?;
    ensure!(missing.status == 404, "{missing:?}");
    Ok(())
}

/// A streamed body with its checksum behind it, as Amazon's own clients send it by default.
pub async fn a_trailing_checksum_is_verified(target: &S3Target) -> Result<()> {
    if !target.capabilities.trailing_checksums {
        return Ok(());
    }
    let client = target.client();
    let config =
        client.config().to_builder().request_checksum_calculation(RequestChecksumCalculation::WhenSupported);
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let bytes = noise(24, 300_000);
    // A file is streamed: its checksum cannot be known when the headers go out.
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &bytes)?;
    let put = client
        .put_object()
        .bucket(&target.bucket)
        .key("trailing")
        .body(ByteStream::from_path(file.path()).await?);
    put.checksum_algorithm(ChecksumAlgorithm::Crc32C).send().await?;
    ensure!(read(&client, target, "trailing").await? == bytes, "the framing became part of the object");
    let head =
        client.head_object().bucket(&target.bucket).key("trailing").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await?;
    let expected = checksum(&ChecksumAlgorithm::Crc32C, &bytes);
    ensure!(head.checksum_crc32_c() == Some(&expected), "{:?}", head.checksum_crc32_c());
    ensure!(head.content_encoding().is_none_or(str::is_empty), "{:?}", head.content_encoding());
    Ok(())
}
