//! `POST /api/v1/uploads/{upload_id}/pieces` — signed URLs of small staged pieces; also to sign again
//! after expiry. For weak signals: pieces are put together by the service when the upload is completed.
//!
//! Caller: scope `upload` on the project. Errors: `not_found`, `invalid_request`, `upload_closed`,
//! `rate_limited`, `store_unavailable`.

use serde::{Deserialize, Serialize};

use crate::piece_plan::PieceNumber;
use crate::{Checksum, SignedHeaders, Timestamp};

/// At most this many pieces in one request.
pub const MAX_PIECES: usize = 256;

/// Pieces to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignPiecesRequest {
    /// The size of every piece but the last: 131072, 262144 or 524288. The same for all pieces of an upload;
    /// the first request settles it.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub piece_size: u64,
    /// 1 to 256 pieces of the file, each once.
    pub pieces: Vec<PieceToSign>,
}

/// One piece to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PieceToSign {
    /// Its number, counted from 1: bytes `(number − 1) · piece_size` of the file and on.
    pub piece_number: PieceNumber,
    /// Of the piece's bytes; signed, so the store verifies it on arrival. CRC64NVME.
    pub checksum: Checksum,
}

/// The signed pieces, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignPiecesResponse {
    /// One entry per piece of the request.
    pub pieces: Vec<SignedPiece>,
    /// When these URLs stop working.
    pub expires_at: Timestamp,
}

/// A signed PUT for one piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedPiece {
    /// The piece's number.
    pub piece_number: PieceNumber,
    /// Where to PUT it.
    pub url: String,
    /// Headers to send unchanged.
    pub headers: SignedHeaders,
    /// The piece's size in bytes: the URL accepts exactly this many.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
}
