//! `POST /api/v1/uploads/{upload_id}/parts` — signed part URLs; also to sign again after expiry.
//!
//! Caller: scope `upload` on the project. Errors: `not_found`, `invalid_request`, `upload_closed`,
//! `rate_limited`, `store_unavailable`.

use serde::{Deserialize, Serialize};

use crate::create_uploads::SignedPart;
use crate::{Checksum, PartNumber, Timestamp};

/// At most this many parts in one request.
pub const MAX_PARTS: usize = 1_000;

/// Parts to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignPartsRequest {
    /// 1 to 1,000 parts of the plan, each once.
    pub parts: Vec<PartToSign>,
}

/// One part to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartToSign {
    /// Its number.
    pub part_number: PartNumber,
    /// Of the part's bytes; signed, so the store verifies it on arrival. CRC64NVME, as declared at create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
}

/// The signed parts, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignPartsResponse {
    /// One entry per part of the request.
    pub parts: Vec<SignedPart>,
    /// When these URLs stop working.
    pub expires_at: Timestamp,
}
