//! What is known of an upload: what never changes, what changes, and where it stands.

use time::OffsetDateTime;
use windlass_protocol::{Checksum, ClientRef, PhotoMetadata, ProjectId, TenantId, UploadId, UploadStatus};

use crate::domain::announce::AnnouncedFile;
use crate::domain::description::Description;
use crate::domain::joining::ExpectedObject;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::PhotoFolder;
use crate::domain::stored::{MultipartId, ObjectInfo, same_etag};
use crate::domain::variant::Variant;
use crate::domain::verify::Failure;

/// What was settled when the upload was created, and never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// The upload, and the photo it becomes.
    pub id: UploadId,
    /// The company.
    pub tenant: TenantId,
    /// What it is attached to.
    pub project: ProjectId,
    /// The person or device that announced it.
    pub created_by: String,
    /// The file.
    pub file: AnnouncedFile,
    /// Where its objects are.
    pub folder: PhotoFolder,
    /// When it was announced.
    pub created_at: OffsetDateTime,
}

/// What changes on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The client's name for the file, for as long as a repeated announcement means this upload.
    pub client_ref: Option<ClientRef>,
    /// Where it stands.
    pub state: UploadState,
    /// The smaller pictures that come with it.
    pub variants: Vec<Variant>,
    /// The store's name for the open multipart upload, where there is one.
    pub multipart: Option<MultipartId>,
    /// What its parts were about to become, once they were.
    pub expected: Option<ExpectedObject>,
    /// The size of its staged pieces, once pieces of it were signed.
    pub piece_size_bytes: Option<u64>,
    /// When its staged pieces are to be put together, where they are all there.
    pub assembly_due_at: Option<OffsetDateTime>,
    /// When its bytes are looked for next, though nobody says that they are there; `None` before the first look.
    pub look_due_at: Option<OffsetDateTime>,
    /// What people say about its photo.
    pub description: Description,
    /// What the pipeline made of its photo, oldest first.
    pub history: Vec<StatusChange>,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// When it expires unless its bytes have arrived.
    pub deadline_at: OffsetDateTime,
    /// When what is left of it in the store is to be removed.
    pub cleanup_due_at: Option<OffsetDateTime>,
    /// When its photo was deleted; invisible from then on.
    pub deleted_at: Option<OffsetDateTime>,
    /// Grows by one with each change that is stored.
    pub version: u32,
}

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq)]
pub enum UploadState {
    /// Its bytes are on their way.
    Pending,
    /// Its bytes are in the store and verified: it is a photo.
    Stored {
        /// How far the pipeline is with it.
        stage: Stage,
        /// What was verified.
        object: Box<VerifiedObject>,
    },
    /// Its bytes were not what was announced, and were removed.
    Refused(Failure),
    /// The client gave it up.
    Aborted,
    /// The client never finished.
    Expired,
}

/// How far the pipeline is with a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has begun.
    Uploaded,
    /// At work.
    Processing,
    /// Done.
    Completed,
    /// Failed, and why.
    Failed {
        /// For people.
        reason: String,
    },
    /// Dangerous: nobody can fetch it.
    Quarantined,
}

/// One change of a photo's status by the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// What it became.
    pub status: UploadStatus,
    /// Why, where it failed.
    pub reason: Option<String>,
    /// When.
    pub at: OffsetDateTime,
}

/// What the service itself found in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedObject {
    /// The entity tag of the verified content.
    pub etag: String,
    /// How many bytes there are.
    pub size_bytes: u64,
    /// The type by content.
    pub media_type: MediaType,
    /// Of the whole object, where one is known.
    pub checksum: Option<Checksum>,
    /// The record: the service's own reading, or the client's claim where the service cannot read the type.
    pub metadata: Option<PhotoMetadata>,
    /// When it was verified.
    pub verified_at: OffsetDateTime,
}

impl VerifiedObject {
    /// Whether an object at its key is the very one that was verified, by its size and its entity tag.
    pub fn is(&self, object: &ObjectInfo) -> bool {
        self.size_bytes == object.size_bytes && same_etag(&self.etag, &object.etag)
    }
}
