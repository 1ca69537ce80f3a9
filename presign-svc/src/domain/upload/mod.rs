//! One file on its way, and the photo it becomes. Where it stands changes only by the methods here,
//! which refuse what cannot follow: an illegal move reaches neither the database nor the store.

pub mod looks;
pub mod pipeline;
mod state;

use std::time::Duration;

use time::OffsetDateTime;
use windlass_protocol::events::EventKind;
use windlass_protocol::{ClientRef, PhotoId, UploadId, UploadStatus};

pub use self::state::{Announcement, Progress, Stage, StatusChange, UploadState, VerifiedObject};
use super::description::Description;
use super::joining::ExpectedObject;
use super::news::News;
use super::object_key::ObjectKey;
use super::stored::{MultipartId, ObjectInfo};
use super::variant::Variant;
use super::verify::Failure;

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
#[derive(Debug, Clone)]
pub struct Upload {
    facts: Announcement,
    progress: Progress,
    news: Vec<News>,
}

/// Two are the same when the same is recorded of them; what is still to be told is not part of that.
impl PartialEq for Upload {
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts && self.progress == other.progress
    }
}

impl Upload {
    /// A new upload: recorded, its bytes expected until the deadline.
    pub fn announce(
        facts: Announcement,
        client_ref: Option<ClientRef>,
        variants: Vec<Variant>,
        deadline_at: OffsetDateTime,
    ) -> Self {
        let progress = Progress {
            client_ref,
            state: UploadState::Pending,
            variants,
            multipart: None,
            expected: None,
            piece_size_bytes: None,
            assembly_due_at: None,
            look_due_at: None,
            description: Description::default(),
            history: Vec::new(),
            updated_at: facts.created_at,
            deadline_at,
            cleanup_due_at: None,
            deleted_at: None,
            version: 1,
        };
        Self { facts, progress, news: Vec::new() }
    }

    /// An upload as it was recorded.
    pub fn restore(facts: Announcement, progress: Progress) -> Self {
        Self { facts, progress, news: Vec::new() }
    }

    /// What never changes.
    pub fn facts(&self) -> &Announcement {
        &self.facts
    }

    /// What changes.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What is to be told once this is recorded, in the order it happened.
    pub fn news(&self) -> &[News] {
        &self.news
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

    /// Where it stands for whoever would go on sending it: what the pipeline gave up has arrived, and is a photo.
    pub fn closed_as(&self) -> UploadStatus {
        match &self.progress.state {
            UploadState::Stored { stage: Stage::Failed { .. }, .. } => UploadStatus::Uploaded,
            _ => self.status(),
        }
    }

    /// What was verified, once it was.
    pub fn object(&self) -> Option<&VerifiedObject> {
        match &self.progress.state {
            UploadState::Stored { object, .. } => Some(object),
            _ => None,
        }
    }

    /// How large it is: as verified, and before that as announced.
    pub fn size_bytes(&self) -> u64 {
        self.object().map_or(self.facts.file.size_bytes, |object| object.size_bytes)
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

    /// Its parts were joined to this object, although the record did not know.
    pub fn found_joined(
        &mut self,
        object: &ObjectInfo,
        now: OffsetDateTime,
    ) -> Result<(), InvalidTransition> {
        let (etag, checksum) = (Some(object.etag.clone()), object.checksum);
        self.about_to_join(ExpectedObject { etag, checksum }, now)
    }

    /// It is neither finished nor given up for so much longer, and not looked for meanwhile.
    pub fn put_off(&mut self, now: OffsetDateTime, deadline: Duration) -> Result<(), InvalidTransition> {
        self.require_pending("put off")?;
        self.progress.deadline_at = now + deadline;
        self.progress.look_due_at = Some(self.progress.deadline_at);
        Ok(())
    }

    /// Pieces of it may be staged from now on, all of this size. What was settled before is not changed.
    pub fn staged_in(&mut self, piece_size_bytes: u64, now: OffsetDateTime) -> Result<(), InvalidTransition> {
        self.require_pending("sent in pieces")?;
        if self.progress.piece_size_bytes.is_none() {
            self.progress.piece_size_bytes = Some(piece_size_bytes);
            self.progress.updated_at = now;
        }
        Ok(())
    }

    /// All its bytes are there, in staged pieces that are to be put together at that time.
    pub fn assembly_is_due(
        &mut self,
        at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<(), InvalidTransition> {
        self.require_pending("put together")?;
        self.progress.assembly_due_at = Some(at);
        self.progress.updated_at = now;
        Ok(())
    }

    /// Nothing of it is to be put together for now. Says whether that is worth recording.
    pub fn assembly_is_over(&mut self) -> bool {
        self.progress.assembly_due_at.take().is_some()
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
        self.progress.assembly_due_at = None;
        self.progress.updated_at = now;
        self.tell(EventKind::Created, now);
        Ok(())
    }

    /// What is staged of it is nobody's from now on; signed URLs still work for a while and may bring more,
    /// so the last clean-up comes after them.
    pub fn staging_ends(&mut self, now: OffsetDateTime, url_lifetime: Duration) {
        if self.progress.piece_size_bytes.is_some() {
            self.progress.cleanup_due_at = Some(now + url_lifetime);
        }
    }

    /// Whether its photo can be shown although its original is on its way: a smaller picture of it is there.
    pub fn is_arriving(&self) -> bool {
        self.progress.state == UploadState::Pending
            && self.progress.deleted_at.is_none()
            && self.progress.variants.iter().any(|variant| variant.is_stored)
    }

    /// Smaller pictures were looked at before the original is there. Where that is nothing new, nothing changes.
    pub fn previewed(
        &mut self,
        variants: Vec<Variant>,
        now: OffsetDateTime,
    ) -> Result<(), InvalidTransition> {
        self.require_pending("shown before it has arrived")?;
        if variants != self.progress.variants {
            self.progress.variants = variants;
            self.progress.updated_at = now;
            self.tell(EventKind::Arriving, now);
        }
        Ok(())
    }

    /// Smaller pictures arrived after the original was verified.
    pub fn variants_arrived(&mut self, variants: Vec<Variant>, now: OffsetDateTime) {
        self.progress.variants = variants;
        self.progress.updated_at = now;
        self.tell(EventKind::Updated, now);
    }

    /// What people say about its photo changed. Where it is the same, nothing changes.
    pub fn describe(&mut self, description: Description, now: OffsetDateTime) {
        if description != self.progress.description {
            self.progress.description = description;
            self.progress.updated_at = now;
            self.tell(EventKind::Updated, now);
        }
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
        if self.object().is_some() {
            self.tell(EventKind::Deleted, now);
        }
    }

    /// Nothing is left of it in the store.
    pub fn cleaned_up(&mut self, now: OffsetDateTime) {
        self.progress.cleanup_due_at = None;
        self.progress.multipart = None;
        self.progress.updated_at = now;
    }

    /// It is recorded under this version, and its news with it.
    pub fn saved_as(&mut self, version: u32) {
        self.progress.version = version;
        self.news.clear();
    }

    fn tell(&mut self, kind: EventKind, now: OffsetDateTime) {
        let reason = self.status_reason().map(str::to_owned);
        self.news.push(News { kind, photo: self.photo_id(), status: self.status(), reason, at: now });
    }

    fn require_pending(&self, wanted: &'static str) -> Result<(), InvalidTransition> {
        match self.progress.state {
            UploadState::Pending => Ok(()),
            _ => Err(InvalidTransition { from: self.closed_as(), wanted }),
        }
    }

    /// Signed URLs still work for a while and may bring bytes: the last clean-up comes after them. The
    /// client's name is free again, so that the same file can be announced anew.
    fn close(&mut self, state: UploadState, now: OffsetDateTime, url_lifetime: Duration) {
        let was_shown = self.is_arriving();
        self.progress.state = state;
        self.progress.client_ref = None;
        self.progress.assembly_due_at = None;
        self.progress.cleanup_due_at = Some(now + url_lifetime);
        self.progress.updated_at = now;
        if was_shown {
            self.tell(EventKind::Withdrawn, now);
        }
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
pub(crate) mod tests;
