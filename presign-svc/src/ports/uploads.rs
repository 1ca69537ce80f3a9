//! Where uploads are recorded. What is answered as recorded survives the process and the machine's power.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{Checksum, ClientRef, ProjectId, TenantId, Timestamp, UploadId, UploadLinkId};

use crate::domain::filter::{PageMark, PhotoFilter};
use crate::domain::quota::{Allowance, InUse, QuotaExceeded};
use crate::domain::upload::Upload;

/// The record of all uploads. Every question carries the tenant; only those of the jobs
/// ask across tenants, and what they answer says whose it is.
///
/// The news of an upload ([`Upload::news`]) are recorded with it, in one transaction ([`EventLog`]). What a
/// photo is found by ([`terms_of`]) and the totals of its project are kept up in the same transaction.
///
/// Lists leave out a record that cannot be read, and say so in the log: one bad row does not hide the others.
///
/// [`EventLog`]: super::events::EventLog
/// [`terms_of`]: crate::domain::search::terms_of
#[async_trait]
pub trait UploadRepository: Send + Sync + 'static {
    /// Records new uploads of one tenant, all or none; an error leaves open which. One whose `client_ref` is taken in its project is not
    /// recorded; the answer holds the one that has it. Neither is one that does not fit into the allowance
    /// beside what is in use and what comes before it in the batch: comparison and reservation are one
    /// step, however many do this at once. Answers in the order given.
    async fn insert(&self, uploads: Vec<Upload>, allowance: &Allowance) -> RepositoryResult<Vec<Recorded>>;

    /// What a tenant and one of its upload links have in use. The record keeps it in step with every change
    /// of an upload: what waits for its bytes is open, what is verified is stored, what is closed or deleted
    /// does not count.
    async fn in_use(&self, tenant: &TenantId, link: Option<UploadLinkId>) -> RepositoryResult<InUse>;

    /// One upload of a tenant, unless its photo was deleted.
    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>>;

    /// Those of a tenant's uploads that are there, in no order, unless their photos were deleted.
    async fn find_many(&self, tenant: &TenantId, ids: &[UploadId]) -> RepositoryResult<Vec<Upload>>;

    /// Of each content the newest photo with these very bytes that somebody has made in a project, unless it is
    /// deleted or quarantined; none where the upload that asks is recorded under its own `client_ref` already. In
    /// the order asked.
    async fn find_same(&self, owner: &Owner<'_>, asked: &[Content]) -> RepositoryResult<Vec<Option<Upload>>>;

    /// Stores a changed upload under the next version, and says so in it. [`RepositoryError::Stale`] when
    /// somebody else stored another change since it was read. Of one that comes to nothing the metadata that its client
    /// has claimed is kept no longer.
    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()>;

    /// Verified uploads of one project, newest first, unless deleted. Where the filter asks for
    /// them, also those in their place whose original is on its way ([`Upload::is_arriving`]): an upload that is
    /// verified meanwhile is listed once. One that is known to whoever asks is not read.
    async fn list_photos(
        &self,
        query: &PhotoQuery<'_>,
        known: &Arc<dyn KnownPhotos>,
    ) -> RepositoryResult<PhotoPage>;

    /// How many of those there are. Kept, not counted.
    async fn photo_totals(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<PhotoTotals>;

    /// Pending uploads of all tenants whose deadline has passed, oldest first.
    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords>;

    /// Pending uploads of all tenants whose bytes are to be looked for ([`Upload::look_due_at`]) and whose deadline
    /// has not passed, those that wait longest first.
    async fn due_for_look(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>>;

    /// Puts looks off, and answers of which uploads: not of one that somebody else has put off or closed since. Of
    /// all who ask at once one gets each. No version changes: who works on the upload meanwhile is not disturbed.
    async fn put_off_looks(&self, looks: &[Look]) -> RepositoryResult<Vec<UploadId>>;

    /// Uploads of all tenants, deleted ones among them, whose clean-up is due, oldest first.
    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords>;

    /// Of these uploads, deadlines and clean-ups that are due before that time are due then: what the janitor could not
    /// do does not keep others waiting. Nothing happens to one that somebody is just changing. No version changes.
    async fn put_off_due(&self, ids: &[UploadId], until: OffsetDateTime) -> RepositoryResult<()>;

    /// Those of the uploads that are recorded, of all tenants, closed and deleted ones among them. One that cannot
    /// be read is named: it is not to be taken for one that is not recorded.
    async fn find_recorded(&self, ids: &[UploadId]) -> RepositoryResult<FoundRecords>;

    /// Verified photos of all tenants that are not deleted, by tenant, project and id, after one of them.
    async fn photos_after(&self, after: Option<&PhotoPlace>, limit: u32) -> RepositoryResult<PhotosInOrder>;

    /// Uploads whose staged pieces are to be put together, of each tenant in turn the one that waits longest: one with
    /// many does not keep the others waiting.
    async fn due_for_assembly(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>>;

    /// Removes the record of a deleted photo. Nothing happens where there is none.
    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()>;

    /// Removes the records of uploads that came to nothing and of which nothing was left in the store before that time,
    /// the oldest first and at most so many. Answers how many.
    async fn forget_closed_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64>;

    /// Whether records can be read.
    async fn check(&self) -> RepositoryResult<()>;
}

/// What became of an upload that was to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// It is new.
    New(Upload),
    /// Its `client_ref` belongs to this one.
    Existing(Upload),
    /// There is no room for it.
    OverQuota(QuotaExceeded),
}

/// Whose photos are looked among.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Of which tenant.
    pub tenant: &'a TenantId,
    /// In which project.
    pub project: &'a ProjectId,
    /// Made by whom.
    pub subject: &'a str,
}

/// Bytes, and the upload that is to bring them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// How many.
    pub size_bytes: u64,
    /// Of all of them.
    pub checksum: Checksum,
    /// The upload's name.
    pub client_ref: ClientRef,
}

/// A look for an upload's bytes that is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whose bytes.
    pub upload: UploadId,
    /// When it is due.
    pub due_at: OffsetDateTime,
    /// When the next one is.
    pub next_at: OffsetDateTime,
}

/// What is recorded of some uploads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundRecords {
    /// Those that can be read; in no order, unless one is promised.
    pub uploads: Vec<Upload>,
    /// Those that are recorded and cannot be read.
    pub unreadable: Vec<UploadId>,
}

/// Where a photo is among all photos of all tenants, in the words of the record: it is known also of one that
/// cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPlace {
    /// Whose.
    pub tenant: String,
    /// Of which project.
    pub project: String,
    /// Which.
    pub id: String,
}

/// Some photos in the order of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhotosInOrder {
    /// Those that can be read.
    pub photos: Vec<Upload>,
    /// Where those are that cannot.
    pub unreadable: Vec<PhotoPlace>,
    /// Where the last of them all is; `None` where there is none.
    pub last: Option<PhotoPlace>,
}

/// Which photos to list.
#[derive(Debug, Clone, Copy)]
pub struct PhotoQuery<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Of which project.
    pub project: &'a ProjectId,
    /// What must be true of them.
    pub filter: &'a PhotoFilter,
    /// Only those that come after this one in the order of the list.
    pub after: Option<PageMark>,
    /// At most this many.
    pub limit: u32,
}

/// A photo as one change has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhotoVersion {
    /// Which photo.
    pub id: UploadId,
    /// Of all of its versions.
    pub number: u32,
    /// When it was changed, in milliseconds since 1970: a database that took over without the last commits gives their
    /// numbers to other changes.
    pub at_ms: i64,
}

impl PhotoVersion {
    /// That of a photo as it is recorded.
    pub fn of(photo: &Upload) -> Self {
        let progress = photo.progress();
        let at_ms = Timestamp::from(progress.updated_at).unix_millis();
        Self { id: photo.id(), number: progress.version, at_ms }
    }
}

/// A photo as it was shown before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPhoto {
    /// As its viewer got it.
    pub json: Bytes,
    /// When the first of its URLs stops working, if it has any.
    pub url_expires_at: Option<Timestamp>,
}

/// The photos that whoever asks for a list knows.
pub trait KnownPhotos: Send + Sync {
    /// What a version of a photo looks like, where it is known.
    fn find(&self, version: &PhotoVersion) -> Option<ShownPhoto>;
}

/// Nothing is known.
impl KnownPhotos for () {
    fn find(&self, _version: &PhotoVersion) -> Option<ShownPhoto> {
        None
    }
}

/// A photo of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum ListedPhoto {
    /// As it is recorded.
    Recorded(Box<Upload>),
    /// It was known and not read.
    Known(ShownPhoto),
}

/// A page of photos.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoPage {
    /// In the order of the list.
    pub photos: Vec<ListedPhoto>,
    /// The last one, where more follow.
    pub next: Option<PageMark>,
}

/// What every operation answers.
pub type RepositoryResult<T> = Result<T, RepositoryError>;

/// What can go wrong with the record.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RepositoryError {
    /// Somebody else changed the upload: read it again and decide again.
    #[error("the upload was changed by somebody else in the meantime")]
    Stale,
    /// The database is busy, full, or gone: the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A record cannot be understood: a bug, or somebody wrote into the database.
    #[error("the record of upload {id} cannot be read: {column} is not valid")]
    Corrupt {
        /// Which record.
        id: String,
        /// Which column.
        column: &'static str,
    },
}
