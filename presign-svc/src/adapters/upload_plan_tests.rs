//! How the databases find what announcements, ended links and the janitor ask for: by an index that leads to little,
//! whatever somebody has sent before.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::postgres::upload_links::OPEN_UPLOADS as OPEN_IN_POSTGRES;
use super::postgres::uploads::FIND_SAME as SAME_IN_POSTGRES;
use super::postgres::{PostgresDatabase, SESSION};
use super::postgres_server::Postgres;
use super::sqlite::SqliteDatabase;
use super::sqlite::upload_links::OPEN_UPLOADS as OPEN_IN_SQLITE;
use super::sqlite::uploads::FIND_SAME as SAME_IN_SQLITE;
use super::upload_row::FORGET_CLOSED_BEFORE;

/// Photos of one project. A few more wait for their bytes.
const PHOTOS: u32 = 20_000;
const WAITING: u32 = 50;
const BY_CONTENT: &str = "photos_by_content";
const BY_LOOK: &str = "uploads_by_look";
const BY_CLOSING: &str = "uploads_by_closing";
/// Who sent them: one person all, or an eighth.
const ANN: &str = "'ann'";
const ANN_AMONG_MANY: &str = "CASE WHEN i % 8 = 0 THEN 'ann' ELSE 'crew-' || i END";

/// Rows of photos, each with bytes of its own, and of uploads that wait.
fn rows(numbers: &str, id: &str, sender: &str) -> [String; 2] {
    let row = |status: &str, verified: &str, from: u32, to: u32| {
        format!(
            "{numbers} INSERT INTO uploads (id, tenant, project, created_by, version, status, filename, media_type,
                size_bytes, folder, verified_at, verified_checksum, variants, created_at, updated_at, deadline_at, kind)
            SELECT {id}, 'acme', 'job-7', {sender}, 1, '{status}', 'roof.jpg', 'image/jpeg', 4096, 'acme/job-7',
                {verified}, '[]', 1, 1, 1, 'photo'
            FROM n WHERE i > {from} AND i <= {to}"
        )
    };
    [
        row("uploaded", "1, 'sum-' || i", 0, PHOTOS),
        row("pending_upload", "NULL, NULL", PHOTOS, PHOTOS + WAITING),
    ]
}

#[tokio::test]
async fn in_sqlite_photos_are_found_by_their_bytes_and_what_waits_or_is_closed_among_its_like() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plans.sqlite");
    SqliteDatabase::open(&file).await.unwrap();
    let mut connection = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    let last = PHOTOS + WAITING;
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})");
    for statement in rows(&numbers, "printf('00000000-0000-7000-8000-%012x', i)", ANN) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let statements =
        [(SAME_IN_SQLITE, BY_CONTENT), (OPEN_IN_SQLITE, BY_LOOK), (FORGET_CLOSED_BEFORE, BY_CLOSING)];
    for (statement, index) in statements {
        let plan = plan_in_sqlite(&mut connection, statement).await;
        assert!(plan.contains(index) && !plan.contains("photos_by_sender"), "{statement}: {plan}");
    }
}

async fn plan_in_sqlite(connection: &mut SqliteConnection, statement: &str) -> String {
    let explained = format!("EXPLAIN QUERY PLAN {statement}");
    let lines: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(explained)).fetch_all(connection).await.unwrap();
    lines.into_iter().map(|(.., line)| line + "\n").collect()
}

#[tokio::test]
async fn in_postgres_what_waits_or_is_closed_is_found_among_its_like() {
    let Some(server) = Postgres::start() else { return };
    let mut connection = postgres_with(&server, ANN).await;
    connection.execute(AssertSqlSafe(format!("PREPARE open AS {OPEN_IN_POSTGRES}"))).await.unwrap();
    for plan in plans_in_postgres(&mut connection, "open ('acme', 'job-7', 'ann')").await {
        assert!(plan.contains(BY_LOOK), "{plan}");
    }
    connection.execute(AssertSqlSafe(format!("PREPARE forget AS {FORGET_CLOSED_BEFORE}"))).await.unwrap();
    for plan in plans_in_postgres(&mut connection, "forget (2, 1000)").await {
        assert!(plan.contains(BY_CLOSING), "{plan}");
    }
}

#[tokio::test]
async fn in_postgres_the_same_photo_is_found_by_its_bytes_however_much_its_sender_has_sent() {
    let Some(server) = Postgres::start() else { return };
    let mut connection = postgres_with(&server, ANN_AMONG_MANY).await;
    let prepare = format!("PREPARE same (text, text, text, text[]) AS {}", SAME_IN_POSTGRES.as_str());
    connection.execute(AssertSqlSafe(prepare)).await.unwrap();
    let sums: Vec<String> = (1..=100).map(|number| format!("sum-{number}")).collect();
    let same = format!("same ('acme', 'job-7', 'ann', ARRAY['{}'])", sums.join("', '"));
    for plan in plans_in_postgres(&mut connection, &same).await {
        assert!(plan.contains(BY_CONTENT) && !plan.contains("photos_by_sender"), "{plan}");
    }
}

/// A session as the service's are, on a database with those rows.
async fn postgres_with(server: &Postgres, sender: &str) -> PgConnection {
    let url = server.url("postgres");
    PostgresDatabase::connect(&url, 4).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(SESSION).await.unwrap();
    // Its triggers count row by row, in one transaction ever slower.
    connection.execute("ALTER TABLE uploads DISABLE TRIGGER USER").await.unwrap();
    let numbers = format!("WITH n (i) AS (SELECT * FROM generate_series(1, {}))", PHOTOS + WAITING);
    let id = "('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid";
    for statement in rows(&numbers, id, sender) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.execute("VACUUM ANALYZE").await.unwrap();
    connection
}

/// How a prepared statement is carried out, planned for these values and for any.
async fn plans_in_postgres(connection: &mut PgConnection, execute: &str) -> Vec<String> {
    let mut plans = Vec::new();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        connection.execute(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.unwrap();
        let explained = AssertSqlSafe(format!("EXPLAIN EXECUTE {execute}"));
        let lines: Vec<String> = sqlx::query_scalar(explained).fetch_all(&mut *connection).await.unwrap();
        plans.push(format!("{mode}\n{}", lines.join("\n")));
    }
    plans
}
