//! `POST /api/v1/uploads/previews` — the smaller pictures of these uploads are in the store: look at them, and
//! show the photos although their originals are still on their way.
//!
//! Caller: scope `upload` on the projects. For one batch of uploads one request; it may be repeated, and nobody
//! has to send it: a photo that nobody reports is shown once its original is there. The service believes nothing:
//! a smaller picture counts once the store has it with its announced size, checksum and type. From then on
//! `GET /api/v1/photos?arriving=true` lists the photo with the status `pending_upload`, and `photo.arriving` tells
//! so. Errors: `invalid_request`, `rate_limited`, `store_unavailable`, `unavailable`.

use serde::{Deserialize, Serialize};

use crate::{UploadId, UploadStatus};

/// At most this many uploads in one request.
pub const MAX_UPLOADS: usize = 100;

/// Uploads whose smaller pictures were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportPreviewsRequest {
    /// 1 to 100 uploads.
    pub upload_ids: Vec<UploadId>,
}

/// What the store has of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportPreviewsResponse {
    /// In no order. An upload that is not there, or not the caller's, is left out.
    pub uploads: Vec<UploadPreviews>,
}

/// The smaller pictures of one upload that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadPreviews {
    /// Which upload.
    pub upload_id: UploadId,
    /// Where it stands.
    pub status: UploadStatus,
    /// The names of its smaller pictures that are stored and were looked at.
    pub variants: Vec<String>,
}
