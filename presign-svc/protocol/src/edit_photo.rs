//! `PATCH /api/v1/photos/{photo_id}` — caption and tags. Answers the photo.
//!
//! Caller: scope `upload` on the project: who brings photos says what they show. What is absent stays as it
//! is. The answer has URLs and metadata for those with scope `read` only. Errors: `not_found`,
//! `invalid_request`.

use serde::{Deserialize, Deserializer, Serialize};

/// What to change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditPhotoRequest {
    /// At most 1,000 characters, lines allowed; `null` or empty takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "string | null"))]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub caption: Option<Option<String>>,
    /// All its tags from now on: at most 30 of 1 to 50 characters, without commas. Of two that differ in
    /// letter case only, the first one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub tags: Option<Vec<String>>,
}

/// Tells `null` from absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
