//! Pages of a project with a million photos, asked of the record itself: our statements, our driver and our
//! reading of the rows, no HTTP. Each page begins at another place, the same places in every run.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;
use windlass_presign_svc::adapters::database::{Database, DatabasePlace};
use windlass_presign_svc::domain::filter::{PageMark, PhotoFilter, TakenClock, TakenRange};
use windlass_presign_svc::ports::uploads::PhotoQuery;
use windlass_protocol::UploadStatus;
use windlass_protocol::photo::MediaKind;

use crate::token::{PROJECT, TENANT};

/// How many photos a page has: the most that may be asked for.
const PAGE: u32 = 100;
/// How many pages of each kind.
const PAGES: usize = 1000;
/// One photo in so many has the tag that is looked for.
const TAGGED: u64 = 50;
/// When the first of them was taken, in milliseconds; each a second after the one before.
const FIRST_TAKEN_MS: i64 = 1_700_000_000_000;

/// How long pages of one kind took.
pub struct PageTimes {
    /// Which database.
    pub database: &'static str,
    /// By which filter.
    pub filter: &'static str,
    /// Half took at most this, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred.
    pub p99_ms: f64,
}

/// Fills a new database and asks it.
pub async fn measure(place: &DatabasePlace, photos: u64) -> Result<Vec<PageTimes>> {
    let database = Database::open(place).await?;
    let name = match place {
        DatabasePlace::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await?;
            let ids = "printf('%08x-%04x-7000-8000-%012x', i / 65536, i % 65536, i)";
            let numbers = format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {photos})"
            );
            for statement in [
                "PRAGMA synchronous = OFF".to_owned(),
                fill(&numbers, ids),
                tag(ids, &numbers),
                "ANALYZE".to_owned(),
            ] {
                sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
            }
            "SQLite"
        }
        DatabasePlace::Postgres { url, .. } => {
            let mut connection = PgConnection::connect(url).await?;
            let ids = "(lpad(to_hex(i / 65536), 8, '0') || '-' || lpad(to_hex(i % 65536), 4, '0') \
                       || '-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid";
            let numbers = format!("WITH n (i) AS (SELECT * FROM generate_series(1, {photos}::bigint))");
            for statement in [fill(&numbers, ids), tag(ids, &numbers), "VACUUM ANALYZE".to_owned()] {
                sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
            }
            "PostgreSQL"
        }
    };
    let mut measured = Vec::new();
    for (filter_name, filter) in filters(photos) {
        let (p50_ms, p99_ms) = pages(&database, &filter, photos).await.context(filter_name)?;
        measured.push(PageTimes { database: name, filter: filter_name, p50_ms, p99_ms });
    }
    database.close().await;
    Ok(measured)
}

fn filters(photos: u64) -> [(&'static str, PhotoFilter); 5] {
    let all = PhotoFilter::default;
    let taken = TakenRange {
        clock: TakenClock::Camera,
        from_ms: Some(FIRST_TAKEN_MS),
        to_ms: Some(FIRST_TAKEN_MS + photos as i64 * 1000),
    };
    [
        ("all", all()),
        ("status", PhotoFilter { status: Some(UploadStatus::Completed), ..all() }),
        ("kind", PhotoFilter { kind: Some(MediaKind::Photo), ..all() }),
        ("taken", PhotoFilter { taken: Some(taken), ..all() }),
        ("label", PhotoFilter { tag: Some("roof".to_owned()), ..all() }),
    ]
}

async fn pages(database: &Database, filter: &PhotoFilter, photos: u64) -> Result<(f64, f64)> {
    let (tenant, project) = (TENANT.parse()?, PROJECT.parse()?);
    let uploads = database.uploads();
    let mut times_ms = Vec::with_capacity(PAGES);
    // Not in the first pages of the order, so that each is full; a fixed walk that goes everywhere.
    let room = photos.saturating_sub(u64::from(PAGE) * TAGGED * 2).max(1);
    for number in 0..PAGES as u64 {
        let i = photos - (number.wrapping_mul(2_654_435_761) % room);
        let id = format!("{:08x}-{:04x}-7000-8000-{i:012x}", i / 65536, i % 65536);
        let taken_ms = filter.taken.map(|_| FIRST_TAKEN_MS + i as i64 * 1000);
        let mark = PageMark { photo: Uuid::parse_str(&id)?.into(), taken_ms };
        let query = PhotoQuery { tenant: &tenant, project: &project, filter, after: Some(mark), limit: PAGE };
        let began = Instant::now();
        let page = uploads.list_photos(&query).await?;
        times_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        ensure!(page.photos.len() == PAGE as usize, "a page of {} photos", page.photos.len());
    }
    times_ms.sort_by(f64::total_cmp);
    Ok((times_ms[PAGES / 2], times_ms[PAGES * 99 / 100]))
}

/// Photos as the service records them, written by the database itself.
fn fill(numbers: &str, ids: &str) -> String {
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
            verified_at, etag, verified_media_type, metadata, width, height, taken_at, variants, created_at, updated_at,
            deadline_at, kind, taken_local, taken_utc, terms_version)
        SELECT {ids}, '{TENANT}', '{PROJECT}', 'crew-1', 3, CASE i % 3 WHEN 0 THEN 'completed' ELSE 'uploaded' END,
            'roof.jpg', 'image/jpeg', 2400000, 2418000, 'acme/job-7/2026/11/21/0192f0c1-2c5d-7c1e-9f00-0123456789ab',
            {FIRST_TAKEN_MS} + i, '\"0123456789abcdef0123456789abcdef\"', 'image/jpeg', '{metadata}', 3036, 4048,
            '2026-11-21T12:00:00+01:00', '{variants}', {FIRST_TAKEN_MS} + i, {FIRST_TAKEN_MS} + i, {FIRST_TAKEN_MS} + i,
            CASE i % 2 WHEN 0 THEN 'photo' ELSE 'video' END, {FIRST_TAKEN_MS} + i * 1000, {FIRST_TAKEN_MS} + i * 1000, 1
        FROM n"
    )
}

fn tag(ids: &str, numbers: &str) -> String {
    format!(
        "{numbers} INSERT INTO photo_terms SELECT '{TENANT}', '{PROJECT}', 'tag', 'roof', {ids} FROM n WHERE i % {TAGGED} = 0"
    )
}
