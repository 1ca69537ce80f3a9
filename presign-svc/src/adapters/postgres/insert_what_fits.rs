//! Uploads of a group some of which are there already, or for some of which there is no room: what becomes of each is
//! decided here while what is in use is locked, and then all are inserted together. Who is over a quota, or repeats
//! itself, costs the others a few trips to the server, however many there are.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sqlx::{Connection as _, PgConnection};
use windlass_protocol::{ClientRef, ProjectId, TenantId};

use super::insert::{Failed, Insert, Rows, names_and_arrays};
use super::uploads::columns;
use super::{changes, usage};
use crate::adapters::changes::Changes;
use crate::adapters::fate::Fate;
use crate::adapters::upload_row::UploadRow;
use crate::adapters::usage_row::{Room, keys_of};
use crate::domain::quota::charge_of;
use crate::domain::upload::Upload;
use crate::failpoints;
use crate::ports::uploads::{RepositoryError, RepositoryResult};

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let (names, arrays) = names_and_arrays(UploadRow::COLUMNS);
    format!("INSERT INTO uploads ({names}) SELECT * FROM UNNEST({arrays})")
});

static FIND_BY_CLIENT_REFS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM UNNEST($1::text[], $2::text[], $3::text[]) AS asked (tenant, project, client_ref)
         JOIN uploads u USING (tenant, project, client_ref) WHERE u.client_ref IS NOT NULL",
        columns()
    )
});

/// What an upload is known by to who announces it.
type Name<'u> = (&'u TenantId, &'u ProjectId, &'u ClientRef);

/// None of an upload that has none.
fn name_of(upload: &Upload) -> Option<Name<'_>> {
    let facts = upload.facts();
    Some((&facts.tenant, &facts.project, upload.progress().client_ref.as_ref()?))
}

/// Records of each request what is new and fits, one request after the other, and says what becomes of each upload;
/// some are `inserted` already, and stay so where this fails. Of a request that fails nothing more is recorded.
pub(super) async fn insert_what_fits(
    connection: &mut PgConnection,
    requests: &[&Insert],
    inserted: &HashSet<String>,
) -> Result<Vec<RepositoryResult<Vec<Fate>>>, Failed> {
    let mut keys: Vec<_> = requests
        .iter()
        .filter_map(|request| Some((&request.uploads.first()?.facts().tenant, request.allowance.link_id())))
        .flat_map(|(tenant, link)| keys_of(tenant, link))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    usage::make(connection, &keys).await?;
    let mut transaction = connection.begin().await?;
    // From here to the commit nobody else records anything of theirs.
    let room = usage::lock(&mut transaction, &keys).await?;
    let open: Vec<&Upload> = requests.iter().flat_map(|request| &request.uploads).collect();
    let found = find(&mut transaction, &open).await?;
    let mut deciding =
        Deciding { room, found: &found, inserted, chosen: HashMap::new(), to_insert: Vec::new() };
    let outcomes = requests.iter().map(|request| deciding.decide(request)).collect();
    let new = deciding.to_insert;
    if !new.is_empty() {
        let rows = Rows::of(&new)?;
        rows.columns.bind_to(sqlx::query(INSERT.as_str()), false).execute(&mut *transaction).await?;
        for changes in new.iter().filter_map(|upload| Changes::if_any(upload)) {
            changes::record(&mut transaction, changes).await?;
        }
    }
    failpoints::reach("insert::before_commit");
    transaction.commit().await?;
    failpoints::reach("insert::after_commit");
    Ok(outcomes)
}

/// The uploads that have the names of these, by those names.
async fn find<'u>(
    connection: &mut PgConnection,
    uploads: &[&'u Upload],
) -> Result<HashMap<Name<'u>, UploadRow>, Failed> {
    let names: Vec<Name<'u>> = uploads.iter().filter_map(|upload| name_of(upload)).collect();
    let rows: Vec<UploadRow> = sqlx::query_as(FIND_BY_CLIENT_REFS.as_str())
        .bind(names.iter().map(|(tenant, ..)| tenant.as_str()).collect::<Vec<_>>())
        .bind(names.iter().map(|(_, project, _)| project.as_str()).collect::<Vec<_>>())
        .bind(names.iter().map(|(.., client_ref)| client_ref.to_string()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let mut by_name: HashMap<_, UploadRow> = rows
        .into_iter()
        .map(|row| {
            ((row.tenant.clone(), row.project.clone(), row.client_ref.clone().unwrap_or_default()), row)
        })
        .collect();
    let found = names.into_iter().filter_map(|name| {
        let (tenant, project, client_ref) = name;
        let row = by_name.remove(&(tenant.to_string(), project.to_string(), client_ref.to_string()))?;
        Some((name, row))
    });
    Ok(found.collect())
}

/// What is known while it is decided.
struct Deciding<'u> {
    room: Room,
    found: &'u HashMap<Name<'u>, UploadRow>,
    inserted: &'u HashSet<String>,
    /// New ones that have names.
    chosen: HashMap<Name<'u>, &'u Upload>,
    to_insert: Vec<&'u Upload>,
}

impl<'u> Deciding<'u> {
    fn decide(&mut self, request: &'u Insert) -> RepositoryResult<Vec<Fate>> {
        let Some(tenant) = request.uploads.first().map(|upload| &upload.facts().tenant) else {
            return Ok(Vec::new());
        };
        let link = request.allowance.link_id();
        let mut in_use = self.room.in_use(tenant, link);
        let mut fates = Vec::with_capacity(request.uploads.len());
        let mut new: Vec<&'u Upload> = Vec::new();
        for upload in &request.uploads {
            let before = in_use;
            fates.push(if self.inserted.contains(&upload.id().to_string()) {
                Fate::New
            } else if let Some(existing) = self.existing(upload, &new)? {
                Fate::Existing(Box::new(existing))
            } else if let Err(exceeded) = request.allowance.reserve(&mut in_use, charge_of(upload)) {
                in_use = before;
                Fate::OverQuota(exceeded)
            } else {
                new.push(upload);
                Fate::New
            });
        }
        self.room.is_now(tenant, link, in_use);
        self.chosen.extend(new.iter().filter_map(|upload| Some((name_of(upload)?, *upload))));
        self.to_insert.extend(new);
        Ok(fates)
    }

    /// The one that has an upload's name already: in the record, or among those that are about to be.
    fn existing(&self, upload: &Upload, new: &[&Upload]) -> Result<Option<Upload>, RepositoryError> {
        let Some(name) = name_of(upload) else { return Ok(None) };
        if let Some(row) = self.found.get(&name) {
            return row.clone().into_upload().map(Some);
        }
        let same = |other: &&&Upload| name_of(other).is_some_and(|other| other == name);
        let same = new.iter().find(same).copied().or_else(|| self.chosen.get(&name).copied());
        Ok(same.map(|same| {
            let mut recorded = same.clone();
            recorded.saved_as(recorded.progress().version);
            recorded
        }))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use super::*;
    use crate::adapters::postgres::PostgresDatabase;
    use crate::adapters::postgres_server::Postgres;
    use crate::domain::quota::Allowance;
    use crate::domain::upload::Announcement;
    use crate::domain::upload::tests::pending;

    fn request(tenant: &str, number: u8) -> Insert {
        let pending = pending();
        let id = format!("0192f0c1-2c5d-7c1e-9f00-0000000000{number:02x}").parse().unwrap();
        let facts = Announcement { id, tenant: tenant.parse().unwrap(), ..pending.facts().clone() };
        let upload = Upload::announce(facts, None, Vec::new(), pending.progress().deadline_at);
        Insert { uploads: vec![upload], allowance: Allowance::default() }
    }

    #[tokio::test]
    async fn who_waits_for_the_first_row_of_a_company_has_locked_nobody_elses() {
        let Some(server) = Postgres::start() else { return };
        let url = server.url("postgres");
        PostgresDatabase::connect(&url, 4).await.unwrap().close().await;
        let mut making = PgConnection::connect(&url).await.unwrap();
        making.execute("INSERT INTO usage VALUES ('known', 'tenant', '', 0, 0, 0, 0)").await.unwrap();
        let mut make = making.begin().await.unwrap();
        make.execute("INSERT INTO usage VALUES ('new', 'tenant', '', 0, 0, 0, 0)").await.unwrap();
        let mut inserting = PgConnection::connect(&url).await.unwrap();
        let inserted = tokio::spawn(async move {
            let requests = [request("known", 1), request("new", 2)];
            let requests: Vec<&Insert> = requests.iter().collect();
            insert_what_fits(&mut inserting, &requests, &HashSet::new()).await.map(|outcomes| outcomes.len())
        });
        let mut watching = PgConnection::connect(&url).await.unwrap();
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watching).await.unwrap() == 0
            && !inserted.is_finished()
        {
            tokio::task::yield_now().await;
        }
        // Whoever has made that row may want this one next, and both would wait for each other.
        let free =
            "SELECT count(*) FROM (SELECT 1 FROM usage WHERE tenant = 'known' FOR UPDATE SKIP LOCKED) free";
        assert_eq!(sqlx::query_scalar::<_, i64>(free).fetch_one(&mut *make).await.unwrap(), 1);
        make.commit().await.unwrap();
        assert_eq!(inserted.await.unwrap().unwrap(), 2);
    }
}
