//! Upload links: capabilities for customers without an account.
//!
//! `POST /api/v1/projects/{project_id}/upload-links` makes one and answers 201 with its token, once;
//! `GET` on the same path lists a project's; `DELETE …/upload-links/{link_id}` ends one and answers 204,
//! also when it had ended before. Caller: scope `links` on the project. The token is a bearer token with the
//! scope `upload` for files of its own. Errors: `forbidden`, `not_found`, `invalid_request` and, of making one,
//! `rate_limited`.

use serde::{Deserialize, Serialize};

use crate::{ProjectId, Timestamp, UploadLinkId};

/// The most links one list shows: the newest.
pub const MAX_LISTED: u32 = 500;
/// The longest label, in characters.
pub const MAX_LABEL_CHARS: usize = 200;
/// How long a link may work, in seconds: a minute to a year.
pub const EXPIRES_IN_SECONDS: std::ops::RangeInclusive<u32> = 60..=366 * 86_400;
/// How long it works where nothing is said: a week.
pub const DEFAULT_EXPIRES_IN_SECONDS: u32 = 7 * 86_400;
/// How many files it may bring at most.
pub const MAX_FILES: u32 = 10_000;
/// How many where nothing is said.
pub const DEFAULT_FILES: u32 = 100;
/// How many bytes it may bring at most: 1 TiB.
pub const MAX_BYTES: u64 = 1 << 40;
/// How many where nothing is said: 5 GiB.
pub const DEFAULT_BYTES: u64 = 5 << 30;

/// A link to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateUploadLinkRequest {
    /// What people call it: whom it was given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub label: Option<String>,
    /// How long it works; a week by default, at most a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub expires_in_seconds: Option<u32>,
    /// How many files it may bring; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub max_files: Option<u32>,
    /// How many bytes, with those of smaller pictures; 5 GiB by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub max_bytes: Option<u64>,
}

/// A link, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadLink {
    /// Its id: no secret.
    pub link_id: UploadLinkId,
    /// Where its files go.
    pub project_id: ProjectId,
    /// What people call it.
    pub label: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// How many files it may bring.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub max_files: u64,
    /// How many bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub max_bytes: u64,
    /// How many files it has brought or is bringing; deleted ones do not count.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub files: u64,
    /// How many bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub bytes: u64,
    /// Whether it can be used now.
    pub is_open: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
}

/// A link that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedUploadLink {
    /// The link.
    pub link: UploadLink,
    /// What lets its holder in. It is shown this once.
    pub token: String,
    /// The address of the upload page with the token after `#`, where such a page is configured.
    pub url: Option<String>,
}

/// A project's links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListUploadLinksResponse {
    /// Newest first, ended ones among them.
    pub links: Vec<UploadLink>,
}
