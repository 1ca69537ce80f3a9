//! The database that is configured, whichever it is.

use std::path::PathBuf;
use std::sync::Arc;

use super::memory::MemoryRateLimiter;
use super::memory_tickets::MemoryTickets;
use super::postgres::{ConnectError, PostgresDatabase};
use super::schema::SchemaState;
use super::sqlite::{OpenError, SqliteDatabase};
use super::traced::{self, System};
use crate::ports::events::EventLog;
use crate::ports::leases::UploadLeases;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::tickets::TicketBook;
use crate::ports::upload_links::UploadLinkRepository;
use crate::ports::uploads::UploadRepository;

/// Which database, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server.
    Postgres {
        /// `postgres://user:password@host:port/name`: holds a secret.
        url: String,
        /// At most this many connections.
        connections: u32,
    },
}

/// An open database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file of this machine.
    Sqlite(SqliteDatabase),
    /// A server.
    Postgres(PostgresDatabase),
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file.
    #[error(transparent)]
    Sqlite(#[from] OpenError),
    /// The server.
    #[error(transparent)]
    Postgres(#[from] ConnectError),
}

impl Database {
    /// Opens it, and brings its schema up to date.
    pub async fn open(place: &DatabasePlace) -> Result<Self, DatabaseError> {
        Ok(match place {
            DatabasePlace::Sqlite(path) => Self::Sqlite(SqliteDatabase::open(path).await?),
            DatabasePlace::Postgres { url, connections } => {
                Self::Postgres(PostgresDatabase::connect(url, *connections).await?)
            }
        })
    }

    /// Looks at it without changing it: what messages call it, and how far its schema is.
    pub async fn examine(place: &DatabasePlace) -> Result<(String, SchemaState), DatabaseError> {
        Ok(match place {
            DatabasePlace::Sqlite(path) => (path.display().to_string(), SqliteDatabase::examine(path).await?),
            DatabasePlace::Postgres { url, .. } => {
                let (host, state) = PostgresDatabase::examine(url).await?;
                (on_server(&host), state)
            }
        })
    }

    /// The record of uploads.
    pub fn uploads(&self) -> Arc<dyn UploadRepository> {
        match self {
            Self::Sqlite(database) => Arc::new(database.clone()),
            Self::Postgres(database) => Arc::new(database.clone()),
        }
    }

    /// The record of events.
    pub fn events(&self) -> Arc<dyn EventLog> {
        match self {
            Self::Sqlite(database) => Arc::new(database.clone()),
            Self::Postgres(database) => Arc::new(database.clone()),
        }
    }

    /// Tickets for streams, known wherever the record is.
    pub fn tickets(&self) -> Arc<dyn TicketBook> {
        match self {
            Self::Sqlite(_) => Arc::new(MemoryTickets::default()),
            Self::Postgres(database) => Arc::new(database.clone()),
        }
    }

    /// Turns among instances; `None` where no other instance can share the database.
    pub fn leases(&self) -> Option<Arc<dyn UploadLeases>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(database) => Some(Arc::new(database.clone())),
        }
    }

    /// The upload links.
    pub fn upload_links(&self) -> Arc<dyn UploadLinkRepository> {
        match self {
            Self::Sqlite(database) => Arc::new(database.clone()),
            Self::Postgres(database) => Arc::new(database.clone()),
        }
    }

    /// Rate limits, shared by all who share the database.
    pub fn rate_limiter(&self) -> Arc<dyn RateLimiter> {
        match self {
            Self::Sqlite(_) => Arc::new(MemoryRateLimiter::default()),
            Self::Postgres(database) => Arc::new(database.clone()),
        }
    }

    /// What spans call it.
    pub fn system(&self) -> System {
        traced::database(match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgresql",
        })
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(database) => database.path().display().to_string(),
            Self::Postgres(database) => on_server(database.host()),
        }
    }

    /// Waits for what is being written and closes it.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }
}

fn on_server(host: &str) -> String {
    format!("PostgreSQL on {host}")
}
