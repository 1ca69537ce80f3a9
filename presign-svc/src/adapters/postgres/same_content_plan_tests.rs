//! How the same photo is found again: by its content, however much its sender has sent.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::uploads::FIND_SAME;
use super::{PostgresDatabase, SESSION};
use crate::adapters::postgres_server::Postgres;

/// Photos of one sender among those of many, each with bytes of its own.
const ROWS: &str = "INSERT INTO uploads (id, tenant, project, created_by, version, status, filename, media_type,
    size_bytes, folder, verified_at, verified_checksum, variants, created_at, updated_at, deadline_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'acme', 'job-7',
    CASE WHEN i % 8 = 0 THEN 'ann' ELSE 'crew-' || i END, 1, 'uploaded', 'roof.jpg', 'image/jpeg', 4096, 'acme/job-7', 1,
    'crc64nvme:' || i, '[]', 1, 1, 1
FROM generate_series(1, 20000) AS n (i)";

#[tokio::test]
async fn the_same_photo_is_found_by_its_content_however_much_its_sender_has_sent() {
    let Some(server) = Postgres::start() else { return };
    let url = server.url("postgres");
    PostgresDatabase::connect(&url, 4).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(SESSION).await.unwrap();
    // Its triggers count row by row, in one transaction ever slower.
    connection.execute("ALTER TABLE uploads DISABLE TRIGGER USER").await.unwrap();
    connection.execute(ROWS).await.unwrap();
    connection.execute("VACUUM ANALYZE").await.unwrap();

    let prepare = format!("PREPARE same (text, text, text, text[]) AS {}", FIND_SAME.as_str());
    connection.execute(AssertSqlSafe(prepare)).await.unwrap();
    let sums: Vec<String> = (1..=100).map(|number| format!("crc64nvme:{number}")).collect();
    let ask = format!("EXPLAIN EXECUTE same ('acme', 'job-7', 'ann', ARRAY['{}'])", sums.join("', '"));
    for plans in ["force_custom_plan", "force_generic_plan"] {
        connection.execute(AssertSqlSafe(format!("SET plan_cache_mode = {plans}"))).await.unwrap();
        let lines = connection.fetch_all(AssertSqlSafe(ask.clone())).await.unwrap();
        let plan: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("photos_by_content"), "{plans}: {plan}");
        assert!(!plan.contains("photos_by_sender"), "{plans}: {plan}");
    }
}
