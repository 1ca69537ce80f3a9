//! The record of uploads and events in SQLite: the embedded default.
//!
//! WAL with synchronous FULL, so that what is answered as recorded survives a power cut. One connection
//! writes, several read: SQLite has one writer anyway, and waiting for it here is fairer than its busy loop.

mod changes;
mod events;
mod listing;
mod row;
mod uploads;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::event_hub::EventHub;
use crate::ports::uploads::RepositoryError;

/// How long to wait for another process that holds the database's lock, and for a free connection.
const WAIT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// The database file.
#[derive(Debug, Clone)]
pub struct SqliteDatabase {
    writer: SqlitePool,
    readers: SqlitePool,
    hub: EventHub,
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
        source: sqlx::Error,
    },
    /// Its schema could not be brought up to date.
    #[error("the database {path} cannot be migrated: {source}")]
    Migrate {
        /// Where it is.
        path: String,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
}

impl SqliteDatabase {
    /// Opens the file, creating it where there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Open { path: path.display().to_string(), source };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WAIT)
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&writer)
            .await
            .map_err(|source| OpenError::Migrate { path: path.display().to_string(), source })?;
        changes::make_missing_terms(&writer).await.map_err(failed)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(WAIT)
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { writer, readers, hub: EventHub::default() })
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl From<sqlx::Error> for RepositoryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
