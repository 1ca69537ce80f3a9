//! A row of `usage`, and the room that is left while uploads are recorded, the same in every database.

use std::collections::HashMap;

use windlass_protocol::{TenantId, UploadLinkId};

use crate::domain::quota::{InUse, Usage};

/// Names a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct UsageKey {
    pub tenant: TenantId,
    /// `None` is the tenant itself.
    pub link: Option<UploadLinkId>,
}

impl UsageKey {
    /// What its columns `holder` and `name` hold.
    pub(super) fn columns(&self) -> (&'static str, String) {
        match self.link {
            None => ("tenant", String::new()),
            Some(link) => ("link", link.to_string()),
        }
    }
}

/// The rows that matter for uploads of a tenant, which may have come through a link.
pub(super) fn keys_of(tenant: &TenantId, link: Option<UploadLinkId>) -> impl Iterator<Item = UsageKey> {
    let of = |link| UsageKey { tenant: tenant.clone(), link };
    [Some(of(None)), link.map(|link| of(Some(link)))].into_iter().flatten()
}

/// The counters of a row.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct UsageRow {
    open_files: i64,
    open_bytes: i64,
    stored_files: i64,
    stored_bytes: i64,
}

impl UsageRow {
    /// Those columns, in order.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            open_files: row.get(0)?,
            open_bytes: row.get(1)?,
            stored_files: row.get(2)?,
            stored_bytes: row.get(3)?,
        })
    }
}

impl From<UsageRow> for Usage {
    fn from(row: UsageRow) -> Self {
        // The schema keeps them from falling below zero.
        let count = |value: i64| u64::try_from(value).unwrap_or_default();
        Self {
            open_files: count(row.open_files),
            open_bytes: count(row.open_bytes),
            stored_files: count(row.stored_files),
            stored_bytes: count(row.stored_bytes),
        }
    }
}

/// What is in use by all whom a group of requests concerns, while it is added to.
#[derive(Debug, Default)]
pub(super) struct Room(HashMap<UsageKey, Usage>);

impl Room {
    pub(super) fn knows(&self, key: &UsageKey) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn is_told(&mut self, key: UsageKey, usage: Usage) {
        self.0.insert(key, usage);
    }

    /// What is in use by a tenant and a link; nobody that is not known has anything.
    pub(super) fn in_use(&self, tenant: &TenantId, link: Option<UploadLinkId>) -> InUse {
        let of = |link| self.0.get(&UsageKey { tenant: tenant.clone(), link }).copied().unwrap_or_default();
        InUse { tenant: of(None), link: link.map(|link| of(Some(link))).unwrap_or_default() }
    }

    /// What is in use by them now.
    pub(super) fn is_now(&mut self, tenant: &TenantId, link: Option<UploadLinkId>, in_use: InUse) {
        for key in keys_of(tenant, link) {
            let usage = if key.link.is_some() { in_use.link } else { in_use.tenant };
            self.is_told(key, usage);
        }
    }
}
