//! Clean-up: uploads nobody finishes, and bodies that a crash left without an object.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::layout::{BlobId, blocking};
use crate::manifest::ObjectManifest;
use crate::store::EmbeddedStore;
use crate::uploads::blobs_of_open_uploads;

/// What [`EmbeddedStore::remove_stale_uploads`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovedUploads {
    /// Multipart uploads aborted.
    pub uploads: usize,
    /// Bytes of their parts.
    pub size_bytes: u64,
}

/// What [`EmbeddedStore::remove_orphaned_bodies`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovedBodies {
    /// Files deleted.
    pub bodies: usize,
}

impl EmbeddedStore {
    /// Aborts multipart uploads that were begun longer ago than `older_than`, as S3's lifecycle
    /// rule `AbortIncompleteMultipartUpload` does.
    ///
    /// # Errors
    /// When the disk fails; what was done before stays done.
    pub async fn remove_stale_uploads(&self, older_than: Duration) -> io::Result<RemovedUploads> {
        let mut removed = RemovedUploads::default();
        let now = OffsetDateTime::now_utc();
        for upload in self.inner.uploads.all().await? {
            if now - upload.initiated < older_than {
                continue;
            }
            let Some(upload) = self.inner.uploads.lock(upload.upload_id).await? else { continue };
            removed.size_bytes += upload.parts().await?.iter().map(|part| part.size_bytes).sum::<u64>();
            removed.uploads += 1;
            upload.abort(&self.inner.objects).await?;
        }
        Ok(removed)
    }

    /// Deletes bodies that belong to no object and no open upload: what a crash left between
    /// writing a body and referring to it. Reads every manifest; once a day is often enough.
    ///
    /// # Errors
    /// When a manifest cannot be read: nothing is deleted then, for it might refer to any body.
    pub async fn remove_orphaned_bodies(&self) -> io::Result<RemovedBodies> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            // The order matters. Bodies on disk first; then those in use without a manifest: each
            // body of the first list is now in use, or has its manifest, or is an orphan. Uploads
            // before objects, because Complete moves parts from the one to the other. Last those
            // that only readers hold: what was replaced while the manifests were read is there.
            let on_disk = inner.layout.all_blobs()?;
            let mut needed: HashSet<BlobId> = inner.in_flight.snapshot();
            needed.extend(blobs_of_open_uploads(&inner.layout)?);
            inner.layout.for_each_object(|object: ObjectManifest| needed.extend(object.blobs()))?;
            needed.extend(inner.objects.leases().retired());
            let orphans: Vec<BlobId> = on_disk.into_iter().filter(|blob| !needed.contains(blob)).collect();
            inner.layout.remove_blobs(&orphans);
            Ok(RemovedBodies { bodies: orphans.len() })
        })
        .await
    }
}
