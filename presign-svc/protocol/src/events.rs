//! What happens to a project's photos. Recorded with each change, in order.

use serde::{Deserialize, Serialize};

/// What kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A file was verified and is a photo now.
    #[serde(rename = "photo.created")]
    Created,
    /// The pipeline went on with it.
    #[serde(rename = "photo.status")]
    Status,
    /// Its caption, tags or smaller pictures changed.
    #[serde(rename = "photo.updated")]
    Updated,
    /// It is gone.
    #[serde(rename = "photo.deleted")]
    Deleted,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Created, Self::Status, Self::Updated, Self::Deleted];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "photo.created",
            Self::Status => "photo.status",
            Self::Updated => "photo.updated",
            Self::Deleted => "photo.deleted",
        }
    }
}
