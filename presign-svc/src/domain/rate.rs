//! How fast somebody may ask: the generic cell rate algorithm (ITU-T I.371, Annex A), a leaky bucket that
//! is one moment per key and one comparison per request. No clock: time is an argument.

use std::time::Duration;

use time::OffsetDateTime;

/// How much a bucket holds, and how fast it fills up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// What a full bucket holds.
    pub capacity: u32,
    /// How long an empty one takes to be full.
    pub refill: Duration,
}

/// What is left of a bucket: the moment at which it is full again. In the past, it is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FullAt(pub OffsetDateTime);

impl Rate {
    /// So many in each minute.
    pub const fn per_minute(capacity: u32) -> Self {
        Self { capacity, refill: Duration::from_secs(60) }
    }

    /// So many in each day.
    pub const fn per_day(capacity: u32) -> Self {
        Self { capacity, refill: Duration::from_secs(86_400) }
    }

    /// Takes `cost` out of a bucket, or says how long to wait until it is in it. What costs more than a
    /// full bucket holds is given by a full one, which then takes longer to fill: nobody waits for ever,
    /// and nobody gets more than the rate.
    pub fn take(self, bucket: Option<FullAt>, cost: u32, now: OffsetDateTime) -> Result<FullAt, Duration> {
        let full_at = bucket.map_or(now, |FullAt(moment)| moment.max(now));
        let missing = (full_at - now).unsigned_abs();
        let needed = self.needed_for(cost);
        match (missing + needed).checked_sub(self.refill) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(FullAt(full_at + self.time_for(cost))),
        }
    }

    /// What must be in a bucket for it to give this much, as the time it takes to flow in.
    pub fn needed_for(self, cost: u32) -> Duration {
        self.time_for(cost.min(self.capacity))
    }

    /// How long this much takes to flow in.
    pub fn time_for(self, amount: u32) -> Duration {
        let nanos = self.refill.as_nanos() * u128::from(amount) / u128::from(self.capacity.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn a_full_bucket_gives_its_capacity_and_then_what_flows_in() {
        let rate = Rate::per_minute(100);
        let mut bucket = None;
        for _ in 0..100 {
            bucket = Some(rate.take(bucket, 1, NOON).unwrap());
        }
        assert_eq!(rate.take(bucket, 1, NOON), Err(Duration::from_millis(600)));
        assert_eq!(rate.take(bucket, 50, NOON), Err(Duration::from_secs(30)));
        let later = NOON + Duration::from_secs(30);
        assert!(rate.take(bucket, 50, later).is_ok() && rate.take(bucket, 51, later).is_err());
        assert!(rate.take(bucket, 100, NOON + Duration::from_secs(60)).is_ok());
    }

    #[test]
    fn a_request_larger_than_the_bucket_waits_for_a_full_one_and_pays_it_all() {
        let rate = Rate::per_minute(10);
        let paid = rate.take(None, 30, NOON).unwrap();
        assert_eq!(paid, FullAt(NOON + Duration::from_secs(180)));
        assert_eq!(rate.take(Some(paid), 1, NOON), Err(Duration::from_secs(126)));
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_longer_than_its_step() {
        let rate = Rate::per_minute(10);
        let paid = rate.take(None, 10, NOON).unwrap();
        let before = NOON - Duration::from_secs(5);
        assert_eq!(rate.take(Some(paid), 1, before), Err(Duration::from_secs(11)));
    }
}
