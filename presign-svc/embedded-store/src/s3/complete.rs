//! Completing a multipart upload: its parts become the object, no byte is moved.
//!
//! Whatever is refused here (a missing part, a wrong ETag, a part too small, a checksum that does
//! not fit, a condition that does not hold) leaves the upload open with all its parts.

use std::collections::HashMap;

use s3s::dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart};
use s3s::{S3Error, S3Result, s3_error};

use super::conditions;
use super::errors::{self, no_such_upload};
use super::fields::{
    ChecksumFields, checksum_fields, etag, now, parse_checksum, parse_type, set_checksum, single_checksum,
    single_checksum_text, write_type,
};
use super::multipart::part_number;
use super::receive::detached;
use crate::blob::all_on_disk;
use crate::catalogue::Precondition;
use crate::checksum::{Checksum, ChecksumType, md5_from_hex, multipart_etag};
use crate::layout::UploadId;
use crate::manifest::{ObjectManifest, StoredPart, UploadManifest};
use crate::store::{CreatedBy, EmbeddedStore};
use crate::uploads::unused_parts;

/// Every part but the last must have at least 5 MiB.
const SMALLEST_PART_BYTES: u64 = 5 * 1024 * 1024;

/// What a Complete asks for, parsed.
struct Request {
    upload_id: UploadId,
    key: String,
    parts: Vec<Listed>,
    condition: Precondition,
    checksum: ChecksumFields,
    checksum_type: Option<ChecksumType>,
    size_bytes: Option<i64>,
}

/// A part as the client lists it.
struct Listed {
    part_number: u16,
    etag: String,
    checksum: Option<Checksum>,
}

impl EmbeddedStore {
    pub(super) async fn complete_multipart_upload(
        &self,
        mut input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let listed = input.multipart_upload.take().and_then(|listed| listed.parts).unwrap_or_default();
        if listed.is_empty() {
            return Err(s3_error!(MalformedXML, "You must specify at least one part"));
        }
        let request = Request {
            upload_id: UploadId::parse(&input.upload_id).ok_or_else(no_such_upload)?,
            parts: listed.into_iter().map(read_listed).collect::<S3Result<_>>()?,
            condition: conditions::for_write(input.if_match.as_ref(), input.if_none_match.as_ref())?,
            checksum: checksum_fields!(input),
            checksum_type: input.checksum_type.as_ref().map(parse_type).transpose()?,
            size_bytes: input.mpu_object_size,
            key: input.key.clone(),
        };
        if !request.parts.is_sorted_by(|a, b| a.part_number < b.part_number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            ));
        }
        let store = self.clone();
        let object = detached(async move { store.complete(request).await }).await?;

        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(etag(&object.etag)),
            checksum_type: Some(write_type(object.checksum_type)),
            ..CompleteMultipartUploadOutput::default()
        };
        set_checksum!(output, object.checksum.algorithm, object.checksum_text());
        Ok(output)
    }

    async fn complete(&self, request: Request) -> S3Result<ObjectManifest> {
        let upload = self.inner.uploads.lock(request.upload_id).await.map_err(errors::disk)?;
        let Some(upload) = upload.filter(|upload| upload.manifest.key == request.key) else {
            return self.completed_before(&request).await;
        };
        if let Some(object) = upload.object(&self.inner.objects).await.map_err(errors::disk)? {
            // Where the first Complete failed at the last moment, the object may be in place and not yet on disk.
            self.inner.objects.make_durable(&object.key).await.map_err(errors::disk)?;
            if let Err(error) = upload.abort(&self.inner.objects).await {
                tracing::error!(%error, key = object.key, "a completed upload could not be closed");
            }
            return self.completed_before(&request).await;
        }
        let uploaded = upload.parts().await.map_err(errors::disk)?;
        let parts = choose_parts(&upload.manifest, &uploaded, &request.parts)?;
        if !all_on_disk(&self.inner.layout, &parts).await.map_err(errors::disk)? {
            return Err(invalid_part());
        }
        let object = compose(&upload.manifest, parts)?;
        check_whole(&object, request.checksum, request.checksum_type, request.size_bytes)?;

        self.inner.objects.commit(object.clone(), &request.condition).await.map_err(errors::commit)?;
        self.announce(&object, CreatedBy::CompleteMultipartUpload);
        let unused = unused_parts(uploaded, &object);
        if let Err(error) = upload.close(unused).await {
            // The object stands; another Complete, or opening the store again, closes its upload.
            tracing::error!(%error, key = object.key, "a completed upload could not be closed");
        }
        Ok(object)
    }

    /// The answer to a Complete of an upload that was completed before: the same as the first time,
    /// if the object at the key came from it and of the same parts.
    async fn completed_before(&self, request: &Request) -> S3Result<ObjectManifest> {
        let object = self.inner.objects.find(&request.key).await.map_err(errors::disk)?;
        let object =
            object.filter(|object| object.upload_id == Some(request.upload_id)).ok_or_else(no_such_upload)?;
        let same = object.parts.len() == request.parts.len()
            && object
                .parts
                .iter()
                .zip(&request.parts)
                .all(|(part, listed)| part.part_number == listed.part_number && part.etag == listed.etag);
        if same { Ok(object) } else { Err(invalid_part()) }
    }
}

fn read_listed(mut part: CompletedPart) -> S3Result<Listed> {
    Ok(Listed {
        part_number: part_number(part.part_number)?,
        etag: part.e_tag.take().ok_or_else(invalid_part)?.value().to_owned(),
        checksum: single_checksum(checksum_fields!(part))?,
    })
}

/// The uploaded parts that the client lists, held against what it says of them.
fn choose_parts(
    upload: &UploadManifest,
    uploaded: &[StoredPart],
    listed: &[Listed],
) -> S3Result<Vec<StoredPart>> {
    let uploaded: HashMap<u16, &StoredPart> = uploaded.iter().map(|part| (part.part_number, part)).collect();
    let checksums_required = upload.checksum_declared && upload.checksum_type == ChecksumType::Composite;
    let mut chosen = Vec::with_capacity(listed.len());
    for (position, listed) in listed.iter().enumerate() {
        let part = uploaded.get(&listed.part_number).filter(|part| part.etag == listed.etag);
        let part = *part.ok_or_else(invalid_part)?;
        match &listed.checksum {
            Some(checksum) if *checksum != part.checksum => return Err(invalid_part()),
            None if checksums_required => {
                return Err(s3_error!(
                    InvalidRequest,
                    "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {} in the request.",
                    upload.checksum_algorithm.s3_name().to_lowercase(),
                    listed.part_number
                ));
            }
            _ => {}
        }
        chosen.push((position, part));
    }
    let last = chosen.len().saturating_sub(1);
    if let Some((_, part)) =
        chosen.iter().find(|(at, part)| *at != last && part.size_bytes < SMALLEST_PART_BYTES)
    {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size: part {} has {} bytes, every part but the last needs {SMALLEST_PART_BYTES}",
            part.part_number,
            part.size_bytes
        ));
    }
    Ok(chosen.into_iter().map(|(_, part)| part.clone()).collect())
}

/// The object that these parts make.
fn compose(upload: &UploadManifest, parts: Vec<StoredPart>) -> S3Result<ObjectManifest> {
    let md5s: Option<Vec<[u8; 16]>> = parts.iter().map(|part| md5_from_hex(&part.etag)).collect();
    let checksum = match upload.checksum_type {
        ChecksumType::Composite => {
            Some(Checksum::composite(upload.checksum_algorithm, parts.iter().map(|part| &part.checksum)))
        }
        ChecksumType::FullObject => Checksum::full_object(
            upload.checksum_algorithm,
            parts.iter().map(|part| (&part.checksum, part.size_bytes)),
        ),
    };
    let (Some(md5s), Some(checksum)) = (md5s, checksum) else {
        return Err(s3_error!(InternalError, "The record of a part cannot be understood"));
    };
    Ok(ObjectManifest {
        key: upload.key.clone(),
        size_bytes: parts.iter().map(|part| part.size_bytes).sum(),
        etag: multipart_etag(&md5s),
        last_modified: now(),
        checksum,
        checksum_type: upload.checksum_type,
        headers: upload.headers.clone(),
        parts,
        upload_id: Some(upload.upload_id),
    })
}

/// Holds the object against what the client says of the whole.
fn check_whole(
    object: &ObjectManifest,
    checksum: ChecksumFields,
    checksum_type: Option<ChecksumType>,
    size_bytes: Option<i64>,
) -> S3Result<()> {
    if size_bytes.is_some_and(|claimed| u64::try_from(claimed).ok() != Some(object.size_bytes)) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header value does not match what was computed: {} bytes",
            object.size_bytes
        ));
    }
    if checksum_type.is_some_and(|claimed| claimed != object.checksum_type) {
        return Err(s3_error!(
            InvalidRequest,
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            write_type(object.checksum_type).as_str()
        ));
    }
    let Some((algorithm, text)) = single_checksum_text(checksum)? else { return Ok(()) };
    // A composed checksum is written with the number of parts; some clients leave it out.
    let digest = match object.checksum_type {
        ChecksumType::Composite => text.strip_suffix(&format!("-{}", object.parts.len())).unwrap_or(&text),
        ChecksumType::FullObject => &text,
    };
    if parse_checksum(algorithm, digest)? == object.checksum {
        return Ok(());
    }
    Err(s3_error!(
        BadDigest,
        "The {} you specified did not match the calculated checksum.",
        algorithm.s3_name()
    ))
}

fn invalid_part() -> S3Error {
    s3_error!(
        InvalidPart,
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
    )
}
