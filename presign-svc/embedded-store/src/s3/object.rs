//! Whole objects: put, get, head, attributes, delete.

use futures::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use http_body_util::StreamBody;
use hyper::body::Frame;
use s3s::dto::{
    Checksum as S3Checksum, ChecksumMode, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, DeletedObject, Error as DeleteError, GetObjectAttributesInput,
    GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, ObjectAttributes, ObjectPart, PutObjectInput, PutObjectOutput, StorageClass,
    StreamingBlob,
};
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

use super::conditions::{self, ReadConditions, span};
use super::errors::{self, no_such_key};
use super::fields::{
    Claims, checksum_fields, count, etag, give_headers, named_algorithm, now, object_headers, page_size,
    parse_content_md5, set_checksum, signed, single_checksum, timestamp, write_type,
};
use super::receive::{Incoming, detached, stored_part};
use crate::blob::read_range;
use crate::catalogue::Precondition;
use crate::checksum::{Algorithm, ChecksumType};
use crate::manifest::ObjectManifest;
use crate::store::{CreatedBy, EmbeddedStore};

/// S3's limit of one `DeleteObjects`.
const DELETE_LIMIT: usize = 1000;

impl EmbeddedStore {
    pub(super) async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let S3Request { mut input, headers: request_headers, trailing_headers, .. } = req;
        let condition = conditions::for_write(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let claimed = single_checksum(checksum_fields!(input))?;
        let named = named_algorithm(input.checksum_algorithm.as_ref(), &request_headers)?;
        let algorithm =
            claimed.as_ref().map(|claimed| claimed.algorithm).or(named).unwrap_or(Algorithm::Crc64Nvme);
        let claims = Claims { md5: parse_content_md5(input.content_md5.as_deref())?, checksum: claimed };
        let headers = object_headers!(input);
        let written = self
            .receive(Incoming {
                body: input.body.take(),
                content_length: input.content_length,
                algorithm,
                claims,
                headers: request_headers,
                trailers: trailing_headers,
            })
            .await?;

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
        let object = self.put_in_place(manifest, written.pending, condition, CreatedBy::Put).await?;

        let mut output = PutObjectOutput {
            e_tag: Some(etag(&object.etag)),
            checksum_type: Some(write_type(object.checksum_type)),
            ..PutObjectOutput::default()
        };
        set_checksum!(output, object.checksum.algorithm, object.checksum_text());
        Ok(output)
    }

    pub(super) async fn get_object(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        let (object, lease) =
            self.inner.objects.open(&input.key).await.map_err(errors::disk)?.ok_or_else(no_such_key)?;
        ReadConditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        }
        .check(&object)?;
        let span = span(&object, input.range.as_ref(), input.part_number)?;
        let bytes = read_range(self.inner.layout.clone(), &object.parts, span.from, span.length)
            // The claim on the files lives as long as the stream that reads them.
            .inspect(move |_| {
                let _ = &lease;
            })
            .map_ok(Frame::data);

        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::from(Body::http_body_unsync(StreamBody::new(bytes)))),
            content_length: Some(signed(span.length)),
            content_range: span.content_range(&object),
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(timestamp(object.last_modified)),
            parts_count: input.part_number.and(parts_count(&object)),
            ..GetObjectOutput::default()
        };
        if wants_checksum(input.checksum_mode.as_ref()) && !span.partial {
            set_checksum!(output, object.checksum.algorithm, object.checksum_text());
            output.checksum_type = Some(write_type(object.checksum_type));
        }
        give_headers!(output, object.headers);
        Ok(output)
    }

    pub(super) async fn head_object(&self, input: HeadObjectInput) -> S3Result<S3Response<HeadObjectOutput>> {
        let object =
            self.inner.objects.find(&input.key).await.map_err(errors::disk)?.ok_or_else(no_such_key)?;
        ReadConditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        }
        .check(&object)?;
        let span = span(&object, input.range.as_ref(), input.part_number)?;
        let mut output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(signed(span.length)),
            content_range: span.content_range(&object),
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(timestamp(object.last_modified)),
            parts_count: input.part_number.and(parts_count(&object)),
            ..HeadObjectOutput::default()
        };
        if wants_checksum(input.checksum_mode.as_ref()) && !span.partial {
            set_checksum!(output, object.checksum.algorithm, object.checksum_text());
            output.checksum_type = Some(write_type(object.checksum_type));
        }
        give_headers!(output, object.headers);
        let status = if span.partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        Ok(S3Response::with_status(output, status))
    }

    pub(super) async fn get_object_attributes(
        &self,
        input: GetObjectAttributesInput,
    ) -> S3Result<GetObjectAttributesOutput> {
        let object =
            self.inner.objects.find(&input.key).await.map_err(errors::disk)?.ok_or_else(no_such_key)?;
        let wanted = |name: &str| input.object_attributes.iter().any(|attribute| attribute.as_str() == name);
        let mut output = GetObjectAttributesOutput {
            last_modified: Some(timestamp(object.last_modified)),
            ..GetObjectAttributesOutput::default()
        };
        if wanted(ObjectAttributes::ETAG) {
            output.e_tag = Some(etag(&object.etag));
        }
        if wanted(ObjectAttributes::OBJECT_SIZE) {
            output.object_size = Some(signed(object.size_bytes));
        }
        if wanted(ObjectAttributes::STORAGE_CLASS) {
            output.storage_class = Some(StorageClass::from_static(StorageClass::STANDARD));
        }
        if wanted(ObjectAttributes::CHECKSUM) {
            let mut checksum =
                S3Checksum { checksum_type: Some(write_type(object.checksum_type)), ..S3Checksum::default() };
            set_checksum!(checksum, object.checksum.algorithm, object.checksum_text());
            output.checksum = Some(checksum);
        }
        if wanted(ObjectAttributes::OBJECT_PARTS) && object.upload_id.is_some() {
            let page = page_size(input.max_parts, "max-parts")?;
            output.object_parts = Some(part_attributes(&object, page, input.part_number_marker.unwrap_or(0)));
        }
        Ok(output)
    }

    pub(super) async fn delete_object(&self, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        let condition = conditions::for_write(input.if_match.as_ref(), None)?;
        self.delete(input.key, condition).await?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_objects(&self, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
        if input.delete.objects.len() > DELETE_LIMIT {
            return Err(s3_error!(MalformedXML, "A request deletes at most {DELETE_LIMIT} objects"));
        }
        let quiet = input.delete.quiet.unwrap_or(false);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            let condition = object
                .e_tag
                .map_or(Precondition::None, |expected| Precondition::ETag(expected.value().to_owned()));
            match self.delete(object.key.clone(), condition).await {
                Ok(()) if quiet => {}
                Ok(()) => deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() }),
                Err(error) => errors.push(DeleteError {
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    key: Some(object.key),
                    version_id: None,
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        })
    }

    async fn delete(&self, key: String, condition: Precondition) -> S3Result<()> {
        let store = self.clone();
        detached(async move { store.inner.objects.remove(&key, &condition).await.map_err(errors::commit) })
            .await
    }
}

fn wants_checksum(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case(ChecksumMode::ENABLED))
}

fn parts_count(object: &ObjectManifest) -> Option<i32> {
    object.upload_id.map(|_| count(object.parts.len()))
}

fn part_attributes(object: &ObjectManifest, page: usize, marker: i32) -> GetObjectAttributesParts {
    let mut rest = object.parts.iter().filter(|part| i32::from(part.part_number) > marker);
    let parts: Vec<ObjectPart> = rest
        .by_ref()
        .take(page)
        .map(|part| {
            let mut described = ObjectPart {
                part_number: Some(i32::from(part.part_number)),
                size: Some(signed(part.size_bytes)),
                ..ObjectPart::default()
            };
            set_checksum!(described, part.checksum.algorithm, part.checksum.to_base64());
            described
        })
        .collect();
    GetObjectAttributesParts {
        is_truncated: Some(rest.next().is_some()),
        max_parts: Some(count(page)),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        part_number_marker: Some(marker),
        parts: Some(parts),
        total_parts_count: Some(count(object.parts.len())),
    }
}
