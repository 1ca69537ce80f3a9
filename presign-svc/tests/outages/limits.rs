//! Redis taken away from instances that share their rate limits in it, held up, and given back.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::redis::Redis;
use crate::service::{Announced, Served, WINDLASS, program, serve};

/// What each may announce in a minute: one in a quarter of it.
const LIMIT: usize = 4;
/// So long a server that does not answer is waited for.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(redis: &Redis, data: &TempDir) -> Served {
    let mut command = program(WINDLASS);
    command.args(serve(data.path())).env("WINDLASS_REDIS_URL", redis.url());
    command.env("WINDLASS_RATE_PER_SUBJECT", LIMIT.to_string());
    Served::start(command)
}

/// How many of so many announcements there is room for.
async fn granted(service: &Served, name: &str, count: usize) -> usize {
    let mut granted = 0;
    for number in 0..count {
        match service.announce(&format!("{name}-{number}")).await {
            Announced::Recorded(_) => granted += 1,
            Announced::Limited => {}
            other => panic!("{other:?}"),
        }
    }
    granted
}

/// Waits until it says so of its limits.
async fn limits_are(service: &Served, words: &str) {
    let began = Instant::now();
    while service.health().await["rate_limits"] != words {
        assert!(began.elapsed() < PATIENCE, "{}", service.health().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn without_redis_each_instance_keeps_its_own_limits_and_goes_back_when_it_answers() {
    let Some(redis) = Redis::start() else { return };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut one, other] = folders.each_ref().map(|data| start(&redis, data));
    // The same caller, whichever instance is asked.
    assert_eq!(granted(&one, "shared", LIMIT / 2).await, LIMIT / 2);
    assert_eq!(granted(&other, "shared", LIMIT).await, LIMIT / 2);
    assert_eq!(granted(&one, "more", 1).await, 0);
    assert_eq!(one.health().await["rate_limits"], "ok");

    redis.kill();
    assert_eq!(granted(&one, "alone", LIMIT + 3).await, LIMIT, "as much as an instance alone gives");
    assert_eq!(granted(&other, "alone", LIMIT + 3).await, LIMIT);
    assert_eq!(one.health().await["rate_limits"], "alone");
    assert_eq!(one.status("/readyz").await, 200, "that is no reason to send nobody here");

    redis.up();
    limits_are(&one, "ok").await;
    limits_are(&other, "ok").await;
    assert_eq!(granted(&one, "again", LIMIT / 2).await, LIMIT / 2);
    assert_eq!(granted(&other, "again", LIMIT).await, LIMIT / 2);
    for words in ["keeps rate limits by itself", "answers again"] {
        assert_eq!(one.log().matches(words).count(), 1, "{words}: {}", one.log());
    }
    one.check_health();
}

#[tokio::test]
async fn a_redis_that_hangs_is_waited_for_once() {
    let Some(redis) = Redis::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let mut service = start(&redis, &data);
    assert_eq!(granted(&service, "before", 1).await, 1);
    redis.hold();
    let mut quickest = Duration::MAX;
    for number in 0..LIMIT {
        let began = Instant::now();
        assert_eq!(granted(&service, &format!("meanwhile-{number}"), 1).await, 1);
        quickest = quickest.min(began.elapsed());
    }
    assert!(quickest < ANSWER_LIMIT, "each waited: the quickest took {quickest:?}");
    redis.go_on();
    limits_are(&service, "ok").await;
    // Its own would give nothing more, and full ones all.
    let after = granted(&service, "after", LIMIT).await;
    assert!(
        (1..LIMIT).contains(&after),
        "{after} of the shared buckets, which remember what was taken before"
    );
    service.check_health();
}

#[tokio::test]
async fn a_service_starts_without_its_redis() {
    let Some(redis) = Redis::start() else { return };
    redis.kill();
    let data = tempfile::tempdir().unwrap();
    let service = start(&redis, &data);
    assert_eq!(granted(&service, "alone", LIMIT + 1).await, LIMIT);
    redis.up();
    limits_are(&service, "ok").await;
}
