//! New identifiers. They cannot be guessed, and those of uploads sort by the time they were made.

use time::OffsetDateTime;
use windlass_protocol::{UploadId, UploadLinkId};

use crate::domain::upload_link::SECRET_BYTES;

/// The machine has no randomness to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the machine gives no randomness: {0}")]
pub struct NoRandomness(pub String);

/// A source of identifiers.
pub trait IdSource: Send + Sync + 'static {
    /// For a new upload: a UUIDv7 (RFC 9562) that sorts after all those made before it here.
    fn upload_id(&self, now: OffsetDateTime) -> UploadId;

    /// A secret for somebody to hold: 256 random bits as text; `None` where the machine gives none.
    fn secret(&self) -> Option<String>;

    /// For a new upload link: an id, and a secret that nobody can guess.
    fn upload_link(&self, now: OffsetDateTime) -> Result<(UploadLinkId, [u8; SECRET_BYTES]), NoRandomness>;

    /// For a request that brought none of its own.
    fn request_id(&self) -> String;
}
