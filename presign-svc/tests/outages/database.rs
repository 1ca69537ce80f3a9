//! PostgreSQL killed under load, away, and held up by somebody's lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::sync::Notify;

use crate::document::Page;
use crate::postgres::Postgres;
use crate::running::ran;
use crate::service::{Announced, Served, WINDLASS, is_long, program, serve};

/// How soon it works again once the database does (F48).
const RECOVERY: Duration = Duration::from_secs(5);
/// The same after it was away, or stuck, for long (F23, F49).
const RECOVERY_AFTER_LONG: Duration = Duration::from_secs(10);
/// How long that is, where there is time for it.
const AWAY: Duration = Duration::from_secs(60);
/// The longest a request waits for the database: the queue's limit, and what is around it.
const PATIENCE: Duration = Duration::from_secs(13);
const CLIENTS: usize = 8;

fn start(postgres: &Postgres, data: &tempfile::TempDir) -> Served {
    let mut command = program(WINDLASS);
    command.args(serve(data.path())).env("WINDLASS_DATABASE_URL", postgres.url("postgres"));
    Served::start(command)
}

#[tokio::test]
async fn f48_postgres_killed_under_load_loses_nothing_acknowledged_and_is_found_again() {
    let Some(postgres) = Postgres::start().map(Arc::new) else { return };
    let data = tempfile::tempdir().unwrap();
    let mut service = start(&postgres, &data);
    let page = Page::announce(&service, "before").await;
    let (count, more, stop) = (AtomicUsize::new(0), Notify::new(), AtomicBool::new(false));
    let clients = join_all((0..CLIENTS).map(|client| {
        let (service, count, more, stop) = (&service, &count, &more, &stop);
        async move {
            let mut recorded = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                recorded.push(service.announce_at_last(&format!("{client}-{}", recorded.len())).await);
                count.fetch_add(1, Ordering::Relaxed);
                more.notify_waiters();
            }
            recorded
        }
    }));
    let grown_by = async |by: usize| {
        let goal = count.load(Ordering::Relaxed) + by;
        while count.load(Ordering::Relaxed) < goal {
            more.notified().await;
        }
    };
    let mut recoveries = Vec::new();
    let kills = async {
        for _ in 0..3 {
            grown_by(100).await;
            let postgres = postgres.clone();
            let killed = tokio::task::spawn_blocking(move || {
                assert!(postgres.kill());
                postgres.up();
            });
            killed.await.unwrap();
            let up = ran();
            // Those that were under way when it died may be answered first.
            grown_by(2 * CLIENTS).await;
            recoveries.push(ran() - up);
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (recorded, ()) = tokio::join!(clients, kills);
    eprintln!("found again after {recoveries:?}");
    assert!(recoveries.iter().all(|recovery| *recovery < RECOVERY), "{recoveries:?}");
    let recorded: Vec<String> = recorded.concat();
    service.check_recorded(&recorded).await;
    page.check_becomes_the_only_photo(&service).await;
    service.check_health();
}

#[tokio::test]
async fn f49_while_postgres_is_away_everybody_is_told_to_come_again_and_it_is_found_again() {
    let Some(postgres) = Postgres::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let mut service = start(&postgres, &data);
    let before = service.announce_at_last("before").await;
    let page = Page::announce(&service, "page").await;
    assert_eq!(service.status("/readyz").await, 200);
    assert!(postgres.kill());
    let gone = Instant::now();
    for number in 0.. {
        if number >= 3 && !(is_long() && gone.elapsed() < AWAY) {
            break;
        }
        let began = ran();
        let announced = service.announce(&format!("meanwhile-{number}")).await;
        assert!(matches!(announced, Announced::Later), "{announced:?}");
        assert!(ran() - began < PATIENCE, "it took {:?}", ran() - began);
    }
    assert_eq!((service.status("/healthz").await, service.status("/readyz").await), (200, 503));
    service.check_refusals(&before).await;
    postgres.up();
    let up = ran();
    let after = service.announce_at_last("meanwhile-0").await;
    assert!(ran() - up < RECOVERY_AFTER_LONG, "it took {:?}", ran() - up);
    assert_eq!(service.status("/readyz").await, 200);
    service.check_recorded(&[before, after]).await;
    page.check_becomes_the_only_photo(&service).await;
    service.check_health();
}

#[tokio::test]
async fn f51_behind_a_lock_nobody_waits_for_ever_and_nobody_is_stuck_when_it_is_gone() {
    let Some(postgres) = Postgres::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let service = Arc::new(start(&postgres, &data));
    let page = Page::announce(&service, "page").await;
    let mut administrator = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    let lock = "BEGIN; LOCK TABLE uploads IN ACCESS EXCLUSIVE MODE";
    let names: Vec<String> = (0..50).map(|number| format!("photo-{number}")).collect();

    // Slow: two seconds, which a request can wait.
    administrator.execute(lock).await.unwrap();
    let slow = tokio::spawn({
        let service = service.clone();
        async move { service.announce("slow").await }
    });
    administrator.execute("SELECT pg_sleep(2)").await.unwrap();
    administrator.execute("COMMIT").await.unwrap();
    let Announced::Recorded(held) = slow.await.unwrap() else { panic!("two seconds were not waited for") };

    // Stuck: every connection of the pool waits for the lock, and more requests than there are connections.
    administrator.execute(lock).await.unwrap();
    let began = ran();
    let refused = join_all(names.iter().map(|name| service.announce(name))).await;
    assert!(refused.iter().all(|announced| matches!(announced, Announced::Later)), "{refused:?}");
    assert!(ran() - began < 2 * PATIENCE, "it took {:?}", ran() - began);
    assert_eq!(service.status("/healthz").await, 200);
    service.check_refusals(&held).await;
    administrator.execute("ROLLBACK").await.unwrap();
    let free = ran();
    let recorded = join_all(names.iter().map(|name| service.announce_at_last(name))).await;
    assert!(ran() - free < RECOVERY_AFTER_LONG, "it took {:?}", ran() - free);
    service.check_recorded(&recorded).await;
    page.check_becomes_the_only_photo(&service).await;
    Arc::into_inner(service).unwrap().check_health();
}
