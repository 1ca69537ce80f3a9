//! The rows of a large project, as the service records them, written by the database itself: one statement a table,
//! without the triggers, which count row by row; what they would have counted is written at the end.

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use uuid::Uuid;
use windlass_presign_svc::adapters::database::DatabasePlace;
use windlass_presign_svc::domain::cells::cells_of;
use windlass_presign_svc::domain::search::TERMS_VERSION;

use crate::token::{PROJECT, TENANT};

/// When the first of them was taken, in milliseconds; each a second after the one before.
pub const FIRST_TAKEN_MS: i64 = 1_700_000_000_000;
/// One photo in so many is complete, and the others are uploaded.
pub const COMPLETED: u64 = 3;
/// One photo in so many is a photo, and the others are films.
pub const PICTURES: u64 = 2;
/// One photo in so many was sent by this one.
pub const SENDERS: u64 = 10;
pub const SENDER: &str = "crew-7";
/// One photo in so many has the tag that is looked for, and the word.
pub const TAGGED: u64 = 50;
/// One photo in so many has a word that hardly any has.
pub const RARE: u64 = 5_000;
/// One photo in so many has a word that has nothing to do with the tag.
pub const OTHER: u64 = 49;
/// One photo in so many is of the camera that is looked for.
pub const CAMERAS: u64 = 4;
/// Their places lie on so many parallels, a thousandth of a degree apart.
pub const PARALLELS: u64 = 100;

/// The id of one of them: in the order of their numbers.
pub fn id(number: u64) -> Uuid {
    let (high, middle) = (number / 65536, number % 65536);
    Uuid::from_u128(
        u128::from(high) << 96 | u128::from(middle) << 80 | 0x7000_8000 << 48 | u128::from(number),
    )
}

/// Writes so many into a database that has a schema and nothing else, and that nobody has open.
pub async fn fill(place: &DatabasePlace, photos: u64) -> Result<()> {
    match place {
        DatabasePlace::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            fill_sqlite(SqliteConnection::connect(&url).await?, photos).await
        }
        DatabasePlace::Postgres { url, .. } => fill_postgres(PgConnection::connect(url).await?, photos).await,
    }
}

async fn fill_sqlite(mut connection: SqliteConnection, photos: u64) -> Result<()> {
    let id = "printf('%08x-%04x-7000-8000-%012x', i / 65536, i % 65536, i)";
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {photos})");
    // Nothing of it has to outlive this process.
    for pragma in ["journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -262144"] {
        connection.execute(AssertSqlSafe(format!("PRAGMA {pragma}"))).await?;
    }
    let triggers: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            .fetch_all(&mut connection)
            .await?;
    connection.execute("BEGIN").await?;
    for (name, _) in &triggers {
        connection.execute(AssertSqlSafe(format!("DROP TRIGGER {name}"))).await?;
    }
    for statement in rows(&numbers, id) {
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    for (_, sql) in triggers {
        connection.execute(AssertSqlSafe(sql)).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(connection.close().await?)
}

async fn fill_postgres(mut connection: PgConnection, photos: u64) -> Result<()> {
    let id = "(lpad(to_hex(i / 65536), 8, '0') || '-' || lpad(to_hex(i % 65536), 4, '0') \
              || '-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid";
    let numbers = format!("WITH n (i) AS (SELECT * FROM generate_series(1, {photos}::bigint))");
    let tables = ["uploads", "photo_terms"];
    connection.execute("SET synchronous_commit = off; BEGIN").await?;
    for table in tables {
        connection.execute(AssertSqlSafe(format!("ALTER TABLE {table} DISABLE TRIGGER ALL"))).await?;
    }
    for statement in rows(&numbers, id) {
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    for table in tables {
        connection.execute(AssertSqlSafe(format!("ALTER TABLE {table} ENABLE TRIGGER ALL"))).await?;
    }
    connection.execute("COMMIT").await?;
    // What autovacuum does soon after.
    connection.execute("VACUUM ANALYZE").await.context("the new rows are not analysed")?;
    Ok(connection.close().await?)
}

fn rows(numbers: &str, id: &str) -> Vec<String> {
    let mut statements = vec![uploads(numbers, id)];
    for (kind, term, one_in) in [
        ("camera", "pixel 9", CAMERAS),
        ("tag", "roof", TAGGED),
        ("word", "cellar", RARE),
        ("word", "crack", OTHER),
        ("word", "img", 1),
        ("word", "roof", TAGGED),
    ] {
        statements.push(format!(
            "{numbers} INSERT INTO photo_terms (tenant, project, kind, term, photo, taken_local) \
             SELECT '{TENANT}', '{PROJECT}', '{kind}', '{term}', {id}, {FIRST_TAKEN_MS} + i * 1000 \
             FROM n WHERE i % {one_in} = 0"
        ));
    }
    statements.push(places(numbers, id));
    statements.push(
        "INSERT INTO photo_totals (tenant, project, status, photos) \
         SELECT tenant, project, status, count(*) FROM uploads GROUP BY tenant, project, status"
            .to_owned(),
    );
    statements.push(
        "INSERT INTO usage (tenant, holder, name, open_files, open_bytes, stored_files, stored_bytes) \
         SELECT tenant, 'tenant', '', 0, 0, count(*), sum(charged_bytes) FROM uploads GROUP BY tenant"
            .to_owned(),
    );
    statements
}

/// The squares they lie in.
fn places(numbers: &str, id: &str) -> String {
    let mut cells: Vec<(String, u64)> = (0..PARALLELS)
        .flat_map(|parallel| {
            let cells = cells_of(47.0 + parallel as f64 * 0.001, 8.5);
            cells.map(move |cell| (cell, parallel))
        })
        .collect();
    cells.sort_unstable();
    let cells: Vec<String> =
        cells.into_iter().map(|(cell, parallel)| format!("('{cell}', {parallel})")).collect();
    format!(
        "{numbers}, cells (cell, parallel) AS (VALUES {}) \
         INSERT INTO photo_terms (tenant, project, kind, term, photo, taken_local) \
         SELECT '{TENANT}', '{PROJECT}', 'place', cell, {id}, {FIRST_TAKEN_MS} + i * 1000 \
         FROM cells JOIN n ON i % {PARALLELS} = parallel ORDER BY cell, i",
        cells.join(", ")
    )
}

fn uploads(numbers: &str, id: &str) -> String {
    let variant = |name: &str, edge: u32| {
        format!(
            r#"{{"name":"{name}","media_type":"image/jpeg","size_bytes":9000,"width":{edge},"height":{edge},"is_stored":true}}"#
        )
    };
    let variants = format!("[{},{}]", variant("thumb_200", 200), variant("web_800", 800));
    let metadata = r#"{"content_type":"image/jpeg","make":"Google","model":"Pixel 9","orientation":6,"display_orientation":6,"taken_at":{"local":"2026-11-21T12:00:00","offset":"+01:00"},"width":4048,"height":3036,"exposure_time_s":0.01,"f_number":1.7,"iso":64,"focal_length_mm":6.9}"#;
    format!(
        "{numbers} INSERT INTO uploads (
            id, tenant, project, created_by, version, status, filename, media_type, size_bytes, charged_bytes, folder,
            verified_at, etag, verified_media_type, metadata, width, height, taken_at, latitude, longitude, variants,
            created_at, updated_at, deadline_at, kind, taken_local, taken_utc, terms_version)
        SELECT {id}, '{TENANT}', '{PROJECT}', CASE i % {SENDERS} WHEN 0 THEN '{SENDER}' ELSE 'crew-1' END, 3,
            CASE i % {COMPLETED} WHEN 0 THEN 'completed' ELSE 'uploaded' END,
            'roof.jpg', 'image/jpeg', 2400000, 2418000, 'acme/job-7/2026/11/21/0192f0c1-2c5d-7c1e-9f00-0123456789ab',
            {FIRST_TAKEN_MS} + i, '\"0123456789abcdef0123456789abcdef\"', 'image/jpeg', '{metadata}', 3036, 4048,
            '2026-11-21T12:00:00+01:00', 47 + (i % {PARALLELS}) * 0.001, 8.5, '{variants}', {FIRST_TAKEN_MS} + i,
            {FIRST_TAKEN_MS} + i, {FIRST_TAKEN_MS} + i, CASE i % {PICTURES} WHEN 0 THEN 'photo' ELSE 'video' END,
            {FIRST_TAKEN_MS} + i * 1000, {FIRST_TAKEN_MS} + i * 1000, {TERMS_VERSION}
        FROM n"
    )
}
