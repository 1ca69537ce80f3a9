//! `GET /api/v1/uploads/{upload_id}/parts` — what the store itself says it has, all pages.
//!
//! Caller: scope `upload` on the project. Errors: `not_found`, `upload_closed`, `store_unavailable`.
//! A single-PUT upload has no parts: the list is empty. What is staged in small pieces is listed beside.

use serde::{Deserialize, Serialize};

use crate::piece_plan::PieceNumber;
use crate::{Checksum, PartNumber};

/// The parts the store has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListPartsResponse {
    /// In ascending order.
    pub parts: Vec<StoredPart>,
    /// What is staged of it in small pieces, where pieces of it were ever signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub staged: Option<StagedPieces>,
}

/// The pieces that are staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StagedPieces {
    /// The size of every piece but the last, in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub piece_size: u64,
    /// In ascending order.
    pub pieces: Vec<StagedPiece>,
}

/// One piece that is staged, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StagedPiece {
    /// Its number.
    pub piece_number: PieceNumber,
    /// Its checksum, where the store keeps one of a kind the contract knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
}

/// One part the store has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredPart {
    /// Its number.
    pub part_number: PartNumber,
    /// Its size in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
    /// Its entity tag, with quotes, as S3 writes it.
    pub etag: String,
    /// Its checksum, where the store keeps one of a kind the contract knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
}
