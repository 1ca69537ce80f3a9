//! A row of `upload_links` and the link it means, the same in every database.

use windlass_protocol::Timestamp;

use super::usage_row::UsageRow;
use crate::domain::quota::Usage;
use crate::domain::upload_link::UploadLink;
use crate::ports::uploads::{RepositoryError, RepositoryResult};

/// A row as the databases have it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct LinkRow {
    id: String,
    tenant: String,
    project: String,
    label: Option<String>,
    created_by: String,
    max_files: i64,
    max_bytes: i64,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

/// The same with what has come through the link.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct ListedLinkRow {
    #[sqlx(flatten)]
    link: LinkRow,
    #[sqlx(flatten)]
    counters: UsageRow,
}

impl ListedLinkRow {
    pub(super) fn into_listed(self) -> RepositoryResult<(UploadLink, Usage)> {
        Ok((self.link.into_link()?, self.counters.into()))
    }
}

impl LinkRow {
    pub(super) fn into_link(self) -> RepositoryResult<UploadLink> {
        let corrupt = |column| RepositoryError::Corrupt { id: format!("link {}", self.id), column };
        let moment = |value, column| {
            Timestamp::from_unix_millis(value).map(Timestamp::as_datetime).ok_or_else(|| corrupt(column))
        };
        Ok(UploadLink {
            id: self.id.parse().map_err(|_| corrupt("id"))?,
            tenant: self.tenant.parse().map_err(|_| corrupt("tenant"))?,
            project: self.project.parse().map_err(|_| corrupt("project"))?,
            max_files: u64::try_from(self.max_files).map_err(|_| corrupt("max_files"))?,
            max_bytes: u64::try_from(self.max_bytes).map_err(|_| corrupt("max_bytes"))?,
            created_at: moment(self.created_at, "created_at")?,
            expires_at: moment(self.expires_at, "expires_at")?,
            revoked_at: self.revoked_at.map(|value| moment(value, "revoked_at")).transpose()?,
            label: self.label.clone(),
            created_by: self.created_by.clone(),
        })
    }
}

/// A limit as the databases have it: their integers have a sign, and no limit comes near it.
pub(super) fn limit(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
