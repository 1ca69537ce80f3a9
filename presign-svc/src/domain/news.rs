//! What happens to photos and is told to those who watch a project. Recorded with the change itself, in
//! one transaction: nothing is told that did not happen, and nothing happens untold.

use time::OffsetDateTime;
use windlass_protocol::events::EventKind;
use windlass_protocol::{PhotoId, ProjectId, TenantId, UploadStatus};

/// Something that happened to a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// What.
    pub kind: EventKind,
    /// To which photo.
    pub photo: PhotoId,
    /// Where the photo stands since.
    pub status: UploadStatus,
    /// Why, where it failed.
    pub reason: Option<String>,
    /// When.
    pub at: OffsetDateTime,
}

/// The place of an event in its project: 1 for the first, and no gaps.
pub type EventNumber = u64;

/// News as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub number: EventNumber,
    /// Whose.
    pub tenant: TenantId,
    /// Of which project.
    pub project: ProjectId,
    /// What happened.
    pub news: News,
}
