//! One file on its way, and the photo it becomes. Where it stands changes only by the methods here,
//! which refuse what cannot follow: an illegal move reaches neither the database nor the store.

use std::time::Duration;

use time::OffsetDateTime;
use windlass_protocol::{
    Checksum, ClientRef, PhotoId, PhotoMetadata, ProjectId, TenantId, UploadId, UploadStatus,
};

use super::announce::AnnouncedFile;
use super::joining::ExpectedObject;
use super::media_type::MediaType;
use super::object_key::{ObjectKey, PhotoFolder};
use super::stored::MultipartId;
use super::variant::Variant;
use super::verify::Failure;

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
    /// When it expires unless its bytes have arrived.
    pub deadline_at: OffsetDateTime,
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
    /// When it last changed.
    pub updated_at: OffsetDateTime,
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

/// What the service itself found in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedObject {
    /// The entity tag of the verified content.
    pub etag: String,
    /// The type by content.
    pub media_type: MediaType,
    /// Of the whole object, where one is known.
    pub checksum: Option<Checksum>,
    /// The record: the service's own reading, or the client's claim where the service cannot read the type.
    pub metadata: Option<PhotoMetadata>,
    /// When it was verified.
    pub verified_at: OffsetDateTime,
}

/// A change that cannot follow the present state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an upload that is {} cannot become {wanted}", status_in_words(*.from))]
pub struct InvalidTransition {
    /// Where it stands.
    pub from: UploadStatus,
    /// What was asked for.
    pub wanted: &'static str,
}

/// An upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    facts: Announcement,
    progress: Progress,
}

impl Upload {
    /// A new upload: recorded, its bytes expected.
    pub fn announce(facts: Announcement, client_ref: Option<ClientRef>, variants: Vec<Variant>) -> Self {
        let progress = Progress {
            client_ref,
            state: UploadState::Pending,
            variants,
            multipart: None,
            expected: None,
            updated_at: facts.created_at,
            cleanup_due_at: None,
            deleted_at: None,
            version: 1,
        };
        Self { facts, progress }
    }

    /// An upload as it was recorded.
    pub fn restore(facts: Announcement, progress: Progress) -> Self {
        Self { facts, progress }
    }

    /// What never changes.
    pub fn facts(&self) -> &Announcement {
        &self.facts
    }

    /// What changes.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Its id.
    pub fn id(&self) -> UploadId {
        self.facts.id
    }

    /// The id of the photo it is or will be.
    pub fn photo_id(&self) -> PhotoId {
        self.facts.id.into()
    }

    /// Where it stands.
    pub fn state(&self) -> &UploadState {
        &self.progress.state
    }

    /// Where it stands, in the words of the contract.
    pub fn status(&self) -> UploadStatus {
        match &self.progress.state {
            UploadState::Pending => UploadStatus::PendingUpload,
            UploadState::Stored { stage: Stage::Uploaded, .. } => UploadStatus::Uploaded,
            UploadState::Stored { stage: Stage::Processing, .. } => UploadStatus::Processing,
            UploadState::Stored { stage: Stage::Completed, .. } => UploadStatus::Completed,
            UploadState::Stored { stage: Stage::Failed { .. }, .. } | UploadState::Refused(_) => {
                UploadStatus::Failed
            }
            UploadState::Stored { stage: Stage::Quarantined, .. } => UploadStatus::Quarantined,
            UploadState::Aborted => UploadStatus::Aborted,
            UploadState::Expired => UploadStatus::Expired,
        }
    }

    /// What was verified, once it was.
    pub fn object(&self) -> Option<&VerifiedObject> {
        match &self.progress.state {
            UploadState::Stored { object, .. } => Some(object),
            _ => None,
        }
    }

    /// The key of the file as captured.
    pub fn original_key(&self) -> ObjectKey {
        self.facts.folder.original(self.facts.file.media_type)
    }

    /// The key of a smaller picture.
    pub fn variant_key(&self, variant: &Variant) -> ObjectKey {
        self.facts.folder.variant(&variant.name, variant.media_type)
    }

    /// The store has opened a multipart upload for it, the first one or a new one after the last was lost.
    pub fn multipart_opened(
        &mut self,
        multipart: MultipartId,
        now: OffsetDateTime,
    ) -> Result<(), InvalidTransition> {
        self.require_pending("reopened")?;
        self.progress.multipart = Some(multipart);
        self.progress.expected = None;
        self.progress.updated_at = now;
        Ok(())
    }

    /// Its parts are about to be joined to this object.
    pub fn about_to_join(
        &mut self,
        expected: ExpectedObject,
        now: OffsetDateTime,
    ) -> Result<(), InvalidTransition> {
        self.require_pending("joined")?;
        self.progress.expected = Some(expected);
        self.progress.updated_at = now;
        Ok(())
    }

    /// Its bytes are in the store and are what was announced.
    pub fn verified(
        &mut self,
        object: VerifiedObject,
        variants: Vec<Variant>,
        now: OffsetDateTime,
    ) -> Result<(), InvalidTransition> {
        self.require_pending("a photo")?;
        self.progress.state = UploadState::Stored { stage: Stage::Uploaded, object: Box::new(object) };
        self.progress.variants = variants;
        self.progress.multipart = None;
        self.progress.updated_at = now;
        Ok(())
    }

    /// Smaller pictures arrived after the original was verified.
    pub fn variants_arrived(&mut self, variants: Vec<Variant>, now: OffsetDateTime) {
        self.progress.variants = variants;
        self.progress.updated_at = now;
    }

    /// Its bytes are not what was announced: whatever is stored goes, and the file may be announced anew.
    pub fn refused(
        &mut self,
        failure: Failure,
        now: OffsetDateTime,
        url_lifetime: Duration,
    ) -> Result<(), InvalidTransition> {
        self.require_pending("refused")?;
        self.close(UploadState::Refused(failure), now, url_lifetime);
        Ok(())
    }

    /// The client gives it up. Where nothing is left to give up, nothing changes.
    pub fn abort(&mut self, now: OffsetDateTime, url_lifetime: Duration) -> Result<(), InvalidTransition> {
        if matches!(
            self.progress.state,
            UploadState::Aborted | UploadState::Expired | UploadState::Refused(_)
        ) {
            return Ok(());
        }
        self.require_pending("aborted")?;
        self.close(UploadState::Aborted, now, url_lifetime);
        Ok(())
    }

    /// The client did not finish in time.
    pub fn expire(&mut self, now: OffsetDateTime, url_lifetime: Duration) -> Result<(), InvalidTransition> {
        self.require_pending("expired")?;
        self.close(UploadState::Expired, now, url_lifetime);
        Ok(())
    }

    /// Its photo is deleted: invisible at once, its objects removed soon.
    pub fn delete(&mut self, now: OffsetDateTime, url_lifetime: Duration) {
        self.progress.client_ref = None;
        self.progress.deleted_at = Some(now);
        self.progress.cleanup_due_at = Some(now + url_lifetime);
        self.progress.updated_at = now;
    }

    /// Nothing is left of it in the store.
    pub fn cleaned_up(&mut self, now: OffsetDateTime) {
        self.progress.cleanup_due_at = None;
        self.progress.multipart = None;
        self.progress.updated_at = now;
    }

    /// It is stored under a new version.
    pub fn saved_as(&mut self, version: u32) {
        self.progress.version = version;
    }

    fn require_pending(&self, wanted: &'static str) -> Result<(), InvalidTransition> {
        match self.progress.state {
            UploadState::Pending => Ok(()),
            _ => Err(InvalidTransition { from: self.status(), wanted }),
        }
    }

    /// Signed URLs still work for a while and may bring bytes: the last clean-up comes after them. The
    /// client's name is free again, so that the same file can be announced anew.
    fn close(&mut self, state: UploadState, now: OffsetDateTime, url_lifetime: Duration) {
        self.progress.state = state;
        self.progress.client_ref = None;
        self.progress.cleanup_due_at = Some(now + url_lifetime);
        self.progress.updated_at = now;
    }
}

/// A status as part of a sentence.
pub fn status_in_words(status: UploadStatus) -> &'static str {
    match status {
        UploadStatus::PendingUpload => "waiting for its bytes",
        UploadStatus::Uploaded => "uploaded",
        UploadStatus::Processing => "being processed",
        UploadStatus::Completed => "completed",
        UploadStatus::Failed => "failed",
        UploadStatus::Aborted => "aborted",
        UploadStatus::Expired => "expired",
        UploadStatus::Quarantined => "quarantined",
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
