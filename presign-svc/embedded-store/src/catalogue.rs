//! The objects: which manifest is current under each key. The only place that replaces one.
//!
//! A write prepares its manifest aside, then, with the key locked, checks its condition, renames
//! the manifest into place and makes the rename durable. Readers wait for that, so that nobody
//! sees an object that a power cut could take back.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::layout::{BlobId, Layout, blocking, read_json, sync_folder};
use crate::leases::{Lease, Leases};
use crate::manifest::ObjectManifest;

/// What must hold of the object that is there, for a write to take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    None,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`
    Present,
    /// `If-Match: "etag"`, without quotes.
    ETag(String),
}

impl Precondition {
    fn holds(&self, current: Option<&ObjectManifest>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => current.is_none(),
            Self::Present => current.is_some(),
            Self::ETag(etag) => current.is_some_and(|object| object.etag == *etag),
        }
    }
}

/// Why a write did not take place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    #[error("the object that is there does not meet the condition")]
    Precondition,
    /// Before the object was touched: it is as it was.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// While the manifest was put in place: it may be there, and refer to its bodies.
    #[error(transparent)]
    InDoubt(io::Error),
}

/// Many locks for many names: enough that two names seldom share one.
#[derive(Debug)]
pub(crate) struct NamedLocks(Box<[RwLock<()>; 256]>);

impl NamedLocks {
    pub(crate) fn new() -> Self {
        Self(Box::new(std::array::from_fn(|_| RwLock::default())))
    }

    fn of(&self, name: &str) -> &RwLock<()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        let [index, ..] = hash.to_le_bytes();
        // 256 locks and a byte: always in range.
        &self.0[usize::from(index)]
    }

    pub(crate) async fn read(&self, name: &str) -> RwLockReadGuard<'_, ()> {
        self.of(name).read().await
    }

    pub(crate) async fn write(&self, name: &str) -> RwLockWriteGuard<'_, ()> {
        self.of(name).write().await
    }
}

/// All keys in order, for listings; read from disk when the first listing asks.
#[derive(Debug, Default)]
enum Keys {
    #[default]
    Unread,
    /// A listing reads them; what changes meanwhile waits here, in its order, so that no write waits for the listing.
    BeingRead(Vec<KeyChange>),
    Read(BTreeSet<Arc<str>>),
}

#[derive(Debug)]
enum KeyChange {
    Stored(Arc<str>),
    Removed(Arc<str>),
}

impl KeyChange {
    fn apply(self, keys: &mut BTreeSet<Arc<str>>) {
        match self {
            Self::Stored(key) => keys.insert(key),
            Self::Removed(key) => keys.remove(&key),
        };
    }
}

/// The objects of the bucket.
#[derive(Debug)]
pub(crate) struct Catalogue {
    layout: Arc<Layout>,
    locks: NamedLocks,
    leases: Arc<Leases>,
    /// Held for moments, never while reading from disk.
    keys: Mutex<Keys>,
    /// Held by the listing that reads the keys; other listings wait for it.
    reading: Mutex<()>,
}

impl Catalogue {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        let leases = Arc::new(Leases::new(Arc::clone(&layout)));
        Self { layout, locks: NamedLocks::new(), leases, keys: Mutex::default(), reading: Mutex::default() }
    }

    pub(crate) fn leases(&self) -> &Leases {
        &self.leases
    }

    /// What is under a key.
    pub(crate) async fn find(&self, key: &str) -> io::Result<Option<ObjectManifest>> {
        let _shared = self.locks.read(key).await;
        self.read(key).await
    }

    /// What is under a key, with a claim on its bytes that outlives its replacement.
    pub(crate) async fn open(&self, key: &str) -> io::Result<Option<(ObjectManifest, Lease)>> {
        let _shared = self.locks.read(key).await;
        let manifest = self.read(key).await?;
        Ok(manifest.map(|manifest| {
            let lease = self.leases.lease(&manifest.blobs());
            (manifest, lease)
        }))
    }

    /// Puts an object in place of the one that is there. Run it on a task of its own: it must not
    /// be abandoned half-way when a client hangs up.
    pub(crate) async fn commit(
        &self,
        manifest: ObjectManifest,
        condition: &Precondition,
    ) -> Result<(), CommitError> {
        let key: Arc<str> = manifest.key.as_str().into();
        let kept: HashSet<BlobId> = manifest.blobs().into_iter().collect();
        let target = self.layout.object_path(&key);
        let (layout, shard) = (Arc::clone(&self.layout), target.clone());
        let staged = blocking(move || {
            layout.make_shard(&shard)?;
            layout.stage(&manifest)
        })
        .await?;

        let _exclusive = self.locks.write(&key).await;
        let replaced = self.read(&key).await?;
        if !condition.holds(replaced.as_ref()) {
            return Err(CommitError::Precondition);
        }
        blocking(move || staged.commit(&target)).await.map_err(CommitError::InDoubt)?;
        self.note(KeyChange::Stored(key));
        if let Some(replaced) = replaced {
            // Bodies that both objects have stay.
            let unused = replaced.blobs().into_iter().filter(|blob| !kept.contains(blob));
            self.leases.retire(unused.collect());
        }
        Ok(())
    }

    /// Makes what is under a key durable, should a commit have failed in doubt.
    pub(crate) async fn make_durable(&self, key: &str) -> io::Result<()> {
        let path = self.layout.object_path(key);
        blocking(move || path.parent().map_or(Ok(()), sync_folder)).await
    }

    /// Deletes what is under a key; as with S3, nothing there is as good.
    pub(crate) async fn remove(&self, key: &str, condition: &Precondition) -> Result<(), CommitError> {
        let _exclusive = self.locks.write(key).await;
        let current = self.read(key).await?;
        if !condition.holds(current.as_ref()) {
            return Err(CommitError::Precondition);
        }
        let Some(current) = current else { return Ok(()) };
        let path = self.layout.object_path(key);
        blocking(move || {
            std::fs::remove_file(&path)?;
            path.parent().map_or(Ok(()), sync_folder)
        })
        .await?;
        self.note(KeyChange::Removed(key.into()));
        self.leases.retire(current.blobs());
        Ok(())
    }

    /// Up to `limit` keys from `from` on, in the order of their UTF-8 bytes.
    pub(crate) async fn keys_from(
        self: &Arc<Self>,
        from: Bound<String>,
        limit: usize,
    ) -> io::Result<Vec<Arc<str>>> {
        let this = Arc::clone(self);
        blocking(move || {
            this.read_keys()?;
            let from = match &from {
                Bound::Included(key) => Bound::Included(key.as_str()),
                Bound::Excluded(key) => Bound::Excluded(key.as_str()),
                Bound::Unbounded => Bound::Unbounded,
            };
            let keys = this.keys();
            // Once read they stay read.
            let Keys::Read(keys) = &*keys else { return Ok(Vec::new()) };
            Ok(keys.range::<str, _>((from, Bound::Unbounded)).take(limit).cloned().collect())
        })
        .await
    }

    /// Reads the keys from disk unless that was done before. Blocks.
    fn read_keys(&self) -> io::Result<()> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut keys = self.keys();
            if matches!(*keys, Keys::Read(_)) {
                return Ok(());
            }
            *keys = Keys::BeingRead(Vec::new());
        }
        let mut found = BTreeSet::new();
        let read = self.layout.for_each_object(|manifest: ObjectManifest| {
            found.insert(manifest.key.into());
        });
        let mut keys = self.keys();
        let changes = std::mem::take(&mut *keys);
        read?;
        if let Keys::BeingRead(changes) = changes {
            changes.into_iter().for_each(|change| change.apply(&mut found));
        }
        *keys = Keys::Read(found);
        Ok(())
    }

    /// Tells listings what was written. Call it with the key locked, so that changes come in their order.
    fn note(&self, change: KeyChange) {
        match &mut *self.keys() {
            // Whoever reads them later finds it on disk.
            Keys::Unread => {}
            Keys::BeingRead(changes) => changes.push(change),
            Keys::Read(keys) => change.apply(keys),
        }
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, key: &str) -> io::Result<Option<ObjectManifest>> {
        let path = self.layout.object_path(key);
        blocking(move || read_json(&path)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Algorithm, BodyDigester, ChecksumType};
    use crate::manifest::{ObjectHeaders, StoredPart};

    fn catalogue() -> (tempfile::TempDir, Arc<Catalogue>) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        layout.prepare().unwrap();
        (folder, Arc::new(Catalogue::new(Arc::new(layout))))
    }

    fn empty_object(key: &str) -> ObjectManifest {
        let (_, checksum) = BodyDigester::new(Algorithm::Crc32).finish();
        ObjectManifest {
            key: key.to_owned(),
            size_bytes: 0,
            etag: "etag".to_owned(),
            last_modified: time::OffsetDateTime::UNIX_EPOCH,
            checksum,
            checksum_type: ChecksumType::FullObject,
            headers: ObjectHeaders::default(),
            parts: Vec::new(),
            upload_id: None,
        }
    }

    #[tokio::test]
    async fn a_failed_commit_says_whether_the_manifest_may_be_in_place() {
        let (folder, objects) = catalogue();
        // With the key locked the manifest waits aside; then the folder it is meant for is lost.
        let exclusive = objects.locks.write("key").await;
        let (same, object) = (Arc::clone(&objects), empty_object("key"));
        let commit = tokio::spawn(async move { same.commit(object, &Precondition::None).await });
        let shard = objects.layout.object_path("key").parent().unwrap().to_owned();
        let temporary = folder.path().join("temporary");
        while std::fs::read_dir(&temporary).unwrap().next().is_none() {
            tokio::task::yield_now().await;
        }
        std::fs::remove_dir(&shard).unwrap();
        drop(exclusive);
        let failed = commit.await.unwrap();
        assert!(matches!(failed, Err(CommitError::InDoubt(_))), "{failed:?}");

        std::fs::remove_dir(&temporary).unwrap();
        let failed = objects.commit(empty_object("key"), &Precondition::None).await;
        assert!(matches!(failed, Err(CommitError::Disk(_))), "{failed:?}");
    }

    #[tokio::test]
    async fn a_body_that_the_next_object_has_too_stays() {
        let (_folder, objects) = catalogue();
        let layout = &objects.layout;
        let parts = [1, 2].map(|part_number| {
            let (object, blob) = (empty_object("key"), BlobId::random());
            layout.make_shard(&layout.blob_path(blob)).unwrap();
            std::fs::write(layout.blob_path(blob), b"").unwrap();
            StoredPart {
                part_number,
                blob,
                size_bytes: 0,
                etag: object.etag,
                checksum: object.checksum,
                last_modified: object.last_modified,
            }
        });
        for parts in [parts.to_vec(), parts[..1].to_vec()] {
            let object = ObjectManifest { parts, ..empty_object("key") };
            objects.commit(object, &Precondition::None).await.unwrap();
        }
        assert_eq!(layout.all_blobs().unwrap(), [parts[0].blob]);
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writes_do_not_wait_for_the_first_listing_and_are_in_it() {
        let (folder, objects) = catalogue();
        objects.commit(empty_object("removed"), &Precondition::None).await.unwrap();
        // A manifest that cannot be read to its end until somebody writes it: a disk that is slow.
        let slow = folder.path().join("objects/00/00slow.json");
        objects.layout.make_shard(&slow).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&slow).status().unwrap().success());
        let same = Arc::clone(&objects);
        let listing = tokio::spawn(async move { same.keys_from(Bound::Unbounded, 10).await });
        while objects.reading.try_lock().is_ok() {
            tokio::task::yield_now().await;
        }

        let same = Arc::clone(&objects);
        let mut writes = tokio::spawn(async move {
            same.commit(empty_object("stored"), &Precondition::None).await?;
            same.remove("removed", &Precondition::None).await
        });
        let in_time = tokio::time::timeout(std::time::Duration::from_secs(60), &mut writes).await.is_ok();
        assert!(!listing.is_finished());
        std::fs::write(&slow, serde_json::to_vec(&empty_object("slow")).unwrap()).unwrap();
        assert!(in_time, "they waited for the listing");
        let listed = listing.await.unwrap().unwrap();
        assert_eq!(listed, ["slow".into(), "stored".into()] as [Arc<str>; 2]);
    }
}
