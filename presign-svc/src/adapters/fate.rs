//! What becomes of an upload that is to be recorded among others.

use crate::domain::quota::QuotaExceeded;
use crate::domain::upload::Upload;
use crate::ports::uploads::Recorded;

/// What becomes of one upload.
pub(super) enum Fate {
    New,
    Existing(Box<Upload>),
    OverQuota(QuotaExceeded),
}

impl Fate {
    /// What is answered. The news of a new one are recorded with it.
    pub(super) fn of(self, mut upload: Upload) -> Recorded {
        match self {
            Self::New => {
                upload.saved_as(upload.progress().version);
                Recorded::New(upload)
            }
            Self::Existing(existing) => Recorded::Existing(*existing),
            Self::OverQuota(exceeded) => Recorded::OverQuota(exceeded),
        }
    }
}
