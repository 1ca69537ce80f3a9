//! Clients that hang up while PostgreSQL works for them.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _, PgConnection};
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::ports::uploads::UploadRepository as _;

use crate::uploads::upload;

/// Sooner than a statement is cancelled that takes too long (5 s).
const SOON: Duration = Duration::from_millis(4500);
/// Longer than that.
const LIMIT: Duration = Duration::from_secs(30);
/// A machine that stands still takes longer than that now and then, but not each time.
const ATTEMPTS: usize = 5;

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_worked_on() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let mut bolt = PgConnection::connect(&url).await.unwrap();
    let mut bolted = bolt.begin().await.unwrap();
    bolted.execute("LOCK TABLE uploads").await.unwrap();
    let mut raw = PgConnection::connect(&url).await.unwrap();
    let mut are_waiting = async |count: i64, limit: Duration| {
        let began = Instant::now();
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut raw).await.unwrap() != count {
            if began.elapsed() > limit {
                return false;
            }
            raw.execute("SELECT pg_sleep(0.01)").await.unwrap();
        }
        true
    };

    let any = upload("any");
    let mut took = Vec::new();
    while took.len() < ATTEMPTS {
        let began = Instant::now();
        let asking = tokio::spawn({
            let (database, tenant, id) = (database.clone(), any.facts().tenant.clone(), any.id());
            async move { database.find(&tenant, id).await }
        });
        let was_asked = are_waiting(1, SOON).await;
        asking.abort();
        assert!(are_waiting(0, LIMIT).await, "statements that nobody waits for still do after {LIMIT:?}");
        if was_asked && began.elapsed() < SOON {
            break;
        }
        took.push(began.elapsed());
    }
    assert!(took.len() < ATTEMPTS, "it worked for nobody for {took:?}");
    bolted.rollback().await.unwrap();
    database.close().await;
}
