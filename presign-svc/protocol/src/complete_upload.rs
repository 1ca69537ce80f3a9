//! `POST /api/v1/uploads/{upload_id}/complete` — verify the stored bytes and make the photo. Idempotent.
//!
//! Caller: scope `upload` on the project. The body may be empty. Answers 200 with the [`Photo`], which has
//! URLs and metadata for those with scope `read` only.
//! Errors: `not_found`, `invalid_request`, `parts_missing` and `bytes_missing` (409, the upload can go
//! on), `assembling` (409: all bytes are there in small pieces, which are being put together; ask again
//! after `Retry-After`), `size_mismatch`, `checksum_mismatch`, `type_mismatch` (422), `upload_closed`, `store_unavailable`.
//!
//! [`Photo`]: crate::Photo

use serde::{Deserialize, Serialize};

use crate::{Checksum, PartNumber};

/// What the client believes it has stored. Without `parts` the service asks the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompleteUploadRequest {
    /// The parts, as the store acknowledged them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub parts: Option<Vec<CompletedPart>>,
    /// Of the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
}

/// One part as the store acknowledged it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompletedPart {
    /// Its number.
    pub part_number: PartNumber,
    /// The entity tag the store answered with.
    pub etag: String,
    /// Of the part's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
}
