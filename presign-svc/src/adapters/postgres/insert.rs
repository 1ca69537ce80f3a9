//! New uploads: those of all requests that wait while one statement is under way are recorded by the next
//! one, as columns that `UNNEST` makes rows of. A trip to the server and its wait for the disk are shared.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use tokio::time::timeout;

use super::groups::{Asked, Groups, NoAnswer, PATIENCE};
use super::uploads::find_by_client_ref;
use super::{changes, usage};
use crate::adapters::changes::Changes;
use crate::adapters::upload_row::{UploadColumns, UploadRow};
use crate::adapters::usage_row::keys_of;
use crate::domain::quota::{Allowance, charge_of};
use crate::domain::upload::Upload;
use crate::failpoints;
use crate::ports::uploads::{Recorded, RepositoryError, RepositoryResult};

/// For rows that are only announced, and for any.
static INSERT: LazyLock<[String; 2]> =
    LazyLock::new(|| [UploadRow::ANNOUNCED, UploadRow::COLUMNS].map(statement));

fn statement(columns: &[(&str, &str)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let arrays: Vec<String> = (1..)
        .zip(columns)
        .map(|(number, (_, kind))| match *kind {
            // The driver has ids as text.
            "uuid" => format!("${number}::text[]::uuid[]"),
            kind => format!("${number}::{kind}[]"),
        })
        .collect();
    format!(
        "INSERT INTO uploads ({}) SELECT * FROM UNNEST({}) \
         ON CONFLICT (tenant, project, client_ref) WHERE client_ref IS NOT NULL DO NOTHING",
        names.join(", "),
        arrays.join(", "),
    )
}

const INSERTED: &str = "SELECT id::text FROM uploads WHERE id = ANY($1::text[]::uuid[])";

/// One request's uploads.
#[derive(Debug)]
pub(super) struct Insert {
    pub uploads: Vec<Upload>,
    pub allowance: Allowance,
}

/// The queue of those that wait.
pub(super) type Inserts = Groups<Insert, RepositoryResult<Vec<Recorded>>>;

impl From<NoAnswer> for RepositoryError {
    fn from(why: NoAnswer) -> Self {
        Self::Unavailable(why.to_string())
    }
}

/// Starts the one who empties the queue.
pub(super) fn start(pool: PgPool) -> Inserts {
    Groups::start(move |group| record_group(pool.clone(), group))
}

async fn record_group(pool: PgPool, group: Vec<Asked<Insert, RepositoryResult<Vec<Recorded>>>>) {
    let requests: Vec<&Insert> = group.iter().map(|asked| &asked.question).collect();
    let together = insert_group(&pool, &requests).await;
    for asked in group {
        let outcome = match &together {
            Ok(inserted) => recorded(&pool, &asked.question, inserted.as_ref()).await,
            // The server said no to one of them, and so to all, or there is no room for one: each for itself.
            Err(Failed::Refused(_) | Failed::Tight) => record(&pool, &asked.question).await,
            Err(Failed::Unavailable(error)) => Err(RepositoryError::Unavailable(error.to_string())),
        };
        asked.answer(outcome);
    }
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    /// By the uploads themselves.
    #[error("{0}")]
    Refused(RepositoryError),
    /// There is no room for all of them.
    #[error("there is no room for all uploads of the group")]
    Tight,
    /// Whatever the uploads were.
    #[error(transparent)]
    Unavailable(#[from] RepositoryError),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        // Classes 22 and 23: data that is not valid, and constraints.
        let is_refusal = error
            .as_database_error()
            .and_then(|error| error.code())
            .is_some_and(|code| code.starts_with("22") || code.starts_with("23"));
        if is_refusal { Self::Refused(error.into()) } else { Self::Unavailable(error.into()) }
    }
}

impl From<Failed> for RepositoryError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(error) | Failed::Unavailable(error) => error,
            Failed::Tight => Self::Unavailable(failed.to_string()),
        }
    }
}

/// Records the uploads of one request.
async fn record(pool: &PgPool, request: &Insert) -> RepositoryResult<Vec<Recorded>> {
    match insert_group(pool, &[request]).await {
        Ok(inserted) => recorded(pool, request, inserted.as_ref()).await,
        Err(Failed::Tight) => Ok(insert_what_fits(pool.begin().await?, request).await?),
        Err(error) => Err(error.into()),
    }
}

/// Inserts the uploads of all requests by one statement, and says which are new; `None` for all of them.
async fn insert_group(pool: &PgPool, requests: &[&Insert]) -> Result<Option<HashSet<String>>, Failed> {
    let uploads: Vec<&Upload> = requests.iter().flat_map(|request| &request.uploads).collect();
    // Before anything is locked.
    let rows = Rows::of(&uploads)?;
    let mut connection = pool.acquire().await?;
    let inserted = timeout(PATIENCE, insert_on(&mut connection, requests, &uploads, rows)).await;
    inserted.unwrap_or_else(|_| {
        drop(connection.detach());
        Err(RepositoryError::from(NoAnswer::TooLate).into())
    })
}

async fn insert_on(
    connection: &mut PgConnection,
    requests: &[&Insert],
    uploads: &[&Upload],
    rows: Rows,
) -> Result<Option<HashSet<String>>, Failed> {
    if requests.iter().all(|request| request.allowance.is_unlimited()) {
        return insert(connection, uploads, rows).await;
    }
    let mut transaction = connection.begin().await?;
    if !all_fit(&mut transaction, requests).await? {
        return Err(Failed::Tight);
    }
    let inserted = insert_with_changes(&mut transaction, uploads, rows).await?;
    commit(transaction).await?;
    Ok(inserted)
}

/// What became of the uploads of one request, of which these were inserted; `None` for all of them. That one
/// of them cannot be looked up is no matter of the other requests, whose uploads are recorded.
async fn recorded(
    pool: &PgPool,
    request: &Insert,
    inserted: Option<&HashSet<String>>,
) -> RepositoryResult<Vec<Recorded>> {
    let mut recorded = Vec::with_capacity(request.uploads.len());
    for upload in &request.uploads {
        let is_new = inserted.is_none_or(|new| new.contains(&upload.id().to_string()));
        recorded.push(if is_new {
            recorded_as_new(upload)
        } else {
            existing_or_new(pool, upload, &request.allowance).await?
        });
    }
    Ok(recorded)
}

/// Whether there is room for all of them, even if none is there already. From here to the commit nobody
/// else can take it.
async fn all_fit(connection: &mut PgConnection, requests: &[&Insert]) -> Result<bool, Failed> {
    let limited: Vec<_> = requests.iter().filter(|request| !request.allowance.is_unlimited()).collect();
    let mut keys: Vec<_> = limited
        .iter()
        .filter_map(|request| Some((&request.uploads.first()?.facts().tenant, request.allowance.link_id())))
        .flat_map(|(tenant, link)| keys_of(tenant, link))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let mut room = usage::lock(connection, &keys).await?;
    Ok(limited.iter().all(|request| room.reserve_all(&request.uploads, &request.allowance)))
}

/// One request's uploads one after the other, as far as there is room for them.
async fn insert_what_fits(
    mut transaction: Transaction<'_, Postgres>,
    request: &Insert,
) -> Result<Vec<Recorded>, Failed> {
    let Some(tenant) = request.uploads.first().map(|upload| &upload.facts().tenant) else {
        return Ok(Vec::new());
    };
    let link = request.allowance.link_id();
    let keys: Vec<_> = keys_of(tenant, link).collect();
    let mut in_use = usage::lock(&mut transaction, &keys).await?.in_use(tenant, link);
    let mut recorded = Vec::with_capacity(request.uploads.len());
    for upload in &request.uploads {
        // One that is there already needs no room.
        if let Some(existing) = find_by_client_ref(&mut *transaction, upload).await? {
            recorded.push(Recorded::Existing(existing));
            continue;
        }
        if let Err(exceeded) = request.allowance.reserve(&mut in_use, charge_of(upload)) {
            recorded.push(Recorded::OverQuota(exceeded));
            continue;
        }
        if insert_with_changes(&mut transaction, &[upload], Rows::of(&[upload])?).await?.is_some() {
            let why = "its client_ref was taken in this very moment".to_owned();
            return Err(RepositoryError::Unavailable(why).into());
        }
        recorded.push(recorded_as_new(upload));
    }
    commit(transaction).await?;
    Ok(recorded)
}

/// Inserts those whose `client_ref` is free, and says which; `None` for all of them.
async fn insert(
    connection: &mut PgConnection,
    uploads: &[&Upload],
    rows: Rows,
) -> Result<Option<HashSet<String>>, Failed> {
    // What is only announced has nothing beside it: one trip.
    if uploads.iter().all(|upload| upload.news().is_empty()) {
        failpoints::reach("insert::before_commit");
        let inserted = insert_rows(connection, rows).await?;
        failpoints::reach("insert::after_commit");
        return Ok(inserted);
    }
    let mut transaction = connection.begin().await?;
    let inserted = insert_with_changes(&mut transaction, uploads, rows).await?;
    commit(transaction).await?;
    Ok(inserted)
}

async fn commit(transaction: Transaction<'_, Postgres>) -> sqlx::Result<()> {
    failpoints::reach("insert::before_commit");
    transaction.commit().await?;
    failpoints::reach("insert::after_commit");
    Ok(())
}

/// The same inside a transaction, and what goes with them.
async fn insert_with_changes(
    connection: &mut PgConnection,
    uploads: &[&Upload],
    rows: Rows,
) -> Result<Option<HashSet<String>>, Failed> {
    let inserted = insert_rows(connection, rows).await?;
    for changes in uploads.iter().filter_map(|upload| Changes::if_any(upload)) {
        if inserted.as_ref().is_none_or(|new| new.contains(&changes.id)) {
            changes::record(connection, changes).await?;
        }
    }
    Ok(inserted)
}

/// Uploads as columns, and their ids.
struct Rows {
    ids: Vec<String>,
    columns: UploadColumns,
    is_only_announced: bool,
}

impl Rows {
    fn of(uploads: &[&Upload]) -> Result<Self, Failed> {
        let rows: RepositoryResult<Vec<_>> = uploads.iter().map(|upload| UploadRow::of(upload)).collect();
        let mut rows = rows.map_err(Failed::Refused)?;
        // All instances insert in one order, so that none waits for another that waits for it. Stable: of two
        // with one name the first to come is recorded.
        rows.sort_by(|a, b| {
            (&a.tenant, &a.project, &a.client_ref).cmp(&(&b.tenant, &b.project, &b.client_ref))
        });
        let ids = rows.iter().map(|row| row.id.clone()).collect();
        let is_only_announced = rows.iter().all(UploadRow::is_only_announced);
        let mut columns = UploadColumns::default();
        rows.into_iter().for_each(|row| columns.push(row));
        Ok(Self { ids, columns, is_only_announced })
    }
}

async fn insert_rows(connection: &mut PgConnection, rows: Rows) -> Result<Option<HashSet<String>>, Failed> {
    let Rows { ids, columns, is_only_announced } = rows;
    let [announced, any] = &*INSERT;
    let statement = sqlx::query(if is_only_announced { announced.as_str() } else { any.as_str() });
    let done = columns.bind_to(statement, is_only_announced).execute(&mut *connection).await?;
    if done.rows_affected() == ids.len() as u64 {
        return Ok(None);
    }
    let found: Vec<String> = sqlx::query_scalar(INSERTED).bind(ids).fetch_all(connection).await?;
    Ok(Some(found.into_iter().collect()))
}

/// As it is once it is recorded: its news are told.
fn recorded_as_new(upload: &Upload) -> Recorded {
    let mut upload = upload.clone();
    upload.saved_as(upload.progress().version);
    Recorded::New(upload)
}

/// The upload that has this one's `client_ref`. Where that was given up since, this one is new after all.
async fn existing_or_new(
    pool: &PgPool,
    upload: &Upload,
    allowance: &Allowance,
) -> RepositoryResult<Recorded> {
    if let Some(existing) = find_by_client_ref(pool, upload).await? {
        return Ok(Recorded::Existing(existing));
    }
    let alone = Insert { uploads: vec![upload.clone()], allowance: allowance.clone() };
    let recorded = insert_what_fits(pool.begin().await?, &alone).await?;
    recorded.into_iter().next().ok_or_else(|| sqlx::Error::RowNotFound.into())
}
