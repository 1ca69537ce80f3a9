//! `PATCH /api/v1/photos/{photo_id}/status` — how far the pipeline is with a photo. Answers the photo.
//!
//! Caller: scope `pipeline` on the project; `upload` is enough to say `uploaded`. To say that of a file whose bytes are
//! in the store is to complete its upload, with the errors of complete. `uploaded` and `processing` may become any of
//! the others, `failed` may become `processing` again, `completed` stays. Every photo may become `quarantined`, and
//! stays so: from then on nobody gets a URL of it or of its smaller pictures; it can only be deleted. To say the same
//! again changes nothing; a failure's reason may be replaced by another. The answer has URLs and metadata for those
//! with scope `read` only.
//! Errors: `not_found`, `invalid_request`, `invalid_transition`.

use serde::{Deserialize, Serialize};

/// What it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetStatusRequest {
    /// `uploaded`, `processing`, `completed`, `failed` or `quarantined`.
    pub status: PipelineStatus,
    /// Why, for people; 1 to 500 characters. With `failed` it must be said, with `quarantined` it may be, and with
    /// others not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub reason: Option<String>,
}

/// The statuses a pipeline may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PipelineStatus {
    /// Its bytes are in the store: verify them. Of a photo it changes nothing.
    Uploaded,
    /// It is at work.
    Processing,
    /// It is done.
    Completed,
    /// It failed.
    Failed,
    /// Its content is dangerous: nobody is to fetch it.
    Quarantined,
}
