//! Whether the record and the bucket agree: objects without a record, records without their objects, originals that
//! are not what was verified, multipart uploads that no record knows. Both are read page by page, so that memory
//! does not grow with the bucket.
//!
//! What is found is told. Nothing is removed that is young, that is not named as our key template names objects,
//! or that nobody said is to be removed; the one exception are parts of multipart uploads no record knows, which
//! nobody can ever finish. After a restored backup photos without a record are what the backup lacks: those can be
//! adopted, which verifies them and makes them photos again. Until then nobody sees them.

mod adopt;
mod multiparts;
mod objects;
mod photos;
pub mod runner;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use time::OffsetDateTime;
use windlass_protocol::{PhotoId, TenantId, UploadId};

use crate::app::App;
use crate::domain::object_key::ObjectKey;
use crate::domain::upload::Upload;
use crate::jobs::NotFinished;
use crate::ports::object_store::StoreError;
use crate::ports::uploads::{FoundRecords, RepositoryError};

/// What is done about what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What is younger is left alone: it may just be on its way.
    pub min_age: Duration,
    /// What becomes of objects that no record knows or wants.
    pub objects: ObjectPolicy,
    /// Whether multipart uploads that no record knows are aborted.
    pub abort_multiparts: bool,
}

/// What becomes of objects that no record knows or wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectPolicy {
    /// They are told of.
    List,
    /// Originals without a record become photos again, with their smaller pictures.
    Adopt,
    /// They are removed.
    Remove,
}

/// Something about which record and bucket do not agree.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// An object, and no record of its photo.
    WithoutRecord(FoundObject),
    /// An object of an upload that was closed and cleaned up before: it came late.
    LeftOver(FoundObject),
    /// An object beside a photo's, which the photo's record does not name. It is never touched.
    Stray(FoundObject),
    /// An original that is another object than the one that was verified. It is never touched: it may be the only one.
    Replaced(FoundObject),
    /// A photo whose original is not in the bucket.
    WithoutOriginal {
        /// Whose.
        tenant: TenantId,
        /// Which.
        photo: PhotoId,
        /// Where it should be.
        key: ObjectKey,
    },
    /// A photo one of whose smaller pictures is not in the bucket.
    WithoutVariant {
        /// Whose.
        tenant: TenantId,
        /// Which.
        photo: PhotoId,
        /// Where it should be.
        key: ObjectKey,
    },
    /// A photo whose record cannot be read. What is in the bucket of it is never touched.
    Unreadable {
        /// Whose, as it is recorded.
        tenant: String,
        /// Which.
        photo: String,
    },
    /// A multipart upload that no record knows.
    Multipart {
        /// What it was to become.
        key: String,
        /// When it was opened.
        opened_at: OffsetDateTime,
        /// What came of it.
        fate: Fate,
    },
}

/// An object that no record knows or wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundObject {
    /// Where it is.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was written.
    pub written_at: OffsetDateTime,
    /// What came of it.
    pub fate: Fate,
}

/// What came of something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was left as it is.
    Left,
    /// It is a photo's again.
    Adopted,
    /// It is gone.
    Removed,
    /// It should have been adopted or removed: why it was not.
    Failed(String),
}

/// How much was looked at, and what was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Objects in the bucket, those left out that are only staged.
    pub objects: u64,
    /// Those not named as the key template names objects: not looked at.
    pub foreign: u64,
    /// Photos in the record.
    pub photos: u64,
    /// Objects without a record.
    pub without_record: u64,
    /// Objects of closed uploads.
    pub left_over: u64,
    /// Objects a photo's record does not name.
    pub stray: u64,
    /// Originals that are other objects than those that were verified.
    pub replaced: u64,
    /// Photos without their original.
    pub without_original: u64,
    /// Smaller pictures that are missing.
    pub without_variant: u64,
    /// Photos whose record cannot be read.
    pub unreadable: u64,
    /// Multipart uploads without a record.
    pub multiparts: u64,
    /// What was adopted, removed or aborted of all that.
    pub mended: u64,
}

impl Reconciled {
    /// Whether record and bucket agree, or do now.
    pub fn is_clean(&self) -> bool {
        self.found() == self.mended
    }

    /// How much was found.
    pub fn found(&self) -> u64 {
        self.without_record
            + self.left_over
            + self.stray
            + self.replaced
            + self.without_original
            + self.without_variant
            + self.unreadable
            + self.multiparts
    }

    /// Objects named as the key template names them.
    pub fn ours(&self) -> u64 {
        self.objects.saturating_sub(self.foreign)
    }

    /// How much [`ObjectPolicy::Remove`] would take away of what was listed.
    pub fn removable(&self) -> u64 {
        self.without_record + self.left_over + self.multiparts
    }

    /// Whether that is more than mishaps leave behind: then it may be the record that is wrong.
    pub fn would_remove_much(&self) -> bool {
        let objects = self.without_record + self.left_over;
        self.removable() > 0 && (self.photos == 0 || objects * 10 > self.ours())
    }

    fn count(&mut self, finding: &Finding) {
        let (counter, fate) = match finding {
            Finding::WithoutRecord(object) => (&mut self.without_record, Some(&object.fate)),
            Finding::LeftOver(object) => (&mut self.left_over, Some(&object.fate)),
            Finding::Stray(object) => (&mut self.stray, Some(&object.fate)),
            Finding::Replaced(object) => (&mut self.replaced, Some(&object.fate)),
            Finding::WithoutOriginal { .. } => (&mut self.without_original, None),
            Finding::WithoutVariant { .. } => (&mut self.without_variant, None),
            Finding::Unreadable { .. } => (&mut self.unreadable, None),
            Finding::Multipart { fate, .. } => (&mut self.multiparts, Some(fate)),
        };
        *counter += 1;
        self.mended += u64::from(matches!(fate, Some(Fate::Adopted | Fate::Removed)));
    }
}

/// Why the look was not finished.
#[derive(Debug, thiserror::Error)]
pub enum CannotReconcile {
    /// The bucket does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] RepositoryError),
    /// Somebody else holds an upload for long.
    #[error(transparent)]
    Upload(#[from] NotFinished),
}

/// Looks at all objects, all photos and all open multipart uploads, and tells each finding once.
pub async fn reconcile(
    app: &App,
    policy: Policy,
    tell: &mut (dyn FnMut(&Finding) + Send + Sync),
) -> Result<Reconciled, CannotReconcile> {
    let mut look = Look { app, policy, seen: Reconciled::default(), tell };
    look.at_objects().await?;
    look.at_photos().await?;
    look.at_multiparts().await?;
    Ok(look.seen)
}

/// A look under way.
struct Look<'a> {
    app: &'a App,
    policy: Policy,
    seen: Reconciled,
    tell: &'a mut (dyn FnMut(&Finding) + Send + Sync),
}

impl Look<'_> {
    fn found(&mut self, finding: &Finding) {
        self.seen.count(finding);
        (self.tell)(finding);
    }

    fn is_young(&self, since: OffsetDateTime) -> bool {
        since + self.policy.min_age > self.app.clock.now()
    }
}

/// What the record says of some uploads.
struct Records {
    uploads: BTreeMap<UploadId, Upload>,
    unreadable: HashSet<UploadId>,
}

impl Records {
    async fn of(app: &App, ids: &[UploadId]) -> Result<Self, RepositoryError> {
        let FoundRecords { uploads, unreadable } = app.uploads.find_recorded(ids).await?;
        let uploads = uploads.into_iter().map(|upload| (upload.id(), upload)).collect();
        Ok(Self { uploads, unreadable: unreadable.into_iter().collect() })
    }

    /// Whether that is all that is known of it: what is in the bucket of it is nobody's to touch.
    fn is_unreadable(&self, id: UploadId) -> bool {
        self.unreadable.contains(&id)
    }

    fn get(&self, id: UploadId) -> Option<&Upload> {
        self.uploads.get(&id)
    }
}
