//! Clients that hang up while PostgreSQL works for them.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _, PgConnection};
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::ports::uploads::UploadRepository as _;

use crate::uploads::upload;

/// Sooner than a statement is cancelled that takes too long (5 s).
const SOON: Duration = Duration::from_millis(4500);

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_worked_on() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let mut bolt = PgConnection::connect(&url).await.unwrap();
    let mut bolted = bolt.begin().await.unwrap();
    bolted.execute("LOCK TABLE uploads").await.unwrap();
    let mut raw = PgConnection::connect(&url).await.unwrap();
    let mut until_waiting = async |count: i64| {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut raw).await.unwrap() != count {
            raw.execute("SELECT pg_sleep(0.01)").await.unwrap();
        }
    };

    let began = Instant::now();
    let any = upload("any");
    let asking = tokio::spawn({
        let database = database.clone();
        async move { database.find(&any.facts().tenant, any.id()).await }
    });
    until_waiting(1).await;
    asking.abort();
    until_waiting(0).await;
    assert!(began.elapsed() < SOON, "it worked for nobody for {:?}", began.elapsed());
    bolted.rollback().await.unwrap();
    database.close().await;
}
