//! What the pipeline may make of a photo: `uploaded → processing → completed | failed`, and again from
//! `failed`. A photo that is completed stays so, unless it turns out to be dangerous: whatever it is, it may become
//! `quarantined`, and a quarantined one is nobody's to change.

use time::OffsetDateTime;
use windlass_protocol::UploadStatus;
use windlass_protocol::events::EventKind;

use super::{InvalidTransition, Stage, StatusChange, Upload, UploadState};
use crate::domain::text;

/// How many of the pipeline's changes are kept, the last ones: a photo that fails and is tried again for ever
/// has no longer history.
pub const MAX_CHANGES: usize = 50;
/// The longest reason of a failure, in characters.
pub const MAX_REASON_CHARS: usize = 500;

/// What the pipeline says of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is at work.
    Processing,
    /// It is done.
    Completed,
    /// It failed, and why.
    Failed {
        /// For people.
        reason: String,
    },
    /// It is dangerous.
    Quarantined {
        /// For people.
        reason: Option<String>,
    },
}

impl Verdict {
    fn wanted(&self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed { .. } => "failed",
            Self::Quarantined { .. } => "quarantined",
        }
    }

    /// What the photo becomes, and why.
    fn stage(self) -> (Stage, Option<String>) {
        let clean = |reason: String| text::clean(&reason).chars().take(MAX_REASON_CHARS).collect::<String>();
        match self {
            Self::Processing => (Stage::Processing, None),
            Self::Completed => (Stage::Completed, None),
            Self::Failed { reason } => {
                let reason = clean(reason);
                (Stage::Failed { reason: reason.clone() }, Some(reason))
            }
            Self::Quarantined { reason } => (Stage::Quarantined, reason.map(clean)),
        }
    }
}

impl Upload {
    /// The pipeline went on with its photo. What it said before it may say again: nothing changes then. A
    /// failure for another reason is another failure.
    pub fn advance(&mut self, verdict: Verdict, now: OffsetDateTime) -> Result<(), InvalidTransition> {
        let from = self.status();
        let refused = InvalidTransition { from, wanted: verdict.wanted() };
        let UploadState::Stored { stage, .. } = &mut self.progress.state else { return Err(refused) };
        let is_legal = match (&*stage, &verdict) {
            (Stage::Uploaded | Stage::Processing, _)
            | (_, Verdict::Quarantined { .. })
            | (Stage::Failed { .. }, Verdict::Processing | Verdict::Failed { .. })
            | (Stage::Completed, Verdict::Completed) => true,
            (Stage::Completed | Stage::Failed { .. } | Stage::Quarantined, _) => false,
        };
        if !is_legal {
            return Err(refused);
        }
        let (wanted, reason) = verdict.stage();
        if *stage == wanted {
            return Ok(());
        }
        *stage = wanted;
        let status = self.status();
        let history = &mut self.progress.history;
        if history.len() >= MAX_CHANGES {
            history.remove(0);
        }
        history.push(StatusChange { status, reason, at: now });
        self.progress.updated_at = now;
        self.tell(EventKind::Status, now);
        Ok(())
    }

    /// Why it stands where it does, where that was said: for people.
    pub fn status_reason(&self) -> Option<&str> {
        match &self.progress.state {
            UploadState::Stored { stage: Stage::Failed { reason }, .. } => Some(reason),
            UploadState::Stored { stage: Stage::Quarantined, .. } => {
                let mut latest_first = self.progress.history.iter().rev();
                latest_first.find(|change| change.status == UploadStatus::Quarantined)?.reason.as_deref()
            }
            UploadState::Refused(failure) => Some(&failure.detail),
            _ => None,
        }
    }

    /// The statuses it has had, with their times, oldest first: announced, verified, and the last
    /// [`MAX_CHANGES`] of the pipeline's.
    pub fn statuses(&self) -> Vec<StatusChange> {
        let at = |status, at| StatusChange { status, reason: None, at };
        let announced = at(UploadStatus::PendingUpload, self.facts.created_at);
        let verified = self.object().map(|object| at(UploadStatus::Uploaded, object.verified_at));
        [announced].into_iter().chain(verified).chain(self.progress.history.iter().cloned()).collect()
    }
}
