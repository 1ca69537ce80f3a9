//! Requests whose uploads are recorded by one statement: what is wrong with one is no matter of the others.

use std::time::Duration;

use futures::future::join;
use sqlx::{Connection as _, Executor as _, PgConnection};
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::domain::quota::Allowance;
use windlass_presign_svc::ports::uploads::{Recorded, UploadRepository as _};

use crate::uploads::{upload, upload_of};

/// Longer than a statement waits for a lock, by far.
const LIMIT: Duration = Duration::from_secs(30);
/// How many statements the service has under way at once.
const STATEMENTS: i64 = 2;

#[tokio::test]
async fn a_lookup_that_fails_for_one_request_fails_no_other() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 6).await.unwrap();
    let known = upload("known");
    database.insert(vec![known], &Allowance::default()).await.unwrap();
    let mut raw = PgConnection::connect(&url).await.unwrap();
    raw.execute("UPDATE uploads SET variants = 'unreadable'").await.unwrap();

    // While the table is locked, requests that come are recorded together afterwards.
    let mut bolt = PgConnection::connect(&url).await.unwrap();
    let mut bolted = bolt.begin().await.unwrap();
    bolted.execute("LOCK TABLE uploads").await.unwrap();
    let mut first = Vec::new();
    for number in 1..=STATEMENTS {
        let database = database.clone();
        let alone = upload_of("acme", "job-8", Some(&number.to_string()), 4096);
        first.push(tokio::spawn(async move { database.insert(vec![alone], &Allowance::default()).await }));
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        let are_waiting = async {
            while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut raw).await.unwrap() < number {
                raw.execute("SELECT pg_sleep(0.01)").await.unwrap();
            }
        };
        let came = tokio::time::timeout(LIMIT, are_waiting).await;
        assert!(came.is_ok(), "{number} statements do not wait for the lock after {LIMIT:?}");
    }
    let new = upload_of("other", "job-7", Some("new"), 4096);
    let unlimited = Allowance::default();
    let mut unlucky = Box::pin(database.insert(vec![upload("known")], &unlimited));
    let mut lucky = Box::pin(database.insert(vec![new.clone()], &unlimited));
    assert!(futures::poll!(&mut unlucky).is_pending() && futures::poll!(&mut lucky).is_pending());
    bolted.rollback().await.unwrap();

    let (unlucky, lucky) = join(unlucky, lucky).await;
    assert!(unlucky.is_err(), "{unlucky:?}");
    assert_eq!(lucky.unwrap(), [Recorded::New(new)]);
    for alone in first {
        alone.await.unwrap().unwrap();
    }
}
