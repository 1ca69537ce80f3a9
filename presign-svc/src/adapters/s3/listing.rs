//! What is in the bucket, page by page.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use time::OffsetDateTime;

use super::error::meaning;
use crate::ports::object_store::{
    BucketEntry, MultipartId, MultipartMark, MultipartPage, ObjectPage, OpenMultipart, StoreError,
    StoreResult,
};

pub(super) async fn objects(
    client: &Client,
    bucket: &str,
    prefix: &str,
    after: Option<&str>,
) -> StoreResult<ObjectPage> {
    let page = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .set_start_after(after.map(str::to_owned))
        .send()
        .await
        .map_err(meaning)?;
    let objects = page.contents.unwrap_or_default().into_iter().map(|object| {
        let size_bytes = object.size.and_then(|size| u64::try_from(size).ok());
        Ok(BucketEntry {
            size_bytes: size_bytes.ok_or_else(odd)?,
            etag: object.e_tag,
            written_at: moment(object.last_modified.as_ref())?,
            key: object.key.ok_or_else(odd)?,
        })
    });
    let objects = objects.collect::<StoreResult<Vec<_>>>()?;
    let is_last = page.is_truncated != Some(true);
    // A store that knows no `start-after` gives its first page each time: to read all pages would never end.
    if !is_last && after.is_some() && objects.last().map(|last| last.key.as_str()) == after {
        let why = "a listing begins again: the store does not know start-after (ListObjectsV2)";
        return Err(StoreError::Unexpected(why.to_owned()));
    }
    Ok(ObjectPage { objects, is_last })
}

pub(super) async fn multiparts(
    client: &Client,
    bucket: &str,
    prefix: &str,
    after: Option<&MultipartMark>,
) -> StoreResult<MultipartPage> {
    let page = client
        .list_multipart_uploads()
        .bucket(bucket)
        .prefix(prefix)
        .set_key_marker(after.map(|mark| mark.key.clone()))
        .set_upload_id_marker(after.and_then(|mark| mark.id.clone()))
        .send()
        .await
        .map_err(meaning)?;
    let next = match (page.is_truncated, page.next_key_marker) {
        (Some(true), Some(key)) => Some(MultipartMark { key, id: page.next_upload_id_marker }),
        _ => None,
    };
    let multiparts = page.uploads.unwrap_or_default().into_iter().map(|upload| {
        Ok(OpenMultipart {
            opened_at: moment(upload.initiated.as_ref())?,
            key: upload.key.ok_or_else(odd)?,
            id: MultipartId(upload.upload_id.ok_or_else(odd)?),
        })
    });
    Ok(MultipartPage { multiparts: multiparts.collect::<StoreResult<_>>()?, next })
}

fn moment(date: Option<&DateTime>) -> StoreResult<OffsetDateTime> {
    let nanos = date.map(DateTime::as_nanos).ok_or_else(odd)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| odd())
}

fn odd() -> StoreError {
    StoreError::Unexpected("a listing lacks a key, a size or a date".to_owned())
}
