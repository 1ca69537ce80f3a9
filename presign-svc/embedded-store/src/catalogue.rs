//! The objects: which manifest is current under each key. The only place that replaces one.
//!
//! A write prepares its manifest aside, then, with the key locked, checks its condition, renames
//! the manifest into place and makes the rename durable. Readers wait for that, so that nobody
//! sees an object that a power cut could take back.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::layout::{Layout, blocking, read_json, sync_folder};
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

/// Why a write did not take place; the object is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    #[error("the object that is there does not meet the condition")]
    Precondition,
    #[error(transparent)]
    Disk(#[from] io::Error),
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

/// The objects of the bucket.
#[derive(Debug)]
pub(crate) struct Catalogue {
    layout: Arc<Layout>,
    locks: NamedLocks,
    leases: Arc<Leases>,
    /// All keys in order, for listings; read from disk when the first listing asks.
    keys: Mutex<Option<BTreeSet<Arc<str>>>>,
}

impl Catalogue {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        let leases = Arc::new(Leases::new(Arc::clone(&layout)));
        Self { layout, locks: NamedLocks::new(), leases, keys: Mutex::default() }
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
        let kept = manifest.blobs();
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
        blocking(move || staged.commit(&target)).await?;
        if let Some(keys) = self.keys.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            keys.insert(key);
        }
        // The same upload completed twice puts the same bodies in place again.
        if let Some(replaced) = replaced.filter(|replaced| replaced.blobs() != kept) {
            self.leases.retire(replaced.blobs());
        }
        Ok(())
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
        if let Some(keys) = self.keys.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            keys.remove(key);
        }
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
            // Held while reading from disk: a write that commits meanwhile adds its key after.
            let mut keys = this.keys.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.is_none() {
                let mut found = BTreeSet::new();
                this.layout.for_each_object(|manifest: ObjectManifest| {
                    found.insert(manifest.key.into());
                })?;
                *keys = Some(found);
            }
            let from = match &from {
                Bound::Included(key) => Bound::Included(key.as_str()),
                Bound::Excluded(key) => Bound::Excluded(key.as_str()),
                Bound::Unbounded => Bound::Unbounded,
            };
            let keys = keys.iter().flat_map(|keys| keys.range::<str, _>((from, Bound::Unbounded)));
            Ok(keys.take(limit).cloned().collect())
        })
        .await
    }

    async fn read(&self, key: &str) -> io::Result<Option<ObjectManifest>> {
        let path = self.layout.object_path(key);
        blocking(move || read_json(&path)).await
    }
}
