//! The record itself, as it lies in the browser's database.

use serde::{Deserialize, Serialize};
use windlass_protocol::metadata::MetadataWarning;
use windlass_protocol::{ClientRef, PhotoMetadata};

/// The version of the record's shape that this build writes. A build that changes the meaning of a field
/// counts it up; what reads an older one is in `reading`.
pub const SCHEMA: u32 = 1;

/// One upload as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct KeptUpload {
    /// The version of this shape.
    pub schema: u32,
    /// The idempotency key: under it the service finds the upload again.
    pub client_ref: ClientRef,
    /// Whose it is: the token's `sub`, or what the application calls the user. `null` where nobody had
    /// signed in yet when it was chosen.
    pub subject: Option<String>,
    /// The file's name.
    pub filename: String,
    /// What the browser took its type for; may be empty.
    pub content_type: String,
    /// Its size in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size_bytes: u64,
    /// When it was changed last, in milliseconds since 1970 (`File.lastModified`).
    pub last_modified_ms: Option<f64>,
    /// When it was chosen, in milliseconds since 1970. For the order and for cleaning up: nothing about
    /// the upload is decided by the phone's clock.
    pub chosen_at_ms: f64,
    /// Whether the user wants it to wait.
    pub paused: bool,
    /// Whether it is wanted even if these very bytes were stored before.
    pub again: bool,
    /// Where its bytes are.
    pub bytes: KeptBytes,
    /// What was read from it and made of it; `null` while that is still to be done.
    pub prepared: Option<KeptDescription>,
}

/// Where a kept file's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum KeptBytes {
    /// Nowhere here, or not all of them yet: the user still has the file.
    None,
    /// In the origin private file system.
    Opfs,
    /// As a blob in IndexedDB.
    IndexedDb,
    /// In the user's own file, for which the page has a handle.
    Handle,
}

/// What was read from a file and made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct KeptDescription {
    /// The media type, from the bytes where they tell.
    pub content_type: String,
    /// What the camera knew.
    pub metadata: Option<PhotoMetadata>,
    /// What was odd about the file.
    pub warnings: Vec<MetadataWarning>,
    /// The smaller pictures, in their order.
    pub variants: Vec<KeptVariant>,
}

/// A smaller picture that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct KeptVariant {
    /// `thumb_200`, `web_1920` …
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size_bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}
