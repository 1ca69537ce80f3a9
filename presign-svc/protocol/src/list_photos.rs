//! `GET /api/v1/photos?project_id=…` — a project's photos, newest first, in keyset pages.
//!
//! Caller: scope `read` on the project. Only verified files are listed: `uploaded`, `processing`,
//! `completed` and `failed`. Errors: `not_found`, `invalid_request`.

use serde::{Deserialize, Serialize};

use crate::{Photo, ProjectId, UploadStatus};

/// How many photos a page holds when nobody says.
pub const DEFAULT_LIMIT: u32 = 50;
/// How many photos a page holds at most.
pub const MAX_LIMIT: u32 = 100;

/// The query string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct ListPhotosQuery {
    /// Whose photos.
    pub project_id: ProjectId,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub cursor: Option<String>,
    /// 1 to 100, 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub limit: Option<u32>,
    /// Only photos that stand here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub status: Option<UploadStatus>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct ListPhotosResponse {
    /// Newest first.
    pub photos: Vec<Photo>,
    /// Ask with this for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}
