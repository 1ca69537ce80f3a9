//! The wire contract of Windlass: one file per operation, used by the service and by the SDK.
//!
//! JSON in snake_case, times RFC 3339 in UTC, sizes in bytes, checksums base64 as S3 writes them,
//! errors as `application/problem+json` (RFC 9457). Requests refuse unknown fields, answers may grow.
//! The TypeScript types of the npm package are generated from these structs (feature `typescript`).

pub mod abort_upload;
pub mod checksum;
pub mod companion;
pub mod complete_upload;
pub mod create_uploads;
pub mod delete_photo;
pub mod edit_photo;
pub mod events;
pub mod ids;
pub mod list_parts;
pub mod list_photos;
pub mod me;
pub mod metadata;
#[cfg(feature = "openapi")]
mod openapi;
pub mod part_plan;
pub mod photo;
pub mod photo_urls;
pub mod piece_plan;
pub mod problem;
pub mod report_previews;
pub mod set_status;
pub mod show_photo;
pub mod show_upload;
pub mod sign_parts;
pub mod sign_pieces;
pub mod timestamp;
pub mod upload_links;
pub mod upload_url;

pub use checksum::{Checksum, ChecksumAlgorithm};
pub use ids::{ClientRef, InvalidId, PhotoId, ProjectId, TenantId, UploadId, UploadLinkId};
pub use metadata::PhotoMetadata;
pub use part_plan::{PartNumber, PartPlan};
pub use photo::{Photo, UploadStatus};
pub use piece_plan::{PieceNumber, PiecePlan};
pub use problem::{ErrorCode, Problem};
pub use timestamp::Timestamp;

/// The path every operation of this contract lives under.
pub const API_PREFIX: &str = "/api/v1";

/// Request headers a client must send unchanged with a signed URL: they are part of the signature.
pub type SignedHeaders = std::collections::BTreeMap<String, String>;
