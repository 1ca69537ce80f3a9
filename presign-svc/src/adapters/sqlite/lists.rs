//! Lists of photos, on connections of their own. A page has thousands of values: `sqlx` hands each of them from
//! SQLite's thread to the caller's as a copy, and each row as a message, which takes several times as long as
//! SQLite does. Here a page is read and understood where SQLite runs, and only the photos are handed over.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use windlass_protocol::{ProjectId, TenantId};

use super::{BUSY_WAIT, READER_CACHE_KIB, READER_WAIT, READERS};
use crate::adapters::listing::{Dialect, Engine, Search, Statement, Value, page_of};
use crate::adapters::upload_row::UploadRow;
use crate::domain::filter::{PageMark, PhotoFilter};
use crate::ports::uploads::{PhotoPage, PhotoQuery, RepositoryError, RepositoryResult};

/// How many statements each connection keeps prepared: those of the filters that people use.
const PREPARED: usize = 64;

static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<String> = UploadRow::COLUMNS.iter().map(|(name, _)| format!("u.{name}")).collect();
    columns.join(", ")
});

/// Those who read lists.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    path: Arc<Path>,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// A question that outlives who asks it.
struct Asked {
    tenant: TenantId,
    project: ProjectId,
    filter: PhotoFilter,
    after: Option<PageMark>,
    limit: u32,
}

impl Lists {
    /// Those of a file, opened when they are asked.
    pub(super) fn of(path: &Path) -> Self {
        let turns = Arc::new(Semaphore::new(READERS as usize));
        Self { path: path.into(), turns, idle: Arc::default() }
    }

    /// The page that is asked for.
    pub(super) async fn page(&self, query: &PhotoQuery<'_>) -> RepositoryResult<PhotoPage> {
        let asked = Asked {
            tenant: query.tenant.clone(),
            project: query.project.clone(),
            filter: query.filter.clone(),
            after: query.after,
            limit: query.limit,
        };
        let turn = self.turn().await?;
        let lists = self.clone();
        let read = move || {
            let _turn = turn;
            let connection = lists.take()?;
            let page = asked.page(&connection)?;
            lists.idle().push(connection);
            Ok(page)
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
        let Self { tenant, project, filter, after, limit } = self;
        let query = PhotoQuery { tenant, project, filter, after: *after, limit: *limit };
        let dialect = Dialect { columns: COLUMNS.as_str(), engine: Engine::Sqlite };
        let mut search = Search::of(query, &dialect);
        while let Some(question) = search.question() {
            search.answer(values(connection, &question)?);
        }
        let mut rows = Vec::with_capacity(self.limit as usize + 1);
        for statement in search.page() {
            let mut prepared = prepare(connection, &statement)?;
            let mut found = prepared.raw_query();
            while let Some(row) = found.next()? {
                rows.push(UploadRow::read(row)?);
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
