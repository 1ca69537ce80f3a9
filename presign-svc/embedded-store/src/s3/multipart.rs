//! Multipart uploads up to their completion: create, parts, list, abort.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, StorageClass, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::errors::{self, no_such_upload};
use super::fields::{
    Claims, checksum_fields, count, etag, named_algorithm, now, object_headers, page_size, parse_content_md5,
    parse_type, set_checksum, signed, single_checksum, timestamp, write_type,
};
use super::receive::{Incoming, detached, stored_part};
use crate::blob::PendingBlob;
use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::layout::UploadId;
use crate::manifest::{StoredPart, UploadManifest};
use crate::store::EmbeddedStore;

const PART_NUMBER_LIMIT: u16 = 10_000;

impl EmbeddedStore {
    pub(super) async fn create_multipart_upload(
        &self,
        mut input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let declared = named_algorithm(input.checksum_algorithm.as_ref(), &http::HeaderMap::new())?;
        let algorithm = declared.unwrap_or(Algorithm::Crc64Nvme);
        let checksum_type = match input.checksum_type.as_ref().map(parse_type).transpose()? {
            Some(_) if declared.is_none() => {
                return Err(s3_error!(InvalidRequest, "x-amz-checksum-type needs x-amz-checksum-algorithm"));
            }
            Some(checksum_type) if !algorithm.allows(checksum_type) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "The {} checksum type cannot be used with the {} checksum algorithm.",
                    write_type(checksum_type).as_str(),
                    algorithm.s3_name()
                ));
            }
            Some(checksum_type) => checksum_type,
            None => algorithm.default_type(),
        };
        let manifest = UploadManifest {
            upload_id: UploadId::random(),
            key: input.key.clone(),
            initiated: now(),
            headers: object_headers!(input),
            checksum_algorithm: algorithm,
            checksum_type,
            checksum_declared: declared.is_some(),
        };
        let upload_id = manifest.upload_id.to_string();
        let store = self.clone();
        detached(async move { store.inner.uploads.create(manifest).await.map_err(errors::disk) }).await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id),
            checksum_algorithm: declared.map(write_algorithm),
            checksum_type: declared.map(|_| write_type(checksum_type)),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let S3Request { mut input, headers, trailing_headers, .. } = req;
        let number = part_number(Some(input.part_number))?;
        let upload = self.open_upload(&input.upload_id, &input.key).await?;
        let claimed = single_checksum(checksum_fields!(input))?;
        let named = named_algorithm(input.checksum_algorithm.as_ref(), &headers)?;
        check_part_checksum(&upload, claimed.as_ref(), named)?;
        let claims = Claims { md5: parse_content_md5(input.content_md5.as_deref())?, checksum: claimed };
        let written = self
            .receive(Incoming {
                body: input.body.take(),
                content_length: input.content_length,
                algorithm: upload.checksum_algorithm,
                claims,
                headers,
                trailers: trailing_headers,
            })
            .await?;

        let part = stored_part(number, &written);
        let mut output = UploadPartOutput { e_tag: Some(etag(&part.etag)), ..UploadPartOutput::default() };
        set_checksum!(output, part.checksum.algorithm, part.checksum.to_base64());
        self.take_part_in(upload.upload_id, part, written.pending).await?;
        Ok(output)
    }

    pub(super) async fn list_parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let page = page_size(input.max_parts, "max-parts")?;
        let marker = input.part_number_marker.unwrap_or(0);
        // A marker past every part number is past every part.
        let after = u16::try_from(marker.max(0)).unwrap_or(u16::MAX);
        let upload = self.open_upload(&input.upload_id, &input.key).await?;
        let parts =
            self.inner.uploads.parts_after(upload.upload_id, after, page + 1).await.map_err(errors::disk)?;
        let truncated = parts.len() > page;
        let parts: Vec<Part> = parts.into_iter().take(page).map(|part| describe(&part)).collect();
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(marker),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            max_parts: Some(count(page)),
            is_truncated: Some(truncated),
            parts: Some(parts),
            checksum_algorithm: Some(write_algorithm(upload.checksum_algorithm)),
            checksum_type: Some(write_type(upload.checksum_type)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
            return Err(s3_error!(NotImplemented, "This store lists uploads without a delimiter"));
        }
        let page = page_size(input.max_uploads, "max-uploads")?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = |upload: &UploadManifest| match (&input.key_marker, &input.upload_id_marker) {
            (None, _) => true,
            (Some(key), None) => upload.key > *key,
            (Some(key), Some(id)) => (&upload.key, upload.upload_id.to_string()) > (key, id.clone()),
        };
        let mut uploads = self.inner.uploads.all().await.map_err(errors::disk)?;
        uploads.retain(|upload| upload.key.starts_with(&prefix) && after(upload));
        uploads.sort_by(|a, b| (&a.key, a.upload_id).cmp(&(&b.key, b.upload_id)));
        let truncated = uploads.len() > page;
        uploads.truncate(page);
        let last = uploads.last();
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: Some(input.key_marker.unwrap_or_default()),
            upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
            next_key_marker: last.filter(|_| truncated).map(|upload| upload.key.clone()),
            next_upload_id_marker: last.filter(|_| truncated).map(|upload| upload.upload_id.to_string()),
            max_uploads: Some(count(page)),
            is_truncated: Some(truncated),
            uploads: Some(
                uploads
                    .into_iter()
                    .map(|upload| MultipartUpload {
                        key: Some(upload.key),
                        upload_id: Some(upload.upload_id.to_string()),
                        initiated: Some(timestamp(upload.initiated)),
                        checksum_algorithm: Some(write_algorithm(upload.checksum_algorithm)),
                        checksum_type: Some(write_type(upload.checksum_type)),
                        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                        ..MultipartUpload::default()
                    })
                    .collect(),
            ),
            ..ListMultipartUploadsOutput::default()
        })
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        input: AbortMultipartUploadInput,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let upload_id = self.open_upload(&input.upload_id, &input.key).await?.upload_id;
        let store = self.clone();
        detached(async move {
            let upload = store.inner.uploads.lock(upload_id).await.map_err(errors::disk)?;
            upload.ok_or_else(no_such_upload)?.abort(&store.inner.objects).await.map_err(errors::disk)
        })
        .await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    /// The upload of that id, if it is open and for that key.
    pub(super) async fn open_upload(&self, upload_id: &str, key: &str) -> S3Result<UploadManifest> {
        let upload_id = UploadId::parse(upload_id).ok_or_else(no_such_upload)?;
        let upload = self.inner.uploads.find(upload_id).await.map_err(errors::disk)?;
        upload.filter(|upload| upload.key == key).ok_or_else(no_such_upload)
    }

    /// Makes a written body a part of its upload, which may have been ended meanwhile.
    pub(super) async fn take_part_in(
        &self,
        upload_id: UploadId,
        part: StoredPart,
        body: PendingBlob,
    ) -> S3Result<()> {
        let store = self.clone();
        detached(async move {
            let upload = store.inner.uploads.lock(upload_id).await.map_err(errors::disk)?;
            let upload = upload.ok_or_else(no_such_upload)?;
            // A part in place of an earlier one would take the body of the object away.
            if upload.object(&store.inner.objects).await.map_err(errors::disk)?.is_some() {
                return Err(no_such_upload());
            }
            upload.put_part(part, body).await.map_err(errors::disk)
        })
        .await
    }
}

/// S3 numbers parts from 1 to 10,000.
pub(super) fn part_number(number: Option<i32>) -> S3Result<u16> {
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (1..=PART_NUMBER_LIMIT).contains(number))
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and {PART_NUMBER_LIMIT}, inclusive"
            )
        })
}

/// A part may bring the checksum its upload declared, and no other; where the object's checksum is
/// made of the parts', it must.
fn check_part_checksum(
    upload: &UploadManifest,
    claimed: Option<&Checksum>,
    named: Option<Algorithm>,
) -> S3Result<()> {
    let brought = claimed.map(|claimed| claimed.algorithm).or(named);
    let expected = upload.checksum_declared.then_some(upload.checksum_algorithm);
    let must = expected.is_some() && upload.checksum_type == ChecksumType::Composite;
    if brought == expected || (brought.is_none() && !must) {
        return Ok(());
    }
    let name = |algorithm: Option<Algorithm>| algorithm.map_or("null", Algorithm::s3_name);
    Err(s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        name(expected),
        name(brought)
    ))
}

fn write_algorithm(algorithm: Algorithm) -> ChecksumAlgorithm {
    ChecksumAlgorithm::from_static(algorithm.s3_name())
}

fn describe(part: &StoredPart) -> Part {
    let mut described = Part {
        part_number: Some(i32::from(part.part_number)),
        size: Some(signed(part.size_bytes)),
        e_tag: Some(etag(&part.etag)),
        last_modified: Some(timestamp(part.last_modified)),
        ..Part::default()
    };
    set_checksum!(described, part.checksum.algorithm, part.checksum.to_base64());
    described
}
