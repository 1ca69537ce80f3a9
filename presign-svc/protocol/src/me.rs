//! `GET /api/v1/me` — who the token is. Caller: any valid token.

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Who the token is and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Me {
    /// The company.
    pub tenant: TenantId,
    /// The person or device.
    pub subject: String,
    /// Project ids, or the single entry `*` for all of the tenant's.
    pub projects: Vec<String>,
    /// `upload`, `read`, `delete`, `pipeline`.
    pub scopes: Vec<String>,
}
