//! `POST /api/v1/photos/urls` — fresh signed GET URLs for many photos at once.
//!
//! Caller: scope `read`. A photo that is not there, or not the caller's, is answered with `not_found` in its
//! place; the others go on. Errors of the whole: `invalid_request`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::photo::Variant;
use crate::{PhotoId, Problem, Timestamp};

/// How many photos one request may name.
pub const MAX_PHOTOS: usize = 100;
/// The shortest life of a URL, in seconds: shorter ones die on a phone's slow clock.
pub const MIN_EXPIRES_IN_SECONDS: u32 = 60;

/// Which URLs are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoUrlsRequest {
    /// 1 to 100 photos.
    pub photo_ids: Vec<String>,
    /// The names of the smaller pictures that are wanted; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub variants: Option<Vec<String>>,
    /// How long the URLs are to work: from 60; more than the service gives is lowered to that. When absent,
    /// the URLs are those of the list, the same for a while so that browsers cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub expires_in_seconds: Option<u32>,
}

/// One answer per photo, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoUrlsResponse {
    /// One entry per photo of the request.
    pub photos: Vec<PhotoUrlsResult>,
}

/// The URLs of one photo, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PhotoUrlsResult {
    /// What is wrong.
    Refused(RefusedPhoto),
    /// Signed.
    Signed(PhotoUrls),
}

/// A photo without URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedPhoto {
    /// As in the request.
    pub photo_id: String,
    /// Why.
    pub error: Problem,
}

/// The URLs of one photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoUrls {
    /// Which photo.
    pub photo_id: PhotoId,
    /// Signed GET URL of the original.
    pub url: String,
    /// The smaller pictures, by name.
    pub variants: BTreeMap<String, Variant>,
    /// When these URLs stop working.
    pub url_expires_at: Timestamp,
}
