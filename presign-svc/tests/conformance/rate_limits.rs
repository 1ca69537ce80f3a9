//! The laws of [`RateLimiter`], in real time: buckets that instances share go by the clock of whoever keeps them. They
//! take a day to fill, so that next to nothing flows in while a law runs.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use windlass_presign_svc::domain::rate::Rate;
use windlass_presign_svc::ports::rate_limiter::{BucketKey, Draw, RateLimiter, Verdict};

type Limiter = Arc<dyn RateLimiter>;

const DAY: u64 = 86_400;

fn draw(subject: &str, capacity: u32, cost: u32) -> Draw {
    let bucket = BucketKey::of_subject(&"acme".parse().unwrap(), subject);
    Draw { bucket, rate: Rate::per_day(capacity), cost }
}

async fn take(limiter: &dyn RateLimiter, draws: &[Draw]) -> Verdict {
    limiter.take(draws, OffsetDateTime::now_utc()).await.unwrap()
}

/// Whether it is so long, less what has flowed in meanwhile.
fn is_wait_of(seconds: u64, verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Wait(wait) if (seconds - 60..=seconds).contains(&wait.as_secs()))
}

pub async fn a_bucket_gives_what_it_holds_and_what_flows_in(limiter: Limiter) {
    for _ in 0..10 {
        assert_eq!(take(&*limiter, &[draw("ann", 10, 1)]).await, Verdict::Granted);
    }
    let refused = take(&*limiter, &[draw("ann", 10, 1)]).await;
    assert!(is_wait_of(DAY / 10, refused), "{refused:?}");
    assert_eq!(take(&*limiter, &[draw("bob", 10, 1)]).await, Verdict::Granted);
    let refill = Duration::from_millis(200);
    let quick = [Draw { rate: Rate { capacity: 1, refill }, ..draw("quick", 1, 1) }];
    assert_eq!(take(&*limiter, &quick).await, Verdict::Granted);
    while let Verdict::Wait(wait) = take(&*limiter, &quick).await {
        assert!(wait <= refill, "{wait:?}");
        tokio::time::sleep(wait).await;
    }
}

pub async fn of_several_buckets_all_give_or_none(limiter: Limiter) {
    assert_eq!(take(&*limiter, &[draw("small", 1, 1)]).await, Verdict::Granted);
    let refused = take(&*limiter, &[draw("large", 2, 2), draw("small", 1, 1)]).await;
    assert!(is_wait_of(DAY, refused), "{refused:?}");
    assert_eq!(take(&*limiter, &[draw("large", 2, 2)]).await, Verdict::Granted, "nothing was taken");
}

pub async fn racing_draws_never_get_more_than_there_is<L: RateLimiter>(limiters: Vec<Arc<L>>) {
    let racers = (0..50).map(|n| {
        let limiter = limiters[n % limiters.len()].clone();
        tokio::spawn(async move { take(&*limiter, &[draw("racer", 20, 1)]).await })
    });
    let verdicts = futures::future::join_all(racers).await;
    let granted = verdicts.into_iter().filter(|verdict| matches!(verdict, Ok(Verdict::Granted))).count();
    assert_eq!(granted, 20);
}

/// Of those that instances share.
pub async fn an_instance_whose_clock_is_wrong_neither_locks_anybody_out_nor_gets_more(limiter: Limiter) {
    let now = OffsetDateTime::now_utc();
    let two_days = Duration::from_secs(2 * DAY);
    for moment in [now + two_days, now, now - two_days, now + two_days] {
        assert_eq!(limiter.take(&[draw("skewed", 4, 1)], moment).await, Ok(Verdict::Granted));
    }
    for moment in [now, now + two_days, now - two_days] {
        let refused = limiter.take(&[draw("skewed", 4, 1)], moment).await.unwrap();
        assert!(is_wait_of(DAY / 4, refused), "{refused:?}");
    }
}
