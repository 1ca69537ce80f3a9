//! What is in use, kept by the triggers of the schema. Whoever adds to it holds the rows' locks until the
//! commit, so that nobody compares with numbers that are about to change.

use sqlx::{PgConnection, PgExecutor};
use windlass_protocol::{TenantId, UploadLinkId};

use crate::adapters::usage_row::{Room, UsageKey, UsageRow, keys_of};
use crate::domain::quota::InUse;
use crate::ports::uploads::RepositoryResult;

// Tenants before links: all lock in one order.
const LOCK: &str =
    "SELECT tenant, holder, name, open_files, open_bytes, stored_files, stored_bytes FROM usage
WHERE (tenant, holder, name) IN (SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[]))
ORDER BY tenant, holder DESC, name FOR UPDATE";

const MAKE: &str = "INSERT INTO usage
SELECT tenant, holder, name, 0, 0, 0, 0
FROM UNNEST($1::text[], $2::text[], $3::text[]) AS asked (tenant, holder, name)
ORDER BY tenant, holder DESC, name ON CONFLICT DO NOTHING";

const USAGE: &str = "SELECT open_files, open_bytes, stored_files, stored_bytes FROM usage
WHERE tenant = $1 AND holder = $2 AND name = $3";

#[derive(sqlx::FromRow)]
struct LockedRow {
    tenant: String,
    holder: String,
    name: String,
    #[sqlx(flatten)]
    counters: UsageRow,
}

/// Makes those of these rows that are not there. Not in a transaction that has locked others: who makes a row waits for
/// whoever is just making it, who may wait for what is locked.
pub(super) async fn make(connection: &mut PgConnection, keys: &[UsageKey]) -> sqlx::Result<()> {
    let columns: Vec<_> = keys.iter().map(UsageKey::columns).collect();
    let tenants: Vec<&str> = keys.iter().map(|key| key.tenant.as_str()).collect();
    let holders: Vec<&str> = columns.iter().map(|(holder, _)| *holder).collect();
    let names: Vec<&str> = columns.iter().map(|(_, name)| name.as_str()).collect();
    sqlx::query(MAKE).bind(&tenants).bind(&holders).bind(&names).execute(connection).await?;
    Ok(())
}

/// Locks these rows, which are there, and reads them.
pub(super) async fn lock(connection: &mut PgConnection, keys: &[UsageKey]) -> sqlx::Result<Room> {
    let columns: Vec<_> = keys.iter().map(UsageKey::columns).collect();
    let tenants: Vec<&str> = keys.iter().map(|key| key.tenant.as_str()).collect();
    let holders: Vec<&str> = columns.iter().map(|(holder, _)| *holder).collect();
    let names: Vec<&str> = columns.iter().map(|(_, name)| name.as_str()).collect();
    let rows: Vec<LockedRow> =
        sqlx::query_as(LOCK).bind(&tenants).bind(&holders).bind(&names).fetch_all(connection).await?;
    let mut room = Room::default();
    for (key, (holder, name)) in keys.iter().zip(&columns) {
        let row = rows
            .iter()
            .find(|row| row.tenant == key.tenant.as_str() && row.holder == *holder && row.name == *name);
        room.is_told(key.clone(), row.map(|row| row.counters.into()).unwrap_or_default());
    }
    Ok(room)
}

/// What a tenant and a link have in use.
pub(super) async fn in_use(
    pool: impl PgExecutor<'_> + Copy,
    tenant: &TenantId,
    link: Option<UploadLinkId>,
) -> RepositoryResult<InUse> {
    let mut room = Room::default();
    for key in keys_of(tenant, link) {
        let (holder, name) = key.columns();
        let row: Option<UsageRow> =
            sqlx::query_as(USAGE).bind(tenant.as_str()).bind(holder).bind(name).fetch_optional(pool).await?;
        room.is_told(key, row.map(Into::into).unwrap_or_default());
    }
    Ok(room.in_use(tenant, link))
}
