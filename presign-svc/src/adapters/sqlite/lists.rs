//! Lists of photos, on connections of their own. A page has thousands of values: `sqlx` hands each of them from
//! SQLite's thread to the caller's as a copy, and each row as a message, which takes several times as long as
//! SQLite does. Here a page is read and understood where SQLite runs, and only the photos are handed over.
//!
//! A page ends: a search whose words are dense looks at every photo of its project, and SQLite would do so for as long
//! as that takes, for a caller who has long gone, while those of all other tenants wait for the connection.

use std::ffi::c_int;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use windlass_protocol::{ProjectId, TenantId};

use super::{BUSY_WAIT, READER_CACHE_KIB, READER_WAIT, READERS};
use crate::adapters::listing::{Dialect, Engine, PageRow, RowMark, Search, Statement, Value, page_of};
use crate::adapters::upload_row::UploadRow;
use crate::domain::filter::{PageMark, PhotoFilter};
use crate::ports::uploads::{KnownPhotos, PhotoPage, PhotoQuery, RepositoryError, RepositoryResult};

/// How many statements each connection keeps prepared: those of the filters that people use.
const PREPARED: usize = 64;
/// How long a page may take: as long as a statement may on PostgreSQL.
const LIMIT: Duration = Duration::from_secs(5);
/// After how many of SQLite's instructions it is looked at whether a page is to go on: some dozen microseconds, or
/// a few reads of a slow disk.
const INSTRUCTIONS: c_int = 1000;

/// What is read of every photo of a page: where it is, and a [`RowMark`]. SQLite takes every column that is asked for out
/// of its row, whether it is looked at or not.
const MARKS: &str = "u.rowid, u.id, u.version, u.updated_at, u.taken_local";

/// What is read of those that are not known to whoever asks, while the statement that found them holds the state of
/// the database.
static READ: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<&str> = UploadRow::COLUMNS.iter().map(|(name, _)| *name).collect();
    format!("SELECT {} FROM uploads WHERE rowid = $1", columns.join(", "))
});

/// Those who read lists.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    path: Arc<Path>,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    limit: Duration,
}

/// A question that outlives who asks it.
struct Asked {
    tenant: TenantId,
    project: ProjectId,
    filter: PhotoFilter,
    after: Option<PageMark>,
    limit: u32,
    known: Arc<dyn KnownPhotos>,
}

impl Lists {
    /// Those of a file, opened when they are asked.
    pub(super) fn of(path: &Path) -> Self {
        let turns = Arc::new(Semaphore::new(READERS as usize));
        Self { path: path.into(), turns, idle: Arc::default(), limit: LIMIT }
    }

    /// The page that is asked for.
    pub(super) async fn page(
        &self,
        query: &PhotoQuery<'_>,
        known: &Arc<dyn KnownPhotos>,
    ) -> RepositoryResult<PhotoPage> {
        let asked = Asked {
            tenant: query.tenant.clone(),
            project: query.project.clone(),
            filter: query.filter.clone(),
            after: query.after,
            limit: query.limit,
            known: Arc::clone(known),
        };
        self.read(move |connection| asked.page(connection)).await
    }

    /// Reads on one of the connections, for no longer than may be and than somebody waits for it.
    async fn read<T, R>(&self, read: R) -> RepositoryResult<T>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> RepositoryResult<T> + Send + 'static,
    {
        let turn = self.turn().await?;
        let lists = self.clone();
        let given_up = CancellationToken::new();
        // Whoever does not wait any more drops this future, and with it the guard.
        let _waiting = given_up.clone().drop_guard();
        let read = move || {
            let _turn = turn;
            let connection = lists.take()?;
            let ends_at = Instant::now() + lists.limit;
            let is_over = move || given_up.is_cancelled() || Instant::now() >= ends_at;
            // It stays with the connection until the next one who reads brings his own: what ends one of them comes
            // too late for all others. (An interrupt from outside would hit whoever reads by then, and nobody where
            // it comes between two statements.)
            connection.progress_handler(INSTRUCTIONS, Some(is_over))?;
            let answer = read(&connection).map_err(|error| match error {
                RepositoryError::Unavailable(_) if Instant::now() >= ends_at => {
                    RepositoryError::Unavailable(format!("no list within {} seconds", LIMIT.as_secs()))
                }
                error => error,
            })?;
            lists.idle().push(connection);
            Ok(answer)
        };
        spawn_blocking(read).await.map_err(|error| RepositoryError::Unavailable(error.to_string()))?
    }

    /// Waits for those who read, and closes their connections.
    pub(super) async fn close(&self) {
        // An error means that they are closed already.
        let all = self.turns.acquire_many(READERS).await;
        self.turns.close();
        self.idle().clear();
        drop(all);
    }

    async fn turn(&self) -> RepositoryResult<OwnedSemaphorePermit> {
        let unavailable = |why: &str| RepositoryError::Unavailable(why.to_owned());
        match timeout(READER_WAIT, self.turns.clone().acquire_owned()).await {
            Ok(turn) => turn.map_err(|_| unavailable("the database is closed")),
            Err(_) => Err(unavailable("all of its readers are busy")),
        }
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        open(&self.path)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Whoever panicked with it had taken a connection out or put it back.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that reads lists.
pub(in crate::adapters) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // A plan that depends on the values is made anew whenever they are bound, even of a page's size alone.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

impl Asked {
    fn page(&self, connection: &Connection) -> RepositoryResult<PhotoPage> {
        let Self { tenant, project, filter, after, limit, known } = self;
        let query = PhotoQuery { tenant, project, filter, after: *after, limit: *limit };
        let dialect = Dialect { columns: MARKS, engine: Engine::Sqlite };
        let mut search = Search::of(query, &dialect);
        while let Some(question) = search.question() {
            search.answer(values(connection, &question)?);
        }
        let mut read = connection.prepare_cached(&READ)?;
        let mut rows = Vec::with_capacity(self.limit as usize + 1);
        for statement in search.page() {
            let mut prepared = prepare(connection, &statement)?;
            let mut found = prepared.raw_query();
            while let Some(row) = found.next()? {
                let place: i64 = row.get(0)?;
                let mark = RowMark {
                    id: row.get(1)?,
                    version: row.get(2)?,
                    updated_at: row.get(3)?,
                    taken_local: row.get(4)?,
                };
                let photo = || read.query_row([place], UploadRow::read);
                rows.push(PageRow::of(mark, known.as_ref(), photo)?);
            }
        }
        page_of(rows, &query)
    }
}

/// All values of all rows.
pub(in crate::adapters) fn values(
    connection: &Connection,
    statement: &Statement,
) -> rusqlite::Result<Vec<Option<String>>> {
    let mut prepared = prepare(connection, statement)?;
    let columns = prepared.column_count();
    let mut found = prepared.raw_query();
    let mut values = Vec::new();
    while let Some(row) = found.next()? {
        for column in 0..columns {
            values.push(row.get(column)?);
        }
    }
    Ok(values)
}

/// A statement with its values.
fn prepare<'c>(connection: &'c Connection, statement: &Statement) -> rusqlite::Result<CachedStatement<'c>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    // `$1` is the first name that SQLite meets, and so on.
    for (number, value) in (1..).zip(&statement.values) {
        prepared.raw_bind_parameter(number, value)?;
    }
    Ok(prepared)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
        }))
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tempfile::TempDir;
    use tokio::sync::mpsc;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    /// SQLite counts to it in some ten seconds or more.
    const LONG: i64 = 100_000_000;

    /// Those of an empty database.
    fn lists(limit: Duration) -> (Lists, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite");
        std::fs::File::create(&path).unwrap();
        (Lists { limit, ..Lists::of(&path) }, folder)
    }

    fn count_to(connection: &Connection, last: i64) -> RepositoryResult<i64> {
        let count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
            SELECT count(*) FROM n";
        Ok(connection.query_row(count, [last], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn lists_that_take_too_long_end_and_leave_their_places_to_others() {
        let (lists, _folder) = lists(Duration::from_millis(20));
        let all = (0..READERS).map(|_| lists.read(|connection| count_to(connection, LONG)));
        for ended in join_all(all).await {
            let Err(RepositoryError::Unavailable(why)) = ended else { panic!("{ended:?}") };
            assert_eq!(why, "no list within 5 seconds");
        }
        let patient = Lists { limit: HOUR, ..lists };
        assert_eq!(patient.read(|connection| count_to(connection, 10)).await.unwrap(), 10);
    }

    #[tokio::test]
    async fn lists_that_nobody_waits_for_any_more_end() {
        let (lists, _folder) = lists(HOUR);
        let (begin, mut begun) = mpsc::unbounded_channel();
        for _ in 0..READERS {
            let begin = begin.clone();
            let asked = lists.read(move |connection| {
                begin.send(()).unwrap();
                count_to(connection, LONG)
            });
            tokio::select! {
                ended = asked => panic!("{ended:?}"),
                _ = begun.recv() => {}
            }
        }
        assert!(timeout(READER_WAIT, lists.close()).await.is_ok(), "all places are free");
    }

    #[tokio::test]
    async fn what_ends_one_list_does_not_end_the_next_on_its_connection() {
        let (hasty, _folder) = lists(Duration::ZERO);
        // It is done before it is looked at whether its time is over, and who asked has gone.
        assert_eq!(hasty.read(|connection| count_to(connection, 1)).await.unwrap(), 1);
        assert_eq!(hasty.idle().len(), 1);
        let patient = Lists { limit: HOUR, ..hasty };
        assert_eq!(patient.read(|connection| count_to(connection, 100_000)).await.unwrap(), 100_000);
        assert_eq!(patient.idle().len(), 1, "it was the same");
    }
}
