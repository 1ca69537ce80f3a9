//! `POST /api/v1/photos/upload-url` — one file by one PUT, for clients without the SDK.
//!
//! PUT the bytes to `upload_url` with `headers`, then call complete with no body; who does not call it is
//! not waited for, the service looks for the bytes by itself. Files above 5 GiB need the multipart way. Caller: scope `upload` on the project. Errors: those of create,
//! as the whole answer.

use serde::{Deserialize, Serialize};

use crate::{PhotoId, ProjectId, SignedHeaders, UploadId};

/// One file to announce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadUrlRequest {
    /// The project it belongs to; may be left out where the token covers one project only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub project_id: Option<ProjectId>,
    /// The name on the client.
    pub file_name: String,
    /// Size in bytes. May be left out where the service takes plain clients; the largest size of the file's
    /// kind is reserved then until it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub file_size: Option<u64>,
    /// The media type; by the name's ending where it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<String>"))]
    pub mime_type: String,
}

/// Where to PUT it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadUrlResponse {
    /// The upload's id.
    pub upload_id: UploadId,
    /// The photo it will become: the same UUID.
    pub photo_id: PhotoId,
    /// Signed PUT URL.
    pub upload_url: String,
    /// The object's address without a signature: a name for it, not a way to fetch it.
    pub s3_url: String,
    /// Headers to send unchanged.
    pub headers: SignedHeaders,
    /// How long `upload_url` works.
    pub expires_in_seconds: u32,
    /// Path of `GET /api/v1/uploads/{upload_id}`, to poll.
    pub status_url: String,
}
