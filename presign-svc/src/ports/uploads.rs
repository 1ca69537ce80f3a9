//! Where uploads are recorded. What is answered as recorded survives the process and the machine's power.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::{PhotoId, ProjectId, TenantId, UploadId, UploadStatus};

use crate::domain::upload::Upload;

/// The record of all uploads. Every question carries the tenant; only the janitor's two ask across
/// tenants, and what they answer says whose it is.
#[async_trait]
pub trait UploadRepository: Send + Sync + 'static {
    /// Records new uploads, all or none. One whose `client_ref` is taken in its tenant and project is not
    /// recorded; the answer holds the one that has it. Answers in the order given.
    async fn insert(&self, uploads: Vec<Upload>) -> RepositoryResult<Vec<Recorded>>;

    /// One upload of a tenant, unless its photo was deleted.
    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>>;

    /// Stores a changed upload under the next version, and says so in it. [`RepositoryError::Stale`] when
    /// somebody else stored another change since it was read.
    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()>;

    /// Verified uploads of one project, newest first: neither deleted nor quarantined.
    async fn list_photos(&self, query: &PhotoQuery<'_>) -> RepositoryResult<Vec<Upload>>;

    /// Pending uploads of all tenants whose deadline has passed, oldest first.
    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>>;

    /// Uploads of all tenants, deleted ones among them, whose clean-up is due, oldest first.
    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>>;

    /// Removes the record of a deleted photo. Nothing happens where there is none.
    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()>;

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
}

/// Which photos to list.
#[derive(Debug, Clone, Copy)]
pub struct PhotoQuery<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Of which project.
    pub project: &'a ProjectId,
    /// Only those older than this one.
    pub before: Option<PhotoId>,
    /// Only those that stand here.
    pub status: Option<UploadStatus>,
    /// At most this many.
    pub limit: u32,
}

/// What every operation answers.
pub type RepositoryResult<T> = Result<T, RepositoryError>;

/// What can go wrong with the record.
#[derive(Debug, thiserror::Error)]
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
