//! The laws of [`RateLimiter`].

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;
use windlass_presign_svc::domain::rate::Rate;
use windlass_presign_svc::ports::rate_limiter::{BucketKey, Draw, RateLimiter, Verdict};

type Limiter = Arc<dyn RateLimiter>;

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

fn draw(subject: &str, capacity: u32, cost: u32) -> Draw {
    let bucket = BucketKey::of_subject(&"acme".parse().unwrap(), subject);
    Draw { bucket, rate: Rate::per_minute(capacity), cost }
}

pub async fn a_bucket_gives_what_it_holds_and_what_flows_in(limiter: Limiter) {
    for _ in 0..10 {
        assert_eq!(limiter.take(&[draw("ann", 10, 1)], NOON).await, Ok(Verdict::Granted));
    }
    let wait = Verdict::Wait(Duration::from_secs(6));
    assert_eq!(limiter.take(&[draw("ann", 10, 1)], NOON).await, Ok(wait));
    assert_eq!(limiter.take(&[draw("bob", 10, 1)], NOON).await, Ok(Verdict::Granted));
    let later = NOON + Duration::from_secs(6);
    assert_eq!(limiter.take(&[draw("ann", 10, 1)], later).await, Ok(Verdict::Granted));
    assert_eq!(limiter.take(&[draw("ann", 10, 1)], later).await, Ok(wait));
}

pub async fn of_several_buckets_all_give_or_none(limiter: Limiter) {
    assert_eq!(limiter.take(&[draw("small", 1, 1)], NOON).await, Ok(Verdict::Granted));
    let both = [draw("large", 2, 2), draw("small", 1, 1)];
    assert_eq!(limiter.take(&both, NOON).await, Ok(Verdict::Wait(Duration::from_secs(60))));
    assert_eq!(limiter.take(&[draw("large", 2, 2)], NOON).await, Ok(Verdict::Granted), "nothing was taken");
}

pub async fn racing_draws_never_get_more_than_there_is<L: RateLimiter>(limiters: Vec<Arc<L>>) {
    let racers = (0..50).map(|n| {
        let limiter = limiters[n % limiters.len()].clone();
        tokio::spawn(async move { limiter.take(&[draw("racer", 20, 1)], NOON).await })
    });
    let verdicts = futures::future::join_all(racers).await;
    let granted = verdicts.into_iter().filter(|verdict| matches!(verdict, Ok(Ok(Verdict::Granted)))).count();
    assert_eq!(granted, 20);
}
