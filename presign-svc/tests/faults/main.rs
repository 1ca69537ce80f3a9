//! The service killed in the middle of its work, as by `kill -9` or a power cut, at every place where that
//! matters: around each commit and around each call of the store. It is started again on what is left, its
//! client goes on where it was or never comes back, and nothing that was acknowledged may be lost (F41, F50 of
//! `tests/FAULTS.md`). Days later, by the service's clock, no row is open and nothing is in the bucket that is
//! nobody's: neither an object nor a multipart upload.
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

use aftermath::{Record, days_later};
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

/// So many deaths at each failpoint the fault list has; without `--long` each place is died at once.
const DEATHS: u32 = 50;

/// Whether minutes may pass (`cargo xtask test rust --long`).
fn is_long() -> bool {
    std::env::var_os("WINDLASS_LONG").is_some()
}

/// What its client does when the service is back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Afterwards {
    ComesBack,
    NeverComesBack,
}

/// Kills the service at the first time that it gets there, then at the second, and so on until its work is
/// done before it gets there so often.
async fn kill_at_each(failpoints: &[&str], afterwards: Afterwards, new_place: impl Fn() -> Option<Place>) {
    let wanted = if is_long() { DEATHS } else { 1 };
    for failpoint in failpoints {
        let mut deaths = 0;
        while deaths < wanted {
            let mut killed = 0;
            while killed < TIMES_MOST {
                let Some(place) = new_place() else { return };
                let when = if killed == 0 { "return".to_owned() } else { format!("{killed}*off->return") };
                if !survives(&place, &format!("{failpoint}={when}"), afterwards).await {
                    break;
                }
                killed += 1;
            }
            assert!((1..TIMES_MOST).contains(&killed), "{failpoint} was reached {killed} times");
            deaths += killed;
        }
        eprintln!("killed at {failpoint}, {deaths} times, and its client {afterwards:?}");
    }
}

/// Whether the service was killed. What it acknowledged is there when it is back; the rest can be done, or is
/// closed days later, and nothing is left of what is nobody's.
async fn survives(place: &Place, failpoint: &str, afterwards: Afterwards) -> bool {
    let mut client = Client::new(place);
    let mut doomed = Served::start(place, Some(failpoint));
    let finished = client.work(&doomed).await.is_ok();
    if finished {
        return false;
    }
    doomed.wait_for_its_death();
    place.outwait_the_dead().await;
    if afterwards == Afterwards::ComesBack {
        let again = Served::start(place, None);
        client.work(&again).await.unwrap_or_else(|stopped| panic!("after {failpoint}: {stopped}"));
        client.check_photos(&again).await;
        Record::read(place).await.check(&again.objects(place).await);
        again.kill();
    }
    let photos = days_later(place, failpoint).await;
    let again = Served::start(place, None);
    client.check_what_it_left(&again, &photos).await;
    again.kill();
    true
}

#[tokio::test]
async fn f41_f50_killed_at_any_commit_to_sqlite_nothing_acknowledged_is_lost() {
    kill_at_each(&COMMITS, Afterwards::ComesBack, || Some(Place::sqlite())).await;
}

#[tokio::test]
async fn f41_killed_at_any_commit_to_postgres_nothing_acknowledged_is_lost() {
    kill_at_each(&COMMITS, Afterwards::ComesBack, Place::postgres).await;
}

#[tokio::test]
async fn f41_killed_around_any_call_of_the_store_nothing_acknowledged_is_lost() {
    kill_at_each(&STORE_CALLS, Afterwards::ComesBack, || Some(Place::sqlite())).await;
}

#[tokio::test]
async fn f41_what_a_client_leaves_that_never_comes_back_is_closed_and_cleared_away_on_sqlite() {
    kill_at_each(&COMMITS, Afterwards::NeverComesBack, || Some(Place::sqlite())).await;
}

#[tokio::test]
async fn f41_what_a_client_leaves_that_never_comes_back_is_closed_and_cleared_away_on_postgres() {
    if !is_long() {
        eprintln!("skipped: minutes may pass with `cargo xtask test rust --long`");
        return;
    }
    kill_at_each(&COMMITS, Afterwards::NeverComesBack, Place::postgres).await;
}

#[tokio::test]
async fn f41_what_a_client_leaves_that_never_comes_back_is_closed_and_cleared_away_in_the_store() {
    kill_at_each(&STORE_CALLS, Afterwards::NeverComesBack, || Some(Place::sqlite())).await;
}
