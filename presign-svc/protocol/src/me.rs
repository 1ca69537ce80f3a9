//! `GET /api/v1/me` — who the token is, what it may send, and how much room is left. Caller: any valid token, or
//! an upload link's. Errors: `unavailable`.

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Who the token is and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The company.
    pub tenant: TenantId,
    /// The person or device.
    pub subject: String,
    /// Project ids, or the single entry `*` for all of the tenant's.
    pub projects: Vec<String>,
    /// `upload`, `read`, `delete`, `pipeline`, `links`.
    pub scopes: Vec<String>,
    /// What may be sent.
    pub limits: UploadLimits,
    /// What is kept, of what may be: the company's; with an upload link, the link's alone.
    pub usage: StorageUse,
}

/// What counts against the quotas: announced files and stored ones, their smaller pictures included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageUse {
    /// Files, stored ones and those whose bytes are awaited.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub files: u64,
    /// Their bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub bytes: u64,
    /// Those of the files whose bytes are awaited.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub open_uploads: u64,
    /// As many files there may be; `null` where there is no limit.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub max_files: Option<u64>,
    /// So many bytes; `null` where there is no limit.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub max_bytes: Option<u64>,
    /// So many files may wait for their bytes at once; `null` where there is no limit.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub max_open_uploads: Option<u64>,
}

/// The files the service takes, by kind; `null` where it takes none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadLimits {
    /// Photos.
    pub photo: Option<SizeLimits>,
    /// Videos.
    pub video: Option<SizeLimits>,
    /// PDFs and drawings.
    pub document: Option<SizeLimits>,
    /// ZIPs.
    pub archive: Option<SizeLimits>,
    /// How many files one request may announce.
    pub files_per_request: u32,
}

/// How large one file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SizeLimits {
    /// At least, in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub min_size: u64,
    /// At most, in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub max_size: u64,
}
