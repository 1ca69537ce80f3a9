//! The store itself: opening it, and telling others what was stored.

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use time::OffsetDateTime;

use crate::blob::InFlight;
use crate::catalogue::Catalogue;
use crate::config::StoreConfig;
use crate::layout::{Layout, blocking, read_json};
use crate::manifest::{ObjectManifest, StoreIdentity};
use crate::uploads::{Uploads, close_completed};

/// Counts up when the files' layout changes in a way older code would misread.
const FORMAT: u32 = 1;

/// An S3-compatible store over a folder. Clones share it; it closes with the last clone.
#[derive(Clone)]
pub struct EmbeddedStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: StoreConfig,
    pub(crate) layout: Arc<Layout>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) objects: Arc<Catalogue>,
    pub(crate) uploads: Uploads,
    listeners: RwLock<Vec<Arc<Listener>>>,
    /// Locked for as long as the store is open: two processes on one folder would lose writes.
    _lock: File,
}

type Listener = dyn Fn(ObjectCreated) + Send + Sync;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// S3's rules: 3 to 63 lower-case letters, digits, dots and hyphens.
    #[error("`{0}` cannot be a bucket's name: use 3 to 63 lower-case letters, digits and hyphens")]
    InvalidBucketName(String),
    /// A signature without a secret would protect nothing.
    #[error("the store needs an access key id and a secret access key: set both")]
    MissingCredentials,
    /// Another process has it open.
    #[error("the store in {0} is open in another process: stop that one, or choose another folder")]
    InUse(PathBuf),
    /// The folder holds another bucket.
    #[error(
        "the store in {root} holds the bucket `{found}`, not `{wanted}`: choose another folder or that name"
    )]
    OtherBucket {
        /// The store's folder.
        root: PathBuf,
        /// The bucket in it.
        found: String,
        /// The bucket that was asked for.
        wanted: String,
    },
    /// A later version of Windlass wrote it.
    #[error("the store in {root} has format {found}, this version reads {FORMAT}: use a newer Windlass")]
    OtherFormat {
        /// The store's folder.
        root: PathBuf,
        /// The format in it.
        found: u32,
    },
    /// The folder cannot be made, read or written.
    #[error("the store's folder {root} cannot be used: {source}")]
    Folder {
        /// The store's folder.
        root: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// An object that has just been stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCreated {
    /// Its key.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// When it was stored.
    pub last_modified: OffsetDateTime,
    /// Which operation stored it.
    pub created_by: CreatedBy,
}

/// The operation behind an [`ObjectCreated`]; S3's `s3:ObjectCreated:*` event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatedBy {
    /// `PutObject`
    Put,
    /// `CopyObject`
    Copy,
    /// `CompleteMultipartUpload`
    CompleteMultipartUpload,
    /// `PostObject`: a browser's form.
    Post,
}

impl EmbeddedStore {
    /// Opens the store in `config.root`, making it when there is none, and finishes what a crash
    /// left half-done.
    ///
    /// # Errors
    /// When the configuration is unusable, the folder is, or another process has the store open.
    pub async fn open(config: StoreConfig) -> Result<Self, OpenError> {
        if !s3s::path::check_bucket_name(&config.bucket) {
            return Err(OpenError::InvalidBucketName(config.bucket));
        }
        if config.access_key_id.is_empty() || config.secret_access_key.is_empty() {
            return Err(OpenError::MissingCredentials);
        }
        let root = config.root.clone();
        let folder_error = |source| OpenError::Folder { root: root.clone(), source };

        let layout = Arc::new(Layout::new(root.clone()));
        let opening = Arc::clone(&layout);
        let (lock, found) = blocking(move || lock_and_identify(&opening)).await.map_err(folder_error)?;
        let lock = lock.ok_or_else(|| OpenError::InUse(root.clone()))?;
        let wanted = StoreIdentity { format: FORMAT, bucket: config.bucket.clone() };
        match found {
            Some(found) if found.format != FORMAT => {
                return Err(OpenError::OtherFormat { root: root.clone(), found: found.format });
            }
            Some(found) if found.bucket != wanted.bucket => {
                return Err(OpenError::OtherBucket {
                    root: root.clone(),
                    found: found.bucket,
                    wanted: wanted.bucket,
                });
            }
            Some(_) | None => {}
        }
        let preparing = Arc::clone(&layout);
        blocking(move || {
            preparing.prepare()?;
            preparing.stage(&wanted)?.commit(&preparing.identity_path())
        })
        .await
        .map_err(folder_error)?;

        let objects = Arc::new(Catalogue::new(Arc::clone(&layout)));
        let uploads = Uploads::new(Arc::clone(&layout));
        close_completed(&layout, &uploads, &objects).await.map_err(folder_error)?;
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                layout,
                in_flight: Arc::default(),
                objects,
                uploads,
                listeners: RwLock::default(),
                _lock: lock,
            }),
        })
    }

    /// Calls back after each object that is stored, before its writer gets the answer.
    ///
    /// At most once, and not for objects stored just before a crash: a hint to look at once, beside
    /// a sweep that finds everything. The callback must be quick (send on a channel).
    pub fn on_object_created(&self, callback: impl Fn(ObjectCreated) + Send + Sync + 'static) {
        self.inner.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(callback));
    }

    pub(crate) fn announce(&self, object: &ObjectManifest, created_by: CreatedBy) {
        let listeners = self.inner.listeners.read().unwrap_or_else(PoisonError::into_inner).clone();
        for listener in listeners {
            listener(ObjectCreated {
                key: object.key.clone(),
                size_bytes: object.size_bytes,
                etag: object.etag.clone(),
                last_modified: object.last_modified,
                created_by,
            });
        }
    }
}

/// Locks the folder; without the lock nothing in it is read or changed.
fn lock_and_identify(layout: &Layout) -> io::Result<(Option<File>, Option<StoreIdentity>)> {
    let lock_path = layout.lock_path();
    if let Some(root) = lock_path.parent() {
        std::fs::create_dir_all(root)?;
    }
    let lock = File::options().create(true).truncate(false).write(true).open(lock_path)?;
    match lock.try_lock() {
        Ok(()) => Ok((Some(lock), read_json(&layout.identity_path())?)),
        Err(TryLockError::WouldBlock) => Ok((None, None)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
impl EmbeddedStore {
    /// One in a folder of its own, which goes with the test.
    pub(crate) async fn of_a_test() -> (tempfile::TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            root: folder.path().to_owned(),
            bucket: "photos".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "AKIDTEST".to_owned(),
            secret_access_key: "a secret that only tests use".to_owned(),
            allowed_origins: crate::config::AllowedOrigins::Any,
        };
        let store = Self::open(config).await.unwrap();
        (folder, store)
    }
}
