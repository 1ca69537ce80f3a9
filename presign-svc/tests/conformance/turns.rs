//! Turns on an upload among instances that share a PostgreSQL database.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::timeout;
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::ports::leases::UploadLeases as _;
use windlass_protocol::UploadId;

/// Less than the 15 seconds after which a turn ends by itself.
const SOON: Duration = Duration::from_secs(12);
/// Longer than anybody waits for a turn.
const LIMIT: Duration = Duration::from_secs(30);

fn upload() -> UploadId {
    "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap()
}

#[tokio::test]
async fn the_turn_of_an_instance_that_died_passes_on_when_its_time_is_over() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let mut dead = PgConnection::connect(&url).await.unwrap();
    let left = "INSERT INTO turns VALUES ('0192f0c1-2c5d-7c1e-9f00-0123456789ab', gen_random_uuid(), now() + interval '2 seconds') RETURNING until::text";
    let until: String = sqlx::query_scalar(left).fetch_one(&mut dead).await.unwrap();
    timeout(LIMIT, database.take(upload())).await.unwrap().unwrap();
    let is_over = sqlx::query_scalar::<_, bool>("SELECT now() >= $1::timestamptz").bind(until);
    assert!(is_over.fetch_one(&mut dead).await.unwrap(), "its time is not over");
}

#[tokio::test]
async fn a_turn_that_nobody_waits_for_any_more_is_free_again() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let one = PostgresDatabase::connect(&url, 4).await.unwrap();
    let other = PostgresDatabase::connect(&url, 4).await.unwrap();
    // The server holds the question back, so that whoever asked is gone before it is answered.
    let mut bolt = PgConnection::connect(&url).await.unwrap();
    let mut bolted = bolt.begin().await.unwrap();
    bolted.execute("LOCK TABLE turns").await.unwrap();
    let mut asking = Box::pin(one.take(upload()));
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let mut watch = PgConnection::connect(&url).await.unwrap();
    let is_waiting = async {
        while sqlx::query_scalar::<_, i64>(asked).fetch_one(&mut watch).await.unwrap() == 0 {
            assert!(futures::poll!(&mut asking).is_pending());
            watch.execute("SELECT pg_sleep(0.01)").await.unwrap();
        }
    };
    assert!(timeout(LIMIT, is_waiting).await.is_ok(), "nobody waits for the lock after {LIMIT:?}");
    drop(asking);
    bolted.rollback().await.unwrap();
    timeout(SOON, other.take(upload())).await.unwrap().unwrap();
}

#[tokio::test]
async fn turns_are_given_back_before_the_database_is_closed() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let stopping = PostgresDatabase::connect(&url, 4).await.unwrap();
    let next = PostgresDatabase::connect(&url, 4).await.unwrap();
    drop(stopping.take(upload()).await.unwrap());
    stopping.close().await;
    // One that ends by itself stays until somebody takes it.
    let mut raw = PgConnection::connect(&url).await.unwrap();
    let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM turns").fetch_one(&mut raw).await.unwrap();
    assert_eq!(left, 0);
    timeout(LIMIT, next.take(upload())).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_instances_that_died_have_left_of_their_turns_is_removed_long_after() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let mut raw = PgConnection::connect(&url).await.unwrap();
    let left = "INSERT INTO turns SELECT gen_random_uuid(), gen_random_uuid(), now() - minutes * interval '1 minute' FROM unnest(ARRAY[120, 90, 0]) AS minutes";
    raw.execute(left).await.unwrap();
    let held = database.take(upload()).await.unwrap();
    assert_eq!(database.forget_ended().await.unwrap(), 2);
    let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM turns").fetch_one(&mut raw).await.unwrap();
    assert_eq!(left, 2, "one that ended just now, and one that is held");
    drop(held);
}
