//! A photo as the API shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metadata::Location;
use crate::{PhotoId, PhotoMetadata, ProjectId, Timestamp};

/// Where an upload, and the photo it becomes, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UploadStatus {
    /// Recorded and signed; the bytes are on their way.
    PendingUpload,
    /// The bytes are stored and verified.
    Uploaded,
    /// The pipeline is at work.
    Processing,
    /// Everything is done.
    Completed,
    /// The pipeline or the verification failed; the reason is recorded.
    Failed,
    /// The client gave the upload up.
    Aborted,
    /// The client never finished in time.
    Expired,
    /// The content is dangerous; nobody can fetch it.
    Quarantined,
}

/// What kind of entry a photo-list entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MediaKind {
    /// A still picture.
    Photo,
    /// A moving picture.
    Video,
    /// A PDF, a drawing.
    Document,
    /// A ZIP or the like.
    Archive,
}

/// One verified file of a project, with signed URLs to fetch it.
///
/// Whoever may not read photos, as one who only uploads, gets neither URLs nor what the camera knew nor who sent it:
/// `url`, `url_expires_at`, `taken_at`, `location`, `metadata` and `created_by` are `null` then, and `variants` is empty.
///
/// Where its status is `quarantined`, nobody gets a URL: `url` and `url_expires_at` are `null`, `variants` is empty.
///
/// Where its status is `pending_upload`, which only those see who ask for it (`arriving=true`), its original is on
/// its way: `url` and `uploaded_at` are `null`, `variants` has the smaller pictures that are there, and all else is
/// what the client said of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photo {
    /// The photo's id, the same as its upload's.
    pub photo_id: PhotoId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// The name the file had on the client: for people only, never part of a key.
    pub filename: String,
    /// The type by content.
    pub content_type: String,
    /// The original's size in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
    /// Where it stands.
    pub status: UploadStatus,
    /// Why it failed or was quarantined, where that was said.
    pub status_reason: Option<String>,
    /// Photo, video, document or archive.
    pub kind: MediaKind,
    /// Width in pixels as shown, after orientation.
    pub width: Option<u32>,
    /// Height in pixels as shown, after orientation.
    pub height: Option<u32>,
    /// When it was taken; local time with the camera's offset where it wrote one (`2018-07-25T16:34:23+02:00`).
    pub taken_at: Option<String>,
    /// Where it was taken.
    pub location: Option<Location>,
    /// All the metadata there is.
    pub metadata: Option<PhotoMetadata>,
    /// Signed GET URL of the original, once it is there.
    pub url: Option<String>,
    /// The smaller pictures made from it, by name (`thumb_200`, `web_1920` …).
    pub variants: BTreeMap<String, Variant>,
    /// When `url` and the variants' URLs stop working.
    pub url_expires_at: Option<Timestamp>,
    /// Who sent it: the subject (`sub`) of their token, or `link:` and the id of an upload link.
    pub created_by: Option<String>,
    /// When the upload was created.
    pub created_at: Timestamp,
    /// When its bytes were verified.
    pub uploaded_at: Option<Timestamp>,
    /// What somebody wrote about it, on one or more lines.
    pub caption: Option<String>,
    /// The tags somebody gave it.
    pub tags: Vec<String>,
    /// The statuses it has had, oldest first: announced, verified, and the last 50 of the pipeline's.
    pub status_history: Vec<StatusAt>,
}

/// A status, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusAt {
    /// Where it stood.
    pub status: UploadStatus,
    /// Since when.
    pub at: Timestamp,
    /// Why it failed or was quarantined, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub reason: Option<String>,
}

/// A derived image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Variant {
    /// Signed GET URL.
    pub url: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}
