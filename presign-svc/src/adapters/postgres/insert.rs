//! New uploads: those of all requests that wait while one statement is under way are recorded by the next
//! one, as columns that `UNNEST` makes rows of. A trip to the server and its wait for the disk are shared.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::changes;
use super::uploads::find_by_client_ref;
use crate::adapters::changes::Changes;
use crate::adapters::upload_row::{UploadColumns, UploadRow};
use crate::domain::upload::Upload;
use crate::failpoints;
use crate::ports::uploads::{Recorded, RepositoryError, RepositoryResult};

/// How many requests may wait.
const QUEUE: usize = 4096;
/// How many requests one statement takes on.
const GROUP: usize = 256;
/// Statements under way at once: while one waits for the disk, another is being worked on.
const AT_ONCE: usize = 2;
/// How long a request waits for its turn and its commit. What became of uploads after that is not known to
/// whoever announced them, who asks again.
const LIMIT: Duration = Duration::from_secs(10);
/// How often to look again for a `client_ref` that is given up in the very moment it is looked for.
const TRIES: u32 = 3;

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = UploadRow::COLUMNS.iter().map(|(name, _)| *name).collect();
    let arrays: Vec<String> = (1..)
        .zip(UploadRow::COLUMNS)
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
});

const INSERTED: &str = "SELECT id::text FROM uploads WHERE id = ANY($1::text[]::uuid[])";

type Reply = oneshot::Sender<RepositoryResult<Vec<Recorded>>>;

/// One request's uploads, and who waits for what becomes of them.
struct Insert {
    uploads: Vec<Upload>,
    reply: Reply,
}

/// A handle to the queue.
#[derive(Debug, Clone)]
pub(super) struct Inserts {
    queue: mpsc::Sender<Insert>,
}

impl Inserts {
    /// Starts the one who empties the queue.
    pub(super) fn start(pool: PgPool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(waiting, pool));
        Self { queue }
    }

    /// Records new uploads, all or none.
    pub(super) async fn record(&self, uploads: Vec<Upload>) -> RepositoryResult<Vec<Recorded>> {
        let (reply, answer) = oneshot::channel();
        let closed = || RepositoryError::Unavailable("the database is closed".to_owned());
        let asked = async {
            self.queue.send(Insert { uploads, reply }).await.map_err(|_| closed())?;
            answer.await.map_err(|_| closed())?
        };
        timeout(LIMIT, asked).await.unwrap_or_else(|_| {
            Err(RepositoryError::Unavailable(format!("no commit within {} seconds", LIMIT.as_secs())))
        })
    }
}

async fn run(mut queue: mpsc::Receiver<Insert>, pool: PgPool) {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut group = Vec::new();
    while let Ok(permit) = free.clone().acquire_owned().await {
        if queue.recv_many(&mut group, GROUP).await == 0 {
            return;
        }
        let (group, pool) = (std::mem::take(&mut group), pool.clone());
        tokio::spawn(async move {
            record_group(&pool, group).await;
            drop(permit);
        });
    }
}

async fn record_group(pool: &PgPool, group: Vec<Insert>) {
    let uploads: Vec<&Upload> = group.iter().flat_map(|insert| &insert.uploads).collect();
    match insert(pool, &uploads).await {
        Ok(inserted) => {
            for Insert { uploads, reply } in group {
                // Nobody listens where the request was given up.
                let _ = reply.send(recorded(pool, &uploads, inserted.as_ref()).await);
            }
        }
        // The server said no to one of them, and so to all: each for itself.
        Err(Failed::Refused(_)) if group.len() > 1 => {
            for Insert { uploads, reply } in group {
                let _ = reply.send(record(pool, &uploads).await);
            }
        }
        Err(error) => {
            let why = error.to_string();
            for insert in group {
                let _ = insert.reply.send(Err(RepositoryError::Unavailable(why.clone())));
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    /// By the uploads themselves.
    #[error("{0}")]
    Refused(RepositoryError),
    /// Whatever the uploads were.
    #[error("{0}")]
    Unavailable(RepositoryError),
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

/// Records the uploads of one request.
async fn record(pool: &PgPool, uploads: &[Upload]) -> RepositoryResult<Vec<Recorded>> {
    let inserted = insert(pool, &uploads.iter().collect::<Vec<_>>()).await?;
    recorded(pool, uploads, inserted.as_ref()).await
}

/// What became of the uploads of one request, of those that were inserted; `None` for all of them. That one
/// of them cannot be looked up is no matter of the other requests, whose uploads are recorded.
async fn recorded(
    pool: &PgPool,
    uploads: &[Upload],
    inserted: Option<&HashSet<String>>,
) -> RepositoryResult<Vec<Recorded>> {
    let mut recorded = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let is_new = inserted.is_none_or(|new| new.contains(&upload.id().to_string()));
        recorded.push(if is_new { recorded_as_new(upload) } else { existing_or_new(pool, upload).await? });
    }
    Ok(recorded)
}

/// Inserts those whose `client_ref` is free, and says which; `None` for all of them.
async fn insert(pool: &PgPool, uploads: &[&Upload]) -> Result<Option<HashSet<String>>, Failed> {
    let mut rows = uploads
        .iter()
        .map(|upload| UploadRow::of(upload).map_err(Failed::Refused))
        .collect::<Result<Vec<_>, _>>()?;
    // All instances insert in one order, so that none waits for another that waits for it. Stable: of two
    // with one name the first to come is recorded.
    rows.sort_by(|a, b| (&a.tenant, &a.project, &a.client_ref).cmp(&(&b.tenant, &b.project, &b.client_ref)));
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let mut columns = UploadColumns::default();
    rows.into_iter().for_each(|row| columns.push(row));
    let changes: Vec<Changes> =
        uploads.iter().map(|upload| Changes::of(upload)).filter(|changes| !changes.is_empty()).collect();
    // What is only announced has nothing beside it: one trip.
    if changes.is_empty() {
        failpoints::reach("insert::before_commit");
        let inserted = insert_rows(&mut *pool.acquire().await?, columns, ids).await?;
        failpoints::reach("insert::after_commit");
        return Ok(inserted);
    }
    let mut transaction = pool.begin().await?;
    let inserted = insert_rows(&mut transaction, columns, ids).await?;
    for changes in changes {
        if inserted.as_ref().is_none_or(|new| new.contains(&changes.id)) {
            changes::record(&mut transaction, changes).await?;
        }
    }
    failpoints::reach("insert::before_commit");
    transaction.commit().await?;
    failpoints::reach("insert::after_commit");
    Ok(inserted)
}

async fn insert_rows(
    connection: &mut PgConnection,
    columns: UploadColumns,
    ids: Vec<String>,
) -> Result<Option<HashSet<String>>, Failed> {
    let done = columns.bind_to(sqlx::query(INSERT.as_str())).execute(&mut *connection).await?;
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
async fn existing_or_new(pool: &PgPool, upload: &Upload) -> RepositoryResult<Recorded> {
    for _ in 0..TRIES {
        if let Some(existing) = find_by_client_ref(pool, upload).await? {
            return Ok(Recorded::Existing(existing));
        }
        if insert(pool, &[upload]).await?.is_none() {
            return Ok(recorded_as_new(upload));
        }
    }
    let why = "its client_ref is taken and given up again and again".to_owned();
    Err(RepositoryError::Unavailable(why))
}
