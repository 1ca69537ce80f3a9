//! What is in use, kept by the triggers of the schema; the writer reads it inside the transaction that adds to it.

use rusqlite::{Connection, OptionalExtension as _, params};
use sqlx::SqlitePool;
use windlass_protocol::{TenantId, UploadLinkId};

use crate::adapters::usage_row::{Room, UsageKey, UsageRow, keys_of};
use crate::domain::quota::{InUse, Usage};
use crate::ports::uploads::RepositoryResult;

const USAGE: &str = "SELECT open_files, open_bytes, stored_files, stored_bytes FROM usage
WHERE tenant = ? AND holder = ? AND name = ?";

/// What one holder has in use; whoever has no row has nothing.
pub(super) fn of(connection: &Connection, key: &UsageKey) -> rusqlite::Result<Usage> {
    let (holder, name) = key.columns();
    let mut usage = connection.prepare_cached(USAGE)?;
    let row = usage.query_row(params![key.tenant.as_str(), holder, name], UsageRow::read).optional()?;
    Ok(row.map(Usage::from).unwrap_or_default())
}

/// What a tenant and a link have in use.
pub(super) async fn in_use(
    readers: &SqlitePool,
    tenant: &TenantId,
    link: Option<UploadLinkId>,
) -> RepositoryResult<InUse> {
    let mut connection = readers.acquire().await?;
    let mut room = Room::default();
    for key in keys_of(tenant, link) {
        let (holder, name) = key.columns();
        let row: Option<UsageRow> = sqlx::query_as(USAGE)
            .bind(key.tenant.as_str())
            .bind(holder)
            .bind(name)
            .fetch_optional(&mut *connection)
            .await?;
        room.is_told(key, row.map(Usage::from).unwrap_or_default());
    }
    Ok(room.in_use(tenant, link))
}
