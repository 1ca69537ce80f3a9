//! Rate limits of one instance, in its memory: gone with the process, which forgets nobody's quota.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::domain::rate::FullAt;
use crate::ports::rate_limiter::{BucketKey, Draw, RateLimiter, RateLimiterError, Verdict};

/// More buckets than this are not kept: about 10 MiB.
const MAX_BUCKETS: usize = 100_000;
/// Requests that come at once are told times a little apart; a clock that goes back by more has been set.
const SET_BACK: Duration = Duration::from_secs(60);

/// Buckets in memory.
#[derive(Debug)]
pub struct MemoryRateLimiter {
    kept: Mutex<Kept>,
    max_buckets: usize,
}

#[derive(Debug, Default)]
struct Kept {
    buckets: HashMap<BucketKey, FullAt>,
    last_draw: Option<OffsetDateTime>,
}

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self { kept: Mutex::default(), max_buckets: MAX_BUCKETS }
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, draws: &[Draw], now: OffsetDateTime) -> Result<Verdict, RateLimiterError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What was drawn while the clock was ahead would keep everybody out until it gets there again.
        if kept.last_draw.is_some_and(|last| now + SET_BACK < last) {
            kept.buckets.clear();
        }
        kept.last_draw = Some(now);
        let buckets = &mut kept.buckets;
        let mut taken = Vec::with_capacity(draws.len());
        let mut wait = Duration::ZERO;
        for draw in draws {
            match draw.rate.take(buckets.get(&draw.bucket).copied(), draw.cost, now) {
                Ok(left) => taken.push((draw.bucket.clone(), left)),
                Err(needed) => wait = wait.max(needed),
            }
        }
        if !wait.is_zero() {
            return Ok(Verdict::Wait(wait));
        }
        if buckets.len() + taken.len() > self.max_buckets {
            make_room(buckets, self.max_buckets, now);
        }
        buckets.extend(taken);
        Ok(Verdict::Granted)
    }
}

/// Forgets full buckets, which are as good as none. Where that is not enough, an attacker has filled the
/// memory with places of its own: those nearest to full go, down to half, so that this is seldom.
fn make_room(buckets: &mut HashMap<BucketKey, FullAt>, max: usize, now: OffsetDateTime) {
    buckets.retain(|_, full_at| full_at.0 > now);
    if buckets.len() < max - max / 4 {
        return;
    }
    let mut moments: Vec<FullAt> = buckets.values().copied().collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    buckets.retain(|_, full_at| *full_at > median);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rate::Rate;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn draw(subject: &str, cost: u32) -> Draw {
        let bucket = BucketKey::of_subject(&"acme".parse().unwrap(), subject);
        Draw { bucket, rate: Rate::per_minute(10), cost }
    }

    #[tokio::test]
    async fn memory_stays_bounded_and_the_heaviest_user_is_not_forgotten() {
        let limiter = MemoryRateLimiter { max_buckets: 100, ..MemoryRateLimiter::default() };
        assert_eq!(limiter.take(&[draw("greedy", 10)], NOON).await, Ok(Verdict::Granted));
        for n in 0..1000 {
            limiter.take(&[draw(&format!("s{n}"), 1)], NOON).await.unwrap();
            assert!(limiter.kept.lock().unwrap().buckets.len() <= 100);
        }
        assert!(matches!(limiter.take(&[draw("greedy", 1)], NOON).await, Ok(Verdict::Wait(_))));
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_and_is_set_back_keeps_nobody_out() {
        let limiter = MemoryRateLimiter::default();
        let ahead = NOON + Duration::from_secs(86_400);
        assert_eq!(limiter.take(&[draw("ann", 10)], ahead).await, Ok(Verdict::Granted));
        assert_eq!(limiter.take(&[draw("ann", 10)], NOON).await, Ok(Verdict::Granted));
        let a_moment_before = NOON - Duration::from_secs(1);
        assert!(matches!(limiter.take(&[draw("ann", 1)], a_moment_before).await, Ok(Verdict::Wait(_))));
    }
}
