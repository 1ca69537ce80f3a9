//! Taking in a body and putting an object in place: what Put, Copy and Complete share.

use http::HeaderMap;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, TrailingHeaders, s3_error};

use super::errors;
use super::fields::{Claims, trailing_checksum};
use crate::blob::{PendingBlob, WrittenBody, write_body};
use crate::catalogue::{CommitError, Precondition};
use crate::checksum::{Algorithm, hex};
use crate::manifest::{ObjectManifest, StoredPart};
use crate::store::{CreatedBy, EmbeddedStore};

/// S3's limit for one body: a `PutObject`, a part, a copied object.
pub(super) const BODY_LIMIT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// A body on its way in, and what is claimed of it.
pub(super) struct Incoming {
    pub(super) body: Option<StreamingBlob>,
    pub(super) content_length: Option<i64>,
    /// The checksum to take of it.
    pub(super) algorithm: Algorithm,
    pub(super) claims: Claims,
    pub(super) headers: HeaderMap,
    pub(super) trailers: Option<TrailingHeaders>,
}

impl EmbeddedStore {
    /// Writes a body to disk and holds it against its claims. Nothing refers to it yet.
    pub(super) async fn receive(&self, incoming: Incoming) -> S3Result<WrittenBody> {
        let Incoming { body, content_length, algorithm, claims, headers, trailers } = incoming;
        let length = content_length.and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
            s3_error!(MissingContentLength, "You must provide the Content-Length HTTP header.")
        })?;
        if length > BODY_LIMIT_BYTES {
            return Err(s3_error!(
                EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed object size"
            ));
        }
        let body = body.ok_or_else(|| s3_error!(IncompleteBody, "The request has no body"))?;
        let written = write_body(&self.inner.layout, &self.inner.in_flight, algorithm, length, body)
            .await
            .map_err(errors::body)?;
        if written.size_bytes != length {
            return Err(s3_error!(
                IncompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP header"
            ));
        }
        if claims.md5.is_some_and(|claimed| claimed != written.md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        let claimed = match claims.checksum {
            Some(claimed) => Some(claimed),
            None => {
                let trailing = trailing_checksum(algorithm, trailers.as_ref())?;
                // One of another algorithm is not there, either: it would count without being verified.
                if headers.contains_key("x-amz-trailer") && trailing.is_none() {
                    return Err(s3_error!(
                        InvalidRequest,
                        "The checksum announced in x-amz-trailer is missing"
                    ));
                }
                trailing
            }
        };
        if claimed.is_some_and(|claimed| claimed != written.checksum) {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.s3_name()
            ));
        }
        Ok(written)
    }

    /// Puts an object in place and tells of it. Carries on when the client hangs up.
    pub(super) async fn put_in_place(
        &self,
        manifest: ObjectManifest,
        body: PendingBlob,
        condition: Precondition,
        created_by: CreatedBy,
    ) -> S3Result<ObjectManifest> {
        let store = self.clone();
        detached(async move {
            match store.inner.objects.commit(manifest.clone(), &condition).await {
                Ok(()) => {
                    body.keep();
                    store.announce(&manifest, created_by);
                    Ok(manifest)
                }
                Err(error @ CommitError::InDoubt(_)) => {
                    // The rename may have reached the disk: the body stays, for the sweep to judge.
                    body.keep();
                    Err(errors::commit(error))
                }
                Err(error @ (CommitError::Disk(_) | CommitError::Precondition)) => Err(errors::commit(error)),
            }
        })
        .await
    }
}

/// A written body as the only, or the next, part of something.
pub(super) fn stored_part(part_number: u16, written: &WrittenBody) -> StoredPart {
    StoredPart {
        part_number,
        blob: written.blob,
        size_bytes: written.size_bytes,
        etag: hex(&written.md5),
        checksum: written.checksum.clone(),
        last_modified: super::fields::now(),
    }
}

/// Runs a change to its end, whether or not somebody still waits for the answer: hyper drops a
/// request's future when its client hangs up, and half a change must not be left.
pub(super) async fn detached<T: Send + 'static>(
    change: impl Future<Output = S3Result<T>> + Send + 'static,
) -> S3Result<T> {
    tokio::spawn(change)
        .await
        .unwrap_or_else(|error| Err(s3_error!(error, InternalError, "The store failed while writing")))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::checksum::ChecksumType;
    use crate::manifest::ObjectHeaders;

    #[tokio::test]
    async fn a_trailing_checksum_of_another_algorithm_is_refused_rather_than_left_out() {
        let (_folder, store) = EmbeddedStore::of_a_test().await;
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-amz-trailer"),
            http::HeaderValue::from_static("x-amz-checksum-crc32"),
        )]);
        let received = store.receive(Incoming {
            body: Some(StreamingBlob::from(s3s::Body::from(Bytes::from_static(b"bytes")))),
            content_length: Some(5),
            algorithm: Algorithm::Crc64Nvme,
            claims: Claims::default(),
            headers,
            trailers: None,
        });
        let error = received.await.map(|_| ()).unwrap_err();
        assert_eq!(error.code().as_str(), "InvalidRequest");
    }

    #[tokio::test]
    async fn a_body_whose_manifest_could_not_be_written_is_removed() {
        let (folder, store) = EmbeddedStore::of_a_test().await;
        let inner = &store.inner;
        let bytes = futures::stream::iter([Ok(Bytes::from_static(b"bytes"))]);
        let written =
            write_body(&inner.layout, &inner.in_flight, Algorithm::Crc32, 100, bytes).await.unwrap();
        let part = stored_part(1, &written);
        let manifest = ObjectManifest {
            key: "key".to_owned(),
            size_bytes: part.size_bytes,
            etag: part.etag.clone(),
            last_modified: part.last_modified,
            checksum: part.checksum.clone(),
            checksum_type: ChecksumType::FullObject,
            headers: ObjectHeaders::default(),
            parts: vec![part],
            upload_id: None,
        };
        // Without the folder for temporary files no manifest can be written, as on a full disk.
        std::fs::remove_dir(folder.path().join("temporary")).unwrap();
        let put = store.put_in_place(manifest, written.pending, Precondition::None, CreatedBy::Put).await;
        assert!(put.is_err());
        assert_eq!(inner.layout.all_blobs().unwrap(), []);
    }
}
