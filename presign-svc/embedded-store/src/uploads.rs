//! The open multipart uploads: their manifests and their parts, on disk.

use std::io;
use std::sync::Arc;

use crate::blob::PendingBlob;
use crate::catalogue::{Catalogue, NamedLocks};
use crate::layout::{BlobId, Layout, UploadId, blocking, read_json, sync_folder};
use crate::manifest::{ObjectManifest, StoredPart, UploadManifest};

/// The uploads of the bucket.
#[derive(Debug)]
pub(crate) struct Uploads {
    layout: Arc<Layout>,
    /// Taken before a key's lock, never after it.
    locks: NamedLocks,
}

/// An upload that nobody else changes meanwhile.
pub(crate) struct LockedUpload<'a> {
    pub(crate) manifest: UploadManifest,
    layout: &'a Arc<Layout>,
    _exclusive: tokio::sync::RwLockWriteGuard<'a, ()>,
}

impl Uploads {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        Self { layout, locks: NamedLocks::new() }
    }

    /// Opens an upload: when this returns it survives a crash.
    pub(crate) async fn create(&self, manifest: UploadManifest) -> io::Result<()> {
        let layout = Arc::clone(&self.layout);
        blocking(move || {
            let staged = layout.stage(&manifest)?;
            std::fs::create_dir(layout.upload_folder(manifest.upload_id))?;
            staged.commit(&layout.upload_path(manifest.upload_id))?;
            sync_folder(&layout.uploads_folder())
        })
        .await
    }

    /// The upload of that id, if it is open.
    pub(crate) async fn find(&self, upload: UploadId) -> io::Result<Option<UploadManifest>> {
        let path = self.layout.upload_path(upload);
        blocking(move || read_json(&path)).await
    }

    /// The upload of that id, kept from changing until the guard is dropped.
    pub(crate) async fn lock(&self, upload: UploadId) -> io::Result<Option<LockedUpload<'_>>> {
        let exclusive = self.locks.write(&upload.to_string()).await;
        let manifest = self.find(upload).await?;
        Ok(manifest.map(|manifest| LockedUpload { manifest, layout: &self.layout, _exclusive: exclusive }))
    }

    /// All open uploads.
    pub(crate) async fn all(&self) -> io::Result<Vec<UploadManifest>> {
        let layout = Arc::clone(&self.layout);
        blocking(move || read_all(&layout)).await
    }

    /// Parts after a number, at most so many, in order.
    pub(crate) async fn parts_after(
        &self,
        upload: UploadId,
        after: u16,
        limit: usize,
    ) -> io::Result<Vec<StoredPart>> {
        let layout = Arc::clone(&self.layout);
        blocking(move || {
            let numbers = layout.part_numbers(upload)?.into_iter().filter(|number| *number > after);
            read_parts(&layout, upload, numbers.take(limit))
        })
        .await
    }
}

impl LockedUpload<'_> {
    /// Takes a part in, in place of an earlier one of that number.
    pub(crate) async fn put_part(&self, part: StoredPart, body: PendingBlob) -> io::Result<()> {
        let layout = Arc::clone(self.layout);
        let target = layout.part_path(self.manifest.upload_id, part.part_number);
        blocking(move || {
            let replaced: Option<StoredPart> = read_json(&target)?;
            let committed = layout.stage(&part)?.commit(&target);
            // Even if that failed, the rename may have reached the disk: the body stays, for the sweep to judge.
            body.keep();
            committed?;
            if let Some(replaced) = replaced {
                layout.remove_blobs(&[replaced.blob]);
            }
            Ok(())
        })
        .await
    }

    /// All parts, in order.
    pub(crate) async fn parts(&self) -> io::Result<Vec<StoredPart>> {
        let (layout, upload) = (Arc::clone(self.layout), self.manifest.upload_id);
        blocking(move || {
            let numbers = layout.part_numbers(upload)?;
            read_parts(&layout, upload, numbers.into_iter())
        })
        .await
    }

    /// The object that it has become, where closing it failed after its completion: that has its bodies now.
    pub(crate) async fn object(&self, objects: &Catalogue) -> io::Result<Option<ObjectManifest>> {
        let object = objects.find(&self.manifest.key).await?;
        Ok(object.filter(|object| object.upload_id == Some(self.manifest.upload_id)))
    }

    /// Closes the upload and deletes the parts that are in no object.
    pub(crate) async fn close(self, unused: Vec<BlobId>) -> io::Result<()> {
        let (layout, upload) = (Arc::clone(self.layout), self.manifest.upload_id);
        blocking(move || close(&layout, upload, &unused)).await
    }

    /// Ends the upload without an object. Should it have one nevertheless, because closing it
    /// failed after its completion, the object keeps its parts.
    pub(crate) async fn abort(self, objects: &Catalogue) -> io::Result<()> {
        let parts = self.parts().await?;
        let unused = match self.object(objects).await? {
            Some(object) => unused_parts(parts, &object),
            None => parts.into_iter().map(|part| part.blob).collect(),
        };
        self.close(unused).await
    }
}

/// After a crash between an object's commit and the closing of its upload: closes the upload,
/// before anyone could abort it and so delete parts the object now owns.
pub(crate) async fn close_completed(
    layout: &Arc<Layout>,
    uploads: &Uploads,
    objects: &Catalogue,
) -> io::Result<()> {
    for upload in uploads.all().await? {
        let Some(object) = objects.find(&upload.key).await? else { continue };
        if object.upload_id != Some(upload.upload_id) {
            continue;
        }
        let Some(locked) = uploads.lock(upload.upload_id).await? else { continue };
        let unused = unused_parts(locked.parts().await?, &object);
        locked.close(unused).await?;
    }
    let layout = Arc::clone(layout);
    blocking(move || {
        // A crash while an upload was being opened leaves a folder without a manifest.
        for upload in layout.open_uploads()? {
            if !layout.upload_path(upload).exists() {
                close(&layout, upload, &[])?;
            }
        }
        Ok(())
    })
    .await
}

/// The parts of an upload that its object does not contain.
pub(crate) fn unused_parts(parts: Vec<StoredPart>, object: &ObjectManifest) -> Vec<BlobId> {
    let used: std::collections::HashSet<BlobId> = object.parts.iter().map(|part| part.blob).collect();
    parts.into_iter().map(|part| part.blob).filter(|blob| !used.contains(blob)).collect()
}

/// What the sweep must keep: the parts of open uploads.
pub(crate) fn blobs_of_open_uploads(layout: &Layout) -> io::Result<Vec<BlobId>> {
    let mut blobs = Vec::new();
    for upload in layout.open_uploads()? {
        let numbers = layout.part_numbers(upload)?;
        blobs.extend(read_parts(layout, upload, numbers.into_iter())?.into_iter().map(|part| part.blob));
    }
    Ok(blobs)
}

fn close(layout: &Layout, upload: UploadId, unused: &[BlobId]) -> io::Result<()> {
    let aside = layout.temporary_path();
    std::fs::rename(layout.upload_folder(upload), &aside)?;
    sync_folder(&layout.uploads_folder())?;
    layout.remove_blobs(unused);
    std::fs::remove_dir_all(&aside)
}

fn read_all(layout: &Layout) -> io::Result<Vec<UploadManifest>> {
    let mut uploads = Vec::new();
    for upload in layout.open_uploads()? {
        // One that was closed meanwhile is simply not there.
        uploads.extend(read_json::<UploadManifest>(&layout.upload_path(upload))?);
    }
    Ok(uploads)
}

fn read_parts(
    layout: &Layout,
    upload: UploadId,
    numbers: impl Iterator<Item = u16>,
) -> io::Result<Vec<StoredPart>> {
    let mut parts = Vec::new();
    for part_number in numbers {
        parts.extend(read_json::<StoredPart>(&layout.part_path(upload, part_number))?);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::blob::{InFlight, write_body};
    use crate::checksum::{Algorithm, ChecksumType, hex};
    use crate::manifest::ObjectHeaders;

    #[tokio::test]
    async fn a_part_keeps_its_body_only_once_its_record_may_be_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        layout.prepare().unwrap();
        let (layout, in_flight) = (Arc::new(layout), Arc::<InFlight>::default());
        let uploads = Uploads::new(Arc::clone(&layout));
        let upload_id = UploadId::random();
        let manifest = UploadManifest {
            upload_id,
            key: "key".to_owned(),
            initiated: time::OffsetDateTime::UNIX_EPOCH,
            headers: ObjectHeaders::default(),
            checksum_algorithm: Algorithm::Crc32,
            checksum_type: ChecksumType::FullObject,
            checksum_declared: false,
        };
        uploads.create(manifest).await.unwrap();
        let upload = uploads.lock(upload_id).await.unwrap().unwrap();
        let written = async || {
            let bytes = futures::stream::iter([Ok(Bytes::from_static(b"bytes"))]);
            let body = write_body(&layout, &in_flight, Algorithm::Crc32, 100, bytes).await.unwrap();
            let part = StoredPart {
                part_number: 1,
                blob: body.blob,
                size_bytes: body.size_bytes,
                etag: hex(&body.md5),
                checksum: body.checksum,
                last_modified: time::OffsetDateTime::UNIX_EPOCH,
            };
            (part, body.pending)
        };

        // Without the folder for temporary files no record can be written, as on a full disk.
        std::fs::remove_dir(folder.path().join("temporary")).unwrap();
        let (part, body) = written().await;
        upload.put_part(part, body).await.unwrap_err();
        assert_eq!(layout.all_blobs().unwrap(), []);

        // Without the upload's folder the record is written, and fails on its way into place.
        layout.prepare().unwrap();
        std::fs::remove_dir_all(layout.upload_folder(upload_id)).unwrap();
        let (part, body) = written().await;
        let blob = part.blob;
        upload.put_part(part, body).await.unwrap_err();
        assert_eq!(layout.all_blobs().unwrap(), [blob]);
    }
}
