//! `GET /api/v1/photos/{photo_id}` — one [`Photo`] with fresh signed URLs.
//!
//! Caller: scope `read` on the project. Errors: `not_found`, `invalid_request`.
//!
//! [`Photo`]: crate::Photo

use serde::{Deserialize, Serialize};

/// The query string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct ShowPhotoQuery {
    /// With `true` a photo is shown, too, whose original is on its way and of which a smaller picture is there
    /// already: as `pending_upload`, without a `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub arriving: Option<bool>,
}
