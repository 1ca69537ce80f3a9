//! The record of uploads and events in PostgreSQL: for several instances of the service, or for a database somebody
//! else looks after.
//!
//! New uploads go through a queue that records those of many requests by one statement (`insert`), and so do draws
//! from the buckets of the rate limits (`rate_limiter`); all else is a statement each, or a short transaction where a
//! change has news, on a pool that lets nobody wait long (`bounded`). Instances take turns on an upload by leases
//! (`leases`), and hear of each other's news by notifications (`announcements`).

mod announcements;
mod bounded;
mod changes;
mod events;
mod groups;
mod insert;
mod insert_together;
mod insert_what_fits;
mod leases;
mod rate_limiter;
mod tickets;
pub(super) mod upload_links;
pub(super) mod uploads;
mod usage;

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use self::announcements::Announcements;
use self::bounded::BoundedPool;
use self::insert::Inserts;
use self::rate_limiter::Draws;
use super::mistrust;
use super::schema::{SchemaError, SchemaState};
use crate::ports::events::announcements;
use crate::ports::uploads::RepositoryError;

/// How long a request waits for a connection before it is told that the database is busy.
const ACQUIRE_WAIT: Duration = Duration::from_secs(3);
/// How long the server works on one statement, and how it plans: our statements read little, from indexes and in
/// their order, and the planner's guesses at how much there is must not make it sort all of that, ask more processes
/// for it, or compile a program for it. Told to each connection when it is open: poolers such as PgBouncer refuse
/// options ahead of that. A server that can (from PostgreSQL 14 on, not on every system) looks whether its client is
/// still there: else clients that hang up have it work for more connections than the pool has. An instance that
/// vanishes between two statements of a transaction says nothing, and the server would keep its locks for the hours
/// that TCP takes to notice, while nobody of its tenant records anything: they end when its turns do, later than
/// whoever lives gives up by himself.
pub(super) const SESSION: &str =
    "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s';
    SET enable_seqscan = off; SET enable_sort = off;
    SET max_parallel_workers_per_gather = 0; SET jit = off;
    DO $$ BEGIN
        SET client_connection_check_interval = '500ms';
    EXCEPTION WHEN OTHERS THEN NULL;
    END $$";
/// A migration takes as long as it takes, and so does waiting for that of another instance.
const NO_STATEMENT_LIMIT: &str = "SET statement_timeout = 0";
/// How long a stop waits for the turns of requests that have just ended to be given back.
const RELEASE_WAIT: Duration = Duration::from_secs(2);
/// How long the connections have to take leave of the server, which may have vanished.
const LEAVE_WAIT: Duration = Duration::from_secs(5);
/// A connection that was idle for this long is asked whether it lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long a start waits for a server that is just starting itself.
const START_WAIT: Duration = Duration::from_secs(30);
const START_RETRY: Duration = Duration::from_millis(250);

const HAS_MIGRATIONS: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// A database on a server.
#[derive(Debug, Clone)]
pub struct PostgresDatabase {
    host: Arc<str>,
    pool: BoundedPool,
    inserts: Inserts,
    draws: Draws,
    /// Who holds turns or waits for them.
    turns: TaskTracker,
    announcements: Announcements,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("the database's address (WINDLASS_DATABASE_URL) is not valid: {0}")]
    Address(sqlx::Error),
    /// The server does not answer or does not let us in.
    #[error("the database on {host} cannot be reached: {source}")]
    Unreachable {
        /// Which server.
        host: String,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// Its certificate is not trusted, or it has none.
    #[error(
        "the database on {host} cannot be reached with TLS: {source}. Name its authority with \
         ?sslmode=verify-full&sslrootcert=/path/to/ca.pem, or, in a network you trust, use ?sslmode=disable"
    )]
    Untrusted {
        /// Which server.
        host: String,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// Its schema could not be brought up to date.
    #[error("the database on {host} cannot be migrated: {source}")]
    Migrate {
        /// Which server.
        host: String,
        /// What went wrong.
        source: SchemaError,
    },
    /// Photos that were recorded by an older rule of search could not be read.
    #[error("the photos in the database on {host} cannot be made ready for search: {source}")]
    Search {
        /// Which server.
        host: String,
        /// What went wrong.
        source: RepositoryError,
    },
}

impl PostgresDatabase {
    /// Connects to `postgres://user:password@host:port/name` with at most so many connections, and brings
    /// the schema up to date. An instance that starts at the same time waits for the other's migration.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, ConnectError> {
        let options = options_of(url).map_err(ConnectError::Address)?;
        let host = name_of(&options);
        // PostgreSQL writes floats in full since version 12; to ask for it is an option poolers refuse.
        let options = options.application_name("windlass").extra_float_digits(None);
        let pool = PgPoolOptions::new()
            // One more listens.
            .max_connections(connections.saturating_sub(1).max(1))
            .acquire_timeout(ACQUIRE_WAIT)
            // A ping before every use would double the trips; after a pause it finds those a restart closed.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for >= TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(SESSION).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone());
        reach(&pool, &host).await?;
        migrate(&options).await.map_err(|error| ConnectError::Migrate {
            host: host.clone(),
            source: SchemaError::of(error, &MIGRATIONS),
        })?;
        changes::renew_old_terms(&pool)
            .await
            .map_err(|source| ConnectError::Search { host: host.clone(), source })?;
        let announcements = Announcements::start(pool.clone(), options, announcements());
        let pool = BoundedPool::of(pool);
        Ok(Self {
            host: host.into(),
            inserts: insert::start(pool.clone()),
            draws: rate_limiter::start(pool.clone()),
            turns: TaskTracker::new(),
            announcements,
            pool,
        })
    }

    /// Which server it is, and how far the schema of the database is, which is left as it is.
    pub async fn examine(url: &str) -> Result<(String, SchemaState), ConnectError> {
        let options = options_of(url).map_err(ConnectError::Address)?.extra_float_digits(None);
        let host = name_of(&options);
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_WAIT).connect_lazy_with(options);
        reach(&pool, &host).await?;
        let state = examine(&pool).await;
        pool.close().await;
        match state {
            Ok(state) => Ok((host, state)),
            Err(source) => Err(ConnectError::Migrate { host, source }),
        }
    }

    /// Which server it is on: host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Waits for what is being written and closes all connections.
    pub async fn close(&self) {
        self.turns.close();
        if timeout(RELEASE_WAIT, self.turns.wait()).await.is_err() {
            tracing::info!("turns on uploads are left to end by themselves");
        }
        if timeout(LEAVE_WAIT, self.pool.close()).await.is_err() {
            tracing::info!("connections to the database end without its server");
        }
    }
}

async fn examine(pool: &PgPool) -> Result<SchemaState, SchemaError> {
    let failed = |error: sqlx::Error| SchemaError::Failed(error.into());
    let mut connection = pool.acquire().await.map_err(failed)?;
    let has_migrations = sqlx::query_scalar(HAS_MIGRATIONS).fetch_one(&mut *connection);
    if !has_migrations.await.map_err(failed)? {
        return Ok(SchemaState::Absent);
    }
    let applied = connection.list_applied_migrations(&MIGRATIONS.table_name).await;
    SchemaState::of(&applied.map_err(|error| SchemaError::of(error, &MIGRATIONS))?, &MIGRATIONS)
}

/// Brings the schema up to date, on a connection of its own.
async fn migrate(options: &PgConnectOptions) -> Result<(), MigrateError> {
    let mut connection = options.connect().await?;
    connection.execute(NO_STATEMENT_LIMIT).await?;
    MIGRATIONS.run(&mut connection).await?;
    // What it holds on the server ends with it in any case.
    let _ = connection.close().await;
    Ok(())
}

/// The address as given; where it says nothing about TLS, a server elsewhere must prove who it is.
fn options_of(url: &str) -> sqlx::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url)?;
    let is_here = options.get_socket().is_some()
        || options.get_host().starts_with('/')
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
    let says = url.contains("sslmode=") || url.contains("ssl-mode=");
    Ok(if is_here || says { options } else { options.ssl_mode(PgSslMode::VerifyFull) })
}

/// How messages name the server: without user and password.
fn name_of(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

/// Waits for the first connection; a server that is not up yet gets some time.
async fn reach(pool: &PgPool, host: &str) -> Result<(), ConnectError> {
    let give_up = tokio::time::Instant::now() + START_WAIT;
    loop {
        let error = match pool.acquire().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let host = host.to_owned();
        match error {
            sqlx::Error::Tls(_) => return Err(ConnectError::Untrusted { host, source: error }),
            // A certificate that is not trusted ends the handshake, which is told as a broken connection; it will
            // be no other one in a moment.
            sqlx::Error::Io(ref failure) if mistrust::is_of_a_certificate(&failure.to_string()) => {
                return Err(ConnectError::Untrusted { host, source: error });
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut if tokio::time::Instant::now() < give_up => {
                tokio::time::sleep(START_RETRY).await;
            }
            // 57P03: the server is starting up or shutting down.
            sqlx::Error::Database(ref refusal)
                if refusal.code().as_deref() == Some("57P03") && tokio::time::Instant::now() < give_up =>
            {
                tokio::time::sleep(START_RETRY).await;
            }
            source => return Err(ConnectError::Unreachable { host, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::postgres_server::Postgres;

    #[tokio::test]
    async fn what_an_instance_has_locked_that_vanished_in_a_transaction_is_free_when_its_turns_are() {
        let Some(server) = Postgres::start() else { return };
        let database = PostgresDatabase::connect(&server.url("postgres"), 4).await.unwrap();
        let limit = "SHOW idle_in_transaction_session_timeout";
        let limit: String = sqlx::query_scalar(limit).fetch_one(&database.pool).await.unwrap();
        assert_eq!(limit, "15s");
        database.close().await;
    }

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is_unless_the_address_says_otherwise() {
        for (url, is_strict) in [
            ("postgres://a@db.example.com/windlass", true),
            ("postgres://a@10.0.0.7/windlass", true),
            ("postgres://a@db.example.com/windlass?sslmode=disable", false),
            ("postgres://a@localhost/windlass", false),
            ("postgres://a@127.0.0.1:5433/windlass", false),
            ("postgres:///windlass?host=/run/postgresql", false),
        ] {
            let mode = options_of(url).unwrap().get_ssl_mode();
            assert_eq!(matches!(mode, PgSslMode::VerifyFull), is_strict, "{url}");
        }
    }

    #[test]
    fn messages_name_the_server_and_not_the_password() {
        let options = options_of("postgres://ann:canary@db.example.com:5433/windlass").unwrap();
        assert_eq!(name_of(&options), "db.example.com:5433");
    }
}
