//! New uploads: those of all requests that wait while a few statements are under way are recorded together. Where all
//! are new and there is room for all, which is almost always, that is one statement (`insert_together`). What is left
//! is decided upload by upload, for all requests in one transaction (`insert_what_fits`).

use std::collections::HashSet;

use tokio::time::timeout;

use super::bounded::{BoundedPool, PATIENCE};
use super::groups::{Asked, Groups, NoAnswer};
use super::insert_together::{Inserted, insert_together};
use super::insert_what_fits::insert_what_fits;
use crate::adapters::fate::Fate;
use crate::adapters::upload_row::{UploadColumns, UploadRow};
use crate::domain::quota::Allowance;
use crate::domain::upload::Upload;
use crate::ports::uploads::{Recorded, RepositoryError, RepositoryResult};

/// How many uploads one statement takes on, unless a single request has more: few enough that the server is done
/// with them long before it gives a statement up.
const ROWS: usize = 2000;

/// One request's uploads.
#[derive(Debug)]
pub(super) struct Insert {
    pub uploads: Vec<Upload>,
    pub allowance: Allowance,
}

/// The queue of those that wait.
pub(super) type Inserts = Groups<Insert, RepositoryResult<Vec<Recorded>>>;

/// A request whose uploads are to be recorded.
type Waiting = Asked<Insert, RepositoryResult<Vec<Recorded>>>;

impl From<NoAnswer> for RepositoryError {
    fn from(why: NoAnswer) -> Self {
        Self::Unavailable(why.to_string())
    }
}

/// Starts the one who empties the queue.
pub(super) fn start(pool: BoundedPool) -> Inserts {
    Groups::start(move |group| record_group(pool.clone(), group))
}

async fn record_group(pool: BoundedPool, group: Vec<Waiting>) {
    for batch in batches(group) {
        record_batch(&pool, batch).await;
    }
}

fn batches(group: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut batches: Vec<Vec<Waiting>> = Vec::new();
    let mut rows = 0;
    for asked in group {
        rows += asked.question.uploads.len();
        match batches.last_mut() {
            Some(batch) if rows <= ROWS => batch.push(asked),
            _ => {
                rows = asked.question.uploads.len();
                batches.push(vec![asked]);
            }
        }
    }
    batches
}

async fn record_batch(pool: &BoundedPool, batch: Vec<Waiting>) {
    let requests: Vec<&Insert> = batch.iter().map(|asked| &asked.question).collect();
    let (new, rest, inserted) = match together(pool, &requests).await {
        Ok(Inserted::All) => (batch, Vec::new(), HashSet::new()),
        Ok(Inserted::Only(ids)) => {
            let is_new = |upload: &Upload| ids.contains(&upload.id().to_string());
            let (new, rest) = batch.into_iter().partition(|asked| asked.question.uploads.iter().all(is_new));
            (new, rest, ids)
        }
        // There is no room for all of them, or one of them is refused.
        Ok(Inserted::None) | Err(Failed::Refused(_)) => (Vec::new(), batch, HashSet::new()),
        Err(Failed::Unavailable(error)) => return fail(batch, &error),
    };
    for asked in new {
        let fates = asked.question.uploads.iter().map(|_| Fate::New).collect();
        tell(asked, Ok(fates));
    }
    if !rest.is_empty() {
        decide(pool, rest, &inserted).await;
    }
}

/// Decides what becomes of each upload of these requests; some are inserted already.
async fn decide(pool: &BoundedPool, requests: Vec<Waiting>, inserted: &HashSet<String>) {
    let questions: Vec<&Insert> = requests.iter().map(|asked| &asked.question).collect();
    match what_fits(pool, &questions, inserted).await {
        Ok(outcomes) => {
            for (asked, outcome) in requests.into_iter().zip(outcomes) {
                tell(asked, outcome);
            }
        }
        // The server said no to one of them, and so to all: each for itself.
        Err(Failed::Refused(_)) if requests.len() > 1 => {
            for asked in requests {
                let outcome = what_fits(pool, &[&asked.question], inserted).await;
                let outcome = outcome.map(|outcomes| outcomes.into_iter().next());
                tell(
                    asked,
                    outcome.map_err(Into::into).and_then(|outcome| outcome.unwrap_or(Ok(Vec::new()))),
                );
            }
        }
        Err(Failed::Refused(error) | Failed::Unavailable(error)) => fail(requests, &error),
    }
}

fn fail(requests: Vec<Waiting>, error: &RepositoryError) {
    let why = match error {
        RepositoryError::Unavailable(why) => why.clone(),
        other => other.to_string(),
    };
    for asked in requests {
        asked.answer(Err(RepositoryError::Unavailable(why.clone())));
    }
}

fn tell(mut asked: Waiting, outcome: RepositoryResult<Vec<Fate>>) {
    let uploads = std::mem::take(&mut asked.question.uploads);
    let recorded = |fates: Vec<Fate>| uploads.into_iter().zip(fates).map(|(upload, fate)| fate.of(upload));
    asked.answer(outcome.map(|fates| recorded(fates).collect()));
}

async fn together(pool: &BoundedPool, requests: &[&Insert]) -> Result<Inserted, Failed> {
    let mut held = pool.acquire().await?;
    let inserted = timeout(PATIENCE, insert_together(held.connection()?, requests)).await;
    held.end(inserted)
}

async fn what_fits(
    pool: &BoundedPool,
    requests: &[&Insert],
    inserted: &HashSet<String>,
) -> Result<Vec<RepositoryResult<Vec<Fate>>>, Failed> {
    let mut held = pool.acquire().await?;
    let outcomes = timeout(PATIENCE, insert_what_fits(held.connection()?, requests, inserted)).await;
    held.end(outcomes)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// By the uploads themselves.
    #[error("{0}")]
    Refused(RepositoryError),
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
        }
    }
}

/// Uploads as columns.
pub(super) struct Rows {
    pub ids: Vec<String>,
    pub columns: UploadColumns,
    pub is_only_announced: bool,
}

impl Rows {
    pub(super) fn of(uploads: &[&Upload]) -> Result<Self, Failed> {
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

/// The names of columns, and the arrays of an `UNNEST` that has them.
pub(super) fn names_and_arrays(columns: &[(&str, &str)]) -> (String, String) {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let arrays: Vec<String> = (1..)
        .zip(columns)
        .map(|(number, (_, kind))| match *kind {
            // The driver has ids as text.
            "uuid" => format!("${number}::text[]::uuid[]"),
            kind => format!("${number}::{kind}[]"),
        })
        .collect();
    (names.join(", "), arrays.join(", "))
}
