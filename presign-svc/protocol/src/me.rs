//! `GET /api/v1/me` — who the token is, and what it may send. Caller: any valid token.

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
