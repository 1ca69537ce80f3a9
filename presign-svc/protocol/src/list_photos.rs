//! `GET /api/v1/photos?project_id=…` — a project's photos, newest first, in keyset pages.
//!
//! Caller: scope `read` on the project. Only verified files are listed: `uploaded`, `processing`, `completed` and
//! `failed`, and `quarantined` without any URL; with `arriving=true` or `status=pending_upload` also photos whose
//! smaller pictures are there while their originals are on their way, as `pending_upload` and without a `url`.
//! Filters may be combined; a photo must pass all of them. With `taken_from` or `taken_to` the newest is the one
//! taken last, otherwise the one sent last. A cursor belongs to the filters it was given out under. With
//! `If-None-Match` and the `ETag` of an earlier answer to the same question the answer is 304 while nothing has
//! happened. Errors: `not_found`, `invalid_request`.

use serde::{Deserialize, Serialize};

use crate::photo::MediaKind;
use crate::{Photo, ProjectId, UploadStatus};

/// How many photos a page holds when nobody says.
pub const DEFAULT_LIMIT: u32 = 50;
/// How many photos a page holds at most.
pub const MAX_LIMIT: u32 = 100;

/// The query string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct ListPhotosQuery {
    /// Whose photos; may be left out where the token covers one project only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub project_id: Option<ProjectId>,
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
    /// With `true` also photos whose original is on its way and of which a smaller picture is there already:
    /// their status is `pending_upload`, their `url` is `null`, and what is said of them is the client's word.
    /// They pass filters by status and kind only: by anything else a photo is found once it is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub arriving: Option<bool>,
    /// Only of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub kind: Option<MediaKind>,
    /// Only photos taken then or later: a day (`2026-11-20`) or time (`2026-11-20T16:00:00`) of the camera's
    /// own clock, or a moment in UTC (`2026-11-20T16:00:00Z`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub taken_from: Option<String>,
    /// Only photos taken then or earlier; a day is meant whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub taken_to: Option<String>,
    /// Only photos taken there: `west,south,east,north` in degrees, the order of GeoJSON. West may be greater
    /// than east: across the 180th meridian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub bbox: Option<String>,
    /// Only from this camera: its maker, its model, or both with a blank between; letter case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub camera: Option<String>,
    /// Only with this tag; letter case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub label: Option<String>,
    /// Only photos that have all these words, or words that begin so, in their file name, caption, tags or
    /// camera. Letter case and accents do not matter. 1 to 8 words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub q: Option<String>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListPhotosResponse {
    /// Newest first.
    pub photos: Vec<Photo>,
    /// Ask with this for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
    /// How many photos the project has, whatever the filters; those whose original is on its way do not count.
    pub totals: PhotoTotals,
    /// The number of the project's latest event: this list holds all up to it, and maybe more. From here on
    /// `GET /api/v1/events` tells what changes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub latest_event: u64,
}

/// How many photos a project has, by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoTotals {
    /// Verified, and nobody is at work on them.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub uploaded: u64,
    /// The pipeline is at work.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub processing: u64,
    /// Done.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub completed: u64,
    /// The pipeline failed.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub failed: u64,
    /// Dangerous: nobody can fetch them.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub quarantined: u64,
}
