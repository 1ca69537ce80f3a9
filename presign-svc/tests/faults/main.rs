//! The service killed in the middle of its work, as by `kill -9` or a power cut, at every place where that
//! matters: around each commit and around each call of the store. It is started again on what is left, its
//! client goes on where it was, and nothing that was acknowledged may be lost (F41, F50 of `tests/FAULTS.md`).
//!
//! Needs a build with the feature `failpoints`: `cargo xtask test rust` makes one for this.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod aftermath;
mod client;
mod service;

#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../conformance/postgres_server.rs"]
mod postgres_server;

use aftermath::Record;
use client::Client;
use service::{Place, Served};

/// Around the commits of the record.
const COMMITS: [&str; 4] =
    ["insert::before_commit", "insert::after_commit", "save::before_commit", "save::after_commit"];
/// Around the calls that change the store.
const STORE_CALLS: [&str; 14] = [
    "create_multipart::before",
    "create_multipart::after",
    "complete_multipart::before",
    "complete_multipart::after",
    "abort_multipart::before",
    "abort_multipart::after",
    "put::before",
    "put::after",
    "upload_part::before",
    "upload_part::after",
    "copy_part::before",
    "copy_part::after",
    "delete::before",
    "delete::after",
];
/// More often than a client's work reaches any of them.
const TIMES_MOST: u32 = 40;

/// Kills the service at the first time that it gets there, then at the second, and so on until its work is
/// done before it gets there so often.
async fn kill_at_each(failpoints: &[&str], new_place: impl Fn() -> Option<Place>) {
    for failpoint in failpoints {
        let mut killed = 0;
        while killed < TIMES_MOST {
            let Some(place) = new_place() else { return };
            let when = if killed == 0 { "return".to_owned() } else { format!("{killed}*off->return") };
            if !survives(&place, &format!("{failpoint}={when}")).await {
                break;
            }
            killed += 1;
        }
        assert!((1..TIMES_MOST).contains(&killed), "{failpoint} was reached {killed} times");
        eprintln!("killed at {failpoint}, {killed} times");
    }
}

/// Whether the service was killed. What it acknowledged is there when it is back, and the rest can be done.
async fn survives(place: &Place, failpoint: &str) -> bool {
    let mut client = Client::new(place);
    let mut doomed = Served::start(place, Some(failpoint));
    let finished = client.work(&doomed).await.is_ok();
    if finished {
        return false;
    }
    doomed.wait_for_its_death();
    place.outwait_the_dead().await;
    let again = Served::start(place, None);
    client.work(&again).await.unwrap_or_else(|stopped| panic!("after {failpoint}: {stopped}"));
    client.check_photos(&again).await;
    Record::read(place).await.check(&again.objects(place).await);
    again.kill();
    true
}

#[tokio::test]
async fn f41_f50_killed_at_any_commit_to_sqlite_nothing_acknowledged_is_lost() {
    kill_at_each(&COMMITS, || Some(Place::sqlite())).await;
}

#[tokio::test]
async fn f41_killed_at_any_commit_to_postgres_nothing_acknowledged_is_lost() {
    kill_at_each(&COMMITS, Place::postgres).await;
}

#[tokio::test]
async fn f41_killed_around_any_call_of_the_store_nothing_acknowledged_is_lost() {
    kill_at_each(&STORE_CALLS, || Some(Place::sqlite())).await;
}
