//! All uploads of a group by one statement that locks what is in use, compares, and inserts: one trip to the server,
//! which holds its locks for one wait for the disk.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use sqlx::PgConnection;

use super::insert::{Failed, Insert, Rows, names_and_arrays};
use crate::adapters::upload_row::UploadRow;
use crate::adapters::usage_row::{UsageKey, keys_of};
use crate::domain::quota::{Quota, charge_of};
use crate::domain::upload::Upload;
use crate::failpoints;

/// For rows that are only announced, and for any.
static INSERT: LazyLock<[String; 2]> =
    LazyLock::new(|| [UploadRow::ANNOUNCED, UploadRow::COLUMNS].map(statement));

/// Nothing is inserted where there is no room for everything, even if none of it is there yet, or where somebody has
/// no row of `usage`. Who waits for the lock of such a row is told what it holds then.
fn statement(columns: &[(&str, &str)]) -> String {
    let (names, arrays) = names_and_arrays(columns);
    let [tenants, holders, holder_names, files, bytes, max_open, max_files, max_bytes] =
        std::array::from_fn(|index| columns.len() + 1 + index);
    format!(
        "WITH asked AS (
            SELECT * FROM UNNEST(${tenants}::text[], ${holders}::text[], ${holder_names}::text[], ${files}::bigint[],
                ${bytes}::bigint[], ${max_open}::bigint[], ${max_files}::bigint[], ${max_bytes}::bigint[])
                AS asked (tenant, holder, name, files, bytes, max_open, max_files, max_bytes)
        ), held AS MATERIALIZED (
            SELECT tenant, holder, name, open_files, open_bytes, stored_files, stored_bytes FROM usage
            WHERE (tenant, holder, name) IN (SELECT tenant, holder, name FROM asked)
            ORDER BY tenant, holder DESC, name FOR UPDATE
        ), fitting AS MATERIALIZED (
            SELECT count(*) AS holders FROM held JOIN asked USING (tenant, holder, name)
            WHERE open_files + files <= max_open AND open_files + stored_files + files <= max_files
                AND open_bytes + stored_bytes + bytes <= max_bytes
        )
        INSERT INTO uploads ({names}) SELECT added.* FROM UNNEST({arrays}) AS added
        WHERE (SELECT holders FROM fitting) = cardinality(${tenants}::text[])
        ON CONFLICT (tenant, project, client_ref) WHERE client_ref IS NOT NULL DO NOTHING"
    )
}

const INSERTED: &str = "SELECT id::text FROM uploads WHERE id = ANY($1::text[]::uuid[])";

/// Which uploads of a group were new, and are recorded.
pub(super) enum Inserted {
    All,
    /// Those with these ids.
    Only(HashSet<String>),
    /// Whether for want of room is not known.
    None,
}

/// Inserts the uploads of all requests, those whose `client_ref` is free, if there is room for all.
pub(super) async fn insert_together(
    connection: &mut PgConnection,
    requests: &[&Insert],
) -> Result<Inserted, Failed> {
    let uploads: Vec<&Upload> = requests.iter().flat_map(|request| &request.uploads).collect();
    // News are recorded by statements of their own.
    if uploads.iter().any(|upload| !upload.news().is_empty()) {
        return Ok(Inserted::None);
    }
    let Rows { ids, columns, is_only_announced } = Rows::of(&uploads)?;
    let [announced, any] = &*INSERT;
    let statement = sqlx::query(if is_only_announced { announced.as_str() } else { any.as_str() });
    let needs = needs_of(requests);
    let mut holders = Holders::default();
    needs.iter().for_each(|(key, need)| holders.push(key, need));
    failpoints::reach("insert::before_commit");
    let inserting = columns
        .bind_to(statement, is_only_announced)
        .bind(holders.tenants)
        .bind(holders.holders)
        .bind(holders.names)
        .bind(holders.files)
        .bind(holders.bytes)
        .bind(holders.max_open)
        .bind(holders.max_files)
        .bind(holders.max_bytes);
    let inserted = inserting.execute(&mut *connection).await?.rows_affected();
    failpoints::reach("insert::after_commit");
    match inserted {
        0 => Ok(Inserted::None),
        all if all == ids.len() as u64 => Ok(Inserted::All),
        _ => {
            let found: Vec<String> = sqlx::query_scalar(INSERTED).bind(ids).fetch_all(connection).await?;
            Ok(Inserted::Only(found.into_iter().collect()))
        }
    }
}

/// What a group adds to what somebody has in use, and the narrowest of its limits.
#[derive(Debug, Default)]
struct Need {
    files: u64,
    bytes: u64,
    max_open: Option<u64>,
    quota: Quota,
}

fn needs_of(requests: &[&Insert]) -> BTreeMap<UsageKey, Need> {
    let mut needs: BTreeMap<UsageKey, Need> = BTreeMap::new();
    for Insert { uploads, allowance } in requests {
        let Some(tenant) = uploads.first().map(|upload| &upload.facts().tenant) else { continue };
        for key in keys_of(tenant, allowance.link_id()) {
            let (max_open, quota) = match (&key.link, &allowance.link) {
                (Some(_), Some((_, quota))) => (None, *quota),
                _ => (allowance.max_open_uploads, allowance.tenant),
            };
            let need = needs.entry(key).or_default();
            need.files += uploads.len() as u64;
            need.bytes = uploads.iter().map(charge_of).fold(need.bytes, u64::saturating_add);
            need.max_open = narrower(need.max_open, max_open);
            need.quota.max_files = narrower(need.quota.max_files, quota.max_files);
            need.quota.max_bytes = narrower(need.quota.max_bytes, quota.max_bytes);
        }
    }
    needs
}

fn narrower(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

/// The same as columns.
#[derive(Default)]
struct Holders {
    tenants: Vec<String>,
    holders: Vec<&'static str>,
    names: Vec<String>,
    files: Vec<i64>,
    bytes: Vec<i64>,
    max_open: Vec<i64>,
    max_files: Vec<i64>,
    max_bytes: Vec<i64>,
}

impl Holders {
    fn push(&mut self, key: &UsageKey, need: &Need) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let limit = |value: Option<u64>| value.map_or(i64::MAX, number);
        let (holder, name) = key.columns();
        self.tenants.push(key.tenant.to_string());
        self.holders.push(holder);
        self.names.push(name);
        self.files.push(number(need.files));
        self.bytes.push(number(need.bytes));
        self.max_open.push(limit(need.max_open));
        self.max_files.push(limit(need.quota.max_files));
        self.max_bytes.push(limit(need.quota.max_bytes));
    }
}
