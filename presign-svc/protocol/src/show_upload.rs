//! `GET /api/v1/uploads/{upload_id}` — where an upload stands. Has an `ETag`; answers 304 to `If-None-Match`.
//!
//! Caller: scope `upload` or `read` on the project. Errors: `not_found`.

use serde::{Deserialize, Serialize};

use crate::create_uploads::UploadMethod;
use crate::{PhotoId, Problem, ProjectId, Timestamp, UploadId, UploadStatus};

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadState {
    /// The upload's id.
    pub upload_id: UploadId,
    /// The photo it is or will be.
    pub photo_id: PhotoId,
    /// Its project.
    pub project_id: ProjectId,
    /// Where it stands.
    pub status: UploadStatus,
    /// PUT or MULTIPART.
    pub method: UploadMethod,
    /// The announced size in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
    /// With MULTIPART: the size of every part but the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub part_size: Option<u64>,
    /// With MULTIPART: how many parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub part_count: Option<u16>,
    /// 0 to 100: of an upload in parts, how much the bucket had in whole parts when it last said so, which is usually
    /// less than ten seconds ago; 100 once the bytes are verified.
    pub progress_percent: u8,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub error: Option<Problem>,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
