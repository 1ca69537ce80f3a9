//! Copies within the bucket: a whole object, or a range of one as a part of another.

use futures::TryStreamExt as _;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, MetadataDirective,
    Range, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Result, StdError, s3_error};

use super::conditions::{ReadConditions, Span, span};
use super::errors::{self, no_such_key, precondition_failed};
use super::fields::{etag, named_algorithm, now, object_headers, set_checksum, timestamp, write_type};
use super::multipart::part_number;
use super::receive::{BODY_LIMIT_BYTES, stored_part};
use crate::blob::{BodyError, WrittenBody, read_range, write_body};
use crate::catalogue::Precondition;
use crate::checksum::{Algorithm, ChecksumType};
use crate::leases::Lease;
use crate::manifest::ObjectManifest;
use crate::store::{CreatedBy, EmbeddedStore};

impl EmbeddedStore {
    pub(super) async fn copy_object(&self, mut input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
        let conditions = ReadConditions {
            if_match: input.copy_source_if_match.take(),
            if_none_match: input.copy_source_if_none_match.take(),
            if_modified_since: input.copy_source_if_modified_since.take(),
            if_unmodified_since: input.copy_source_if_unmodified_since.take(),
        };
        let (source, lease) = self.copy_source(&input.copy_source, &conditions).await?;
        let replaces_headers = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        if source.key == input.key && !replaces_headers {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata"
            ));
        }
        let headers = if replaces_headers { object_headers!(input) } else { source.headers.clone() };
        let algorithm = named_algorithm(input.checksum_algorithm.as_ref(), &http::HeaderMap::new())?;
        let whole = Span { from: 0, length: source.size_bytes, partial: false };
        let written =
            self.copy_bytes(&source, &lease, whole, algorithm.unwrap_or(source.checksum.algorithm)).await?;

        let part = stored_part(1, &written);
        let manifest = ObjectManifest {
            key: input.key,
            size_bytes: part.size_bytes,
            etag: part.etag.clone(),
            last_modified: now(),
            checksum: part.checksum.clone(),
            checksum_type: ChecksumType::FullObject,
            headers,
            parts: vec![part],
            upload_id: None,
        };
        let object =
            self.put_in_place(manifest, written.pending, Precondition::None, CreatedBy::Copy).await?;
        let mut result = CopyObjectResult {
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(timestamp(object.last_modified)),
            checksum_type: Some(write_type(object.checksum_type)),
            ..CopyObjectResult::default()
        };
        set_checksum!(result, object.checksum.algorithm, object.checksum_text());
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
    }

    pub(super) async fn upload_part_copy(
        &self,
        input: UploadPartCopyInput,
    ) -> S3Result<UploadPartCopyOutput> {
        let number = part_number(Some(input.part_number))?;
        let upload = self.open_upload(&input.upload_id, &input.key).await?;
        let conditions = ReadConditions {
            if_match: input.copy_source_if_match,
            if_none_match: input.copy_source_if_none_match,
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        };
        let (source, lease) = self.copy_source(&input.copy_source, &conditions).await?;
        let range = input.copy_source_range.as_deref().map(|text| copied_range(text, &source)).transpose()?;
        let span = span(&source, range.as_ref(), None)?;
        let written = self.copy_bytes(&source, &lease, span, upload.checksum_algorithm).await?;

        let part = stored_part(number, &written);
        let mut result = CopyPartResult {
            e_tag: Some(etag(&part.etag)),
            last_modified: Some(timestamp(part.last_modified)),
            ..CopyPartResult::default()
        };
        set_checksum!(result, part.checksum.algorithm, part.checksum.to_base64());
        self.take_part_in(upload.upload_id, part, written.pending).await?;
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
    }

    async fn copy_source(
        &self,
        source: &CopySource,
        wanted: &ReadConditions,
    ) -> S3Result<(ObjectManifest, Lease)> {
        let CopySource::Bucket { bucket, key, version_id: _ } = source else {
            return Err(s3_error!(NotImplemented, "This store copies from its own bucket only"));
        };
        if **bucket != *self.inner.config.bucket {
            return Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"));
        }
        let (object, lease) =
            self.inner.objects.open(key).await.map_err(errors::disk)?.ok_or_else(no_such_key)?;
        // Where a read would be told 304, a copy is told 412.
        wanted.check(&object).map_err(|_| precondition_failed())?;
        Ok((object, lease))
    }

    async fn copy_bytes(
        &self,
        source: &ObjectManifest,
        _lease: &Lease,
        span: Span,
        algorithm: Algorithm,
    ) -> S3Result<WrittenBody> {
        if span.length > BODY_LIMIT_BYTES {
            return Err(s3_error!(InvalidRequest, "One copy moves at most 5 GiB: copy in parts"));
        }
        let bytes = read_range(self.inner.layout.clone(), &source.parts, span.from, span.length)
            .map_err(|error| Box::new(error) as StdError);
        let written = write_body(&self.inner.layout, &self.inner.in_flight, algorithm, span.length, bytes)
            .await
            .map_err(|error| match error {
                BodyError::Source(error) => s3_error!(InternalError, "The source could not be read: {error}"),
                other => errors::body(other),
            })?;
        if written.size_bytes != span.length {
            return Err(s3_error!(
                InternalError,
                "The source is shorter on disk than it was when it was stored"
            ));
        }
        Ok(written)
    }
}

/// `x-amz-copy-source-range` must name both ends, within the source.
fn copied_range(text: &str, source: &ObjectManifest) -> S3Result<Range> {
    match Range::parse(text) {
        Ok(range @ Range::Int { first: _, last: Some(last) }) if last < source.size_bytes => Ok(range),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last, within the source of {} bytes",
            source.size_bytes
        )),
    }
}
