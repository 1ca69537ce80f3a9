//! Opening a database: what an older version left in it, and who else is at work there.

use std::path::Path;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use windlass_presign_svc::adapters::database::{Database, DatabasePlace};
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::adapters::schema::SchemaState;
use windlass_presign_svc::adapters::sqlite::SqliteDatabase;
use windlass_presign_svc::domain::filter::{PhotoFilter, TakenClock, TakenRange};
use windlass_presign_svc::ports::uploads::PhotoQuery;
use windlass_protocol::photo::MediaKind;

use crate::uploads::{Repository, listed, photo, record};

/// What an update to the schema leaves of photos that were there before, one of them taken half a second later.
const OLD_PHOTOS: [&str; 3] = [
    "UPDATE uploads SET metadata = replace(metadata, '16:34:23', '16:34:23.500'),
        taken_at = replace(taken_at, '16:34:23', '16:34:23.500')",
    "UPDATE uploads SET kind = NULL, taken_local = NULL, taken_utc = NULL, terms_version = -1",
    "DELETE FROM photo_terms",
];
const FORGET_LAST_MIGRATION: &str =
    "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
const APPLIED: &str = "SELECT count(*) FROM _sqlx_migrations";

async fn change_sqlite(path: &Path, statements: &[&'static str]) {
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut raw).await.unwrap();
    }
    raw.close().await.unwrap();
}

async fn change_postgres(url: &str, statements: &[&'static str]) {
    let mut raw = PgConnection::connect(url).await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut raw).await.unwrap();
    }
}

async fn is_found_as_new_ones_are(repository: Repository) {
    let like = photo("b");
    let facts = like.facts();
    // 2026-11-20T16:34:23.5 by the camera, an hour ahead of UTC.
    let taken_ms = 1_795_192_463_500;
    for (clock, at_ms) in [(TakenClock::Camera, taken_ms), (TakenClock::Utc, taken_ms - 3_600_000)] {
        let filter = PhotoFilter {
            kind: Some(MediaKind::Photo),
            taken: Some(TakenRange { clock, from_ms: Some(at_ms), to_ms: Some(at_ms) }),
            words: vec!["dach".to_owned()],
            ..PhotoFilter::default()
        };
        let query = PhotoQuery {
            tenant: &facts.tenant,
            project: &facts.project,
            filter: &filter,
            after: None,
            limit: 2,
        };
        assert_eq!(listed(&repository, &query).await.len(), 1, "{clock:?}");
    }
}

#[tokio::test]
async fn photos_of_an_older_version_are_found_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("laws.sqlite");
    let database = SqliteDatabase::open(&path).await.unwrap();
    record(&(Arc::new(database.clone()) as Repository), &photo("a")).await;
    database.close().await;
    change_sqlite(&path, &OLD_PHOTOS).await;
    is_found_as_new_ones_are(Arc::new(SqliteDatabase::open(&path).await.unwrap())).await;
}

#[tokio::test]
async fn photos_of_an_older_version_are_found_in_postgres() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    record(&(Arc::new(database.clone()) as Repository), &photo("a")).await;
    database.close().await;
    change_postgres(&url, &OLD_PHOTOS).await;
    is_found_as_new_ones_are(Arc::new(PostgresDatabase::connect(&url, 4).await.unwrap())).await;
}

async fn state(place: &DatabasePlace) -> SchemaState {
    Database::examine(place).await.unwrap().1
}

#[tokio::test]
async fn to_examine_an_sqlite_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("laws.sqlite");
    let place = DatabasePlace::Sqlite(path.clone());
    assert_eq!(state(&place).await, SchemaState::Absent);
    assert!(!path.exists());
    SqliteDatabase::open(&path).await.unwrap().close().await;
    assert_eq!(state(&place).await, SchemaState::Current);
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let all: i64 = sqlx::query_scalar(APPLIED).fetch_one(&mut raw).await.unwrap();
    change_sqlite(&path, &[FORGET_LAST_MIGRATION]).await;
    assert_eq!(state(&place).await, SchemaState::Behind(1));
    assert_eq!(sqlx::query_scalar::<_, i64>(APPLIED).fetch_one(&mut raw).await.unwrap(), all - 1);
}

#[tokio::test]
async fn to_examine_a_postgres_database_changes_nothing() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let place = DatabasePlace::Postgres { url: url.clone(), connections: 4 };
    assert_eq!(state(&place).await, SchemaState::Absent);
    assert_eq!(state(&place).await, SchemaState::Absent);
    PostgresDatabase::connect(&url, 4).await.unwrap().close().await;
    assert_eq!(state(&place).await, SchemaState::Current);
    change_postgres(&url, &[FORGET_LAST_MIGRATION]).await;
    assert_eq!(state(&place).await, SchemaState::Behind(1));
    assert_eq!(state(&place).await, SchemaState::Behind(1));
    change_postgres(&url, &["UPDATE _sqlx_migrations SET checksum = '\\x00'"]).await;
    let refused = Database::examine(&place).await.unwrap_err().to_string();
    assert!(refused.contains("is not the one this Windlass knows"), "{refused}");
}

/// By what key sqlx lets one migration of a database happen at a time.
fn migration_key(database: &str) -> i64 {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, database.as_bytes());
    0x3d32_ad9e * i64::try_from(sum).unwrap()
}

#[tokio::test]
async fn the_migration_of_another_instance_is_waited_for_longer_than_a_statement_may_take() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let mut other = PgConnection::connect(&url).await.unwrap();
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut other).await.unwrap();
    let lock = format!("SELECT pg_advisory_lock({})", migration_key(&name));
    sqlx::query(AssertSqlSafe(lock)).execute(&mut other).await.unwrap();
    let mut opening = Box::pin(PostgresDatabase::connect(&url, 4));
    let waits = "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.05) WHERE datname = current_database()
        AND wait_event = 'advisory' AND clock_timestamp() - query_start > interval '5.5 seconds'";
    loop {
        tokio::select! {
            opened = &mut opening => panic!("it did not wait: {opened:?}"),
            waiting = sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut other) => {
                if waiting.unwrap() > 0 {
                    break;
                }
            }
        }
    }
    other.close().await.unwrap();
    opening.await.unwrap();
}

#[tokio::test]
async fn a_statement_of_the_service_does_not_take_for_ever() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let mut bolt = PgConnection::connect(&url).await.unwrap();
    let mut bolted = bolt.begin().await.unwrap();
    sqlx::query("LOCK TABLE uploads").execute(&mut *bolted).await.unwrap();
    let repository: Repository = Arc::new(database);
    let refused = repository.check().await.unwrap_err().to_string();
    assert!(refused.contains("statement timeout"), "{refused}");
}
