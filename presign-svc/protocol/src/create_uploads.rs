//! `POST /api/v1/uploads` — announce files and get signed URLs for them.
//!
//! Caller: scope `upload` on the project. Answers 201 even when single files are refused; the request
//! as a whole fails with `unauthorized`, `token_expired`, `forbidden`, `invalid_json`,
//! `invalid_request`, `rate_limited`, `store_unavailable` or `unavailable`. A refused file's `error`
//! has `invalid_request`, `type_not_allowed`, `file_too_large`, `file_too_small`, `quota_exceeded`,
//! `client_ref_conflict` or `store_unavailable`. A `client_ref` or a checksum that is not well formed refuses
//! its file only; a field that is missing, unknown or of another JSON type refuses the request.

use serde::{Deserialize, Serialize};

use crate::{Checksum, ClientRef, PartNumber, PhotoId, PhotoMetadata, Problem, ProjectId, SignedHeaders};
use crate::{Timestamp, UploadId, UploadStatus};

/// At most this many files in one request.
pub const MAX_FILES: usize = 100;
/// At most this many variants of one file.
pub const MAX_VARIANTS: usize = 8;

/// Files to announce.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateUploadsRequest {
    /// The project the files belong to.
    pub project_id: ProjectId,
    /// 1 to 100 files.
    pub files: Vec<FileToUpload>,
}

/// One file to announce.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileToUpload {
    /// The idempotency key: the same one for the same file gives the same upload.
    pub client_ref: ClientRef,
    /// The name on the client; kept as metadata, cleaned, never part of a key.
    pub filename: String,
    /// The media type the client believes in; checked against the content on completion.
    pub content_type: String,
    /// Size in bytes; the signed URL accepts exactly this many.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
    /// Of the whole file. For a single PUT the store verifies it on arrival.
    /// Above 5 MiB, where it goes in parts, a CRC64NVME: the store can verify no other over the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
    /// What the client read from the file, in at most 16 KiB: a claim until the service has read it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub metadata: Option<PhotoMetadata>,
    /// The size in bytes its parts should have, by what the client's line carries, where it goes in parts. Only a
    /// wish: the service chooses what comes nearest, from 5 to 64 MiB (more only where 10,000 parts would not do),
    /// says so in `part_size`, and stays with that for this upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub preferred_part_size: Option<u64>,
    /// The CRC64NVME of the whole file, from those who do not want it twice: where the caller has made a photo of
    /// these very bytes in this project before, on whatever device, and the bucket still has it, that photo is the
    /// answer and nothing is recorded. A `client_ref` that is known already is answered as ever. Upload links are told
    /// of no photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub unless_stored: Option<Checksum>,
    /// Smaller pictures the client made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<VariantToUpload>>"))]
    pub variants: Vec<VariantToUpload>,
}

/// One smaller picture to announce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VariantToUpload {
    /// `thumb_200`, `web_1920` …: 1 to 32 of `a-z`, `0-9`, `_`.
    pub name: String,
    /// Its media type: a JPEG, PNG, WebP or AVIF.
    pub content_type: String,
    /// Size in bytes, at most 5 MiB.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The store verifies it on arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub checksum: Option<Checksum>,
}

/// One answer per file, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateUploadsResponse {
    /// One entry per file of the request.
    pub uploads: Vec<CreateUploadResult>,
}

/// A file is either accepted or refused; one bad file does not refuse the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CreateUploadResult {
    /// Refused: what is wrong with this file.
    Refused(RefusedUpload),
    /// Recorded, and signed where bytes are still wanted.
    Accepted(Box<AcceptedUpload>),
}

/// A file that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedUpload {
    /// As in the request, also where that is no valid `client_ref`.
    pub client_ref: String,
    /// Why.
    pub error: Problem,
}

/// How the bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UploadMethod {
    /// One PUT to `url`.
    Put,
    /// An S3 multipart upload: `part_count` PUTs, then complete.
    Multipart,
}

/// A file that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedUpload {
    /// As in the request.
    pub client_ref: ClientRef,
    /// The upload's id.
    pub upload_id: UploadId,
    /// The photo it will become: the same UUID.
    pub photo_id: PhotoId,
    /// `pending_upload`, or further where the same file was announced before.
    pub status: UploadStatus,
    /// With `unless_stored`: these very bytes were stored before, as this photo. Nothing was recorded, and nothing
    /// is wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
    pub already_stored: bool,
    /// PUT up to 5 MiB, MULTIPART above.
    pub method: UploadMethod,
    /// With PUT, while bytes are wanted: where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub url: Option<String>,
    /// With PUT: headers to send unchanged. `content-length` is among them; browsers set it themselves.
    pub headers: SignedHeaders,
    /// With MULTIPART: the size of every part but the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub part_size: Option<u64>,
    /// With MULTIPART: how many parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub part_count: Option<u16>,
    /// With MULTIPART: the first parts, signed without checksums, for clients that have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<SignedPart>>"))]
    pub parts: Vec<SignedPart>,
    /// While bytes are wanted, where the service takes them in small pieces as well, for weak signals:
    /// `POST /api/v1/uploads/{id}/pieces`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub staging: Option<Staging>,
    /// Where the variants go, by PUT; only those still wanted.
    pub variants: Vec<SignedVariant>,
    /// When these URLs stop working.
    pub expires_at: Timestamp,
    /// Path of `GET /api/v1/uploads/{id}`.
    pub status_url: String,
}

/// How a file may be sent in small pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Staging {
    /// The size of every piece but the last, in bytes, once pieces were signed; the client's choice before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub piece_size: Option<u64>,
}

/// A signed PUT for one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedPart {
    /// The part's number.
    pub part_number: PartNumber,
    /// Where to PUT it.
    pub url: String,
    /// Headers to send unchanged.
    pub headers: SignedHeaders,
    /// The part's size in bytes: the URL accepts exactly this many.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub size: u64,
}

/// A signed PUT for one variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedVariant {
    /// As in the request.
    pub name: String,
    /// Where to PUT it.
    pub url: String,
    /// Headers to send unchanged.
    pub headers: SignedHeaders,
}
