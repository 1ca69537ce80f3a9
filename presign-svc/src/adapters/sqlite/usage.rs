//! What is in use, kept by the triggers of the schema; read inside the transaction that adds to it.

use sqlx::SqliteConnection;
use windlass_protocol::{TenantId, UploadLinkId};

use crate::adapters::usage_row::{Room, UsageKey, UsageRow, keys_of};
use crate::domain::quota::{InUse, Usage};
use crate::ports::uploads::RepositoryResult;

const USAGE: &str = "SELECT open_files, open_bytes, stored_files, stored_bytes FROM usage
WHERE tenant = ? AND holder = ? AND name = ?";

/// What one holder has in use; whoever has no row has nothing.
pub(super) async fn of(connection: &mut SqliteConnection, key: &UsageKey) -> RepositoryResult<Usage> {
    let (holder, name) = key.columns();
    let row: Option<UsageRow> = sqlx::query_as(USAGE)
        .bind(key.tenant.as_str())
        .bind(holder)
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Usage::from).unwrap_or_default())
}

/// What a tenant and a link have in use.
pub(super) async fn in_use(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    link: Option<UploadLinkId>,
) -> RepositoryResult<InUse> {
    let mut room = Room::default();
    for key in keys_of(tenant, link) {
        let usage = of(connection, &key).await?;
        room.is_told(key, usage);
    }
    Ok(room.in_use(tenant, link))
}
