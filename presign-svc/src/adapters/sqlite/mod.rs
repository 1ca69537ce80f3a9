//! The record of uploads and events in SQLite: the embedded default.
//!
//! WAL with synchronous FULL, so that what is answered as recorded survives a power cut. One connection
//! writes, for groups of requests at once (`writer`); several read, each its own snapshot, and wait for nobody.
//! The one that writes and those that read lists (`lists`) are a driver's that runs statements where it is called;
//! `sqlx` has a thread for each connection, and makes each statement and each row a message.

mod changes;
mod events;
mod insert;
pub(in crate::adapters) mod lists;
pub(super) mod upload_links;
pub(super) mod uploads;
mod usage;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;

use self::lists::Lists;
use self::writer::Writer;
use super::schema::{SchemaError, SchemaState};
use crate::ports::events::{Heard, announcements};
use crate::ports::uploads::RepositoryError;

/// How long to wait for another process that holds the database's lock. Whoever waits for the writer waits longer.
const BUSY_WAIT: Duration = Duration::from_secs(12);
/// How long to wait for a connection to read with: longer than a page may take, after which the first of those who wait
/// have one.
const READER_WAIT: Duration = Duration::from_secs(7);
const READERS: u32 = 4;
/// What each connection that reads keeps of the file for itself, less than SQLite's 2,000: the system keeps it for
/// all of them.
const READER_CACHE_KIB: i64 = 750;
/// How soon a file that another process is just making ours is tried again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// SQLite's primary result code for a lock held by somebody else (SQLITE_BUSY); the low byte of the extended.
const SQLITE_BUSY: u32 = 5;

const HAS_MIGRATIONS: &str = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The database file.
#[derive(Debug, Clone)]
pub struct SqliteDatabase {
    path: Arc<Path>,
    writer: Writer,
    readers: SqlitePool,
    lists: Lists,
    /// Where other tasks of this process hear of news.
    heard: broadcast::Sender<Heard>,
}

/// Why the database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not there, not ours, not a database, or locked.
    #[error("the database {path} cannot be opened: {source}")]
    Open {
        /// Where it should be.
        path: String,
        /// What SQLite says.
        source: BoxDynError,
    },
    /// Its schema could not be brought up to date.
    #[error("the database {path} cannot be migrated: {source}")]
    Migrate {
        /// Where it is.
        path: String,
        /// What went wrong.
        source: SchemaError,
    },
    /// Photos that were recorded by an older rule of search could not be read.
    #[error("the photos in the database {path} cannot be made ready for search: {source}")]
    Search {
        /// Where it is.
        path: String,
        /// What went wrong.
        source: RepositoryError,
    },
}

impl SqliteDatabase {
    /// How far the schema of the file is, which is left as it is.
    pub async fn examine(path: &Path) -> Result<SchemaState, OpenError> {
        if !path.exists() {
            return Ok(SchemaState::Absent);
        }
        let name = || path.display().to_string();
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_WAIT);
        let opened = async {
            let mut connection = options.connect().await?;
            let tables: i64 = sqlx::query_scalar(HAS_MIGRATIONS).fetch_one(&mut connection).await?;
            Ok((connection, tables > 0))
        };
        let (mut connection, has_migrations) = opened
            .await
            .map_err(|source: sqlx::Error| OpenError::Open { path: name(), source: source.into() })?;
        if !has_migrations {
            return Ok(SchemaState::Absent);
        }
        let applied = connection.list_applied_migrations(&MIGRATIONS.table_name).await;
        applied
            .map_err(|error| SchemaError::of(error, &MIGRATIONS))
            .and_then(|applied| SchemaState::of(&applied, &MIGRATIONS))
            .map_err(|source| OpenError::Migrate { path: name(), source })
    }

    /// Opens the file, creating it where there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_WAIT);
        Self::open_with(path, options).await
    }

    async fn open_with(path: &Path, options: SqliteConnectOptions) -> Result<Self, OpenError> {
        let name = || path.display().to_string();
        let failed = |source: BoxDynError| OpenError::Open { path: name(), source };
        let mut connection = connect(&options).await.map_err(|error| failed(error.into()))?;
        migrate(&mut connection).await.map_err(|error| OpenError::Migrate {
            path: name(),
            source: SchemaError::of(error, &MIGRATIONS),
        })?;
        let path: Arc<Path> = path.into();
        let opened = spawn_blocking({
            let path = path.clone();
            move || -> rusqlite::Result<_> {
                let mut writing = writer::open(&path)?;
                let renewed = changes::renew_old_terms(&mut writing);
                Ok((writing, renewed))
            }
        });
        let opened = opened.await.map_err(|error| failed(error.into()))?;
        let (writing, renewed) = opened.map_err(|error| failed(error.into()))?;
        renewed.map_err(|source| OpenError::Search { path: name(), source })?;
        // Not the last one: that one would take the log away.
        connection.close().await.map_err(|error| failed(error.into()))?;
        let writer = Writer::start(path.clone(), writing).map_err(|error| failed(error.into()))?;
        let options = options.pragma("cache_size", format!("-{READER_CACHE_KIB}"));
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READER_WAIT)
            .test_before_acquire(false)
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        let lists = Lists::of(&path);
        Ok(Self { path, writer, readers, lists, heard: announcements() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.lists.close().await;
        self.writer.close().await;
    }
}

/// A connection to the file in WAL mode. While another process turns a new file to WAL, SQLite answers BUSY at
/// once and asks no busy handler (it could deadlock), so the waiting is done here.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let give_up = tokio::time::Instant::now() + BUSY_WAIT;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && tokio::time::Instant::now() < give_up => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// All missing migrations in one transaction that takes the file's lock first: of two processes that start
/// at once, the second finds the work done.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::uploads::UploadRepository as _;

    #[tokio::test]
    async fn a_database_that_nobody_writes_any_more_is_not_well() {
        let folder = tempfile::tempdir().unwrap();
        let database = SqliteDatabase::open(&folder.path().join("test.sqlite")).await.unwrap();
        database.check().await.unwrap();
        database.writer.close().await;
        assert!(database.check().await.is_err(), "it can be read, and nothing can be recorded");
    }

    #[test]
    fn sqlite_was_compiled_as_the_workspace_says() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut asked = connection.prepare("PRAGMA compile_options").unwrap();
        let options: Vec<String> =
            asked.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        // .cargo/config.toml, which counts only where cargo finds it.
        assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
        assert!(!options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"), "{options:?}");
    }
}
