//! Objects and multipart uploads, as Amazon's client makes them.

use anyhow::{Context as _, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use crate::sample::checksum;
use crate::target::S3Target;

/// S3's smallest part that is not the last.
pub const PART_BYTES: usize = 5 * 1024 * 1024;

/// Reads an object whole.
///
/// # Errors
/// As the server refuses.
pub async fn read(client: &Client, target: &S3Target, key: &str) -> Result<Bytes> {
    let object = client.get_object().bucket(&target.bucket).key(key).send().await?;
    Ok(object.body.collect().await?.into_bytes())
}

/// Stores a small object; its ETag.
///
/// # Errors
/// As the server refuses.
pub async fn store(client: &Client, target: &S3Target, key: &str, bytes: &Bytes) -> Result<String> {
    let body = ByteStream::from(bytes.clone());
    let stored = client.put_object().bucket(&target.bucket).key(key).body(body).send().await?;
    stored.e_tag.context("a PUT is answered with an ETag")
}

/// An open multipart upload, and the parts that went up.
pub struct Upload<'a> {
    /// The client it goes through.
    pub client: Client,
    /// The server it is on.
    pub target: &'a S3Target,
    /// The key it is for.
    pub key: String,
    /// Its id.
    pub id: String,
    /// The checksum its parts bring.
    pub algorithm: ChecksumAlgorithm,
}

impl<'a> Upload<'a> {
    /// Opens an upload that declares its algorithm, with S3's default type for it.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn open(target: &'a S3Target, key: &str, algorithm: ChecksumAlgorithm) -> Result<Self> {
        let client = target.client();
        let create = client.create_multipart_upload().bucket(&target.bucket).key(key);
        let opened = create.checksum_algorithm(algorithm.clone()).content_type("image/jpeg").send().await?;
        let id = opened.upload_id.context("an opened upload has an id")?;
        Ok(Self { client, target, key: key.to_owned(), id, algorithm })
    }

    /// Sends a part with its checksum.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn send(&self, number: i32, bytes: &Bytes) -> Result<CompletedPart> {
        let sum = checksum(&self.algorithm, bytes);
        let put = self.client.upload_part().bucket(&self.target.bucket).key(&self.key).upload_id(&self.id);
        let put = put.part_number(number).body(bytes.clone().into());
        let part = CompletedPart::builder().part_number(number);
        let (put, part) = match self.algorithm {
            ChecksumAlgorithm::Sha256 => (put.checksum_sha256(&sum), part.checksum_sha256(sum)),
            ChecksumAlgorithm::Crc64Nvme => (put.checksum_crc64_nvme(&sum), part.checksum_crc64_nvme(sum)),
            ChecksumAlgorithm::Crc32 => (put.checksum_crc32(&sum), part.checksum_crc32(sum)),
            _ => (put.checksum_crc32_c(&sum), part.checksum_crc32_c(sum)),
        };
        let sent = put.send().await?;
        Ok(part.set_e_tag(sent.e_tag).build())
    }

    /// A completion of these parts, to be sent.
    pub fn complete(&self, parts: Vec<CompletedPart>) -> CompleteMultipartUploadFluentBuilder {
        self.client
            .complete_multipart_upload()
            .bucket(&self.target.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
    }
}
