//! How long to wait before trying again: capped exponential with full jitter, and the chance it needs.
//!
//! Full jitter (a uniform draw from zero to the bound) spreads clients that failed together better than
//! any other scheme: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

/// Pseudo-random numbers from a seed (SplitMix64; Steele, Lea, Flood, OOPSLA 2014). For jitter, never
/// for secrets.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same numbers.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `most`, both included.
    pub fn up_to(&mut self, most: u64) -> u64 {
        // The high half of a 128-bit product: uniform enough for jitter, and without a division.
        ((u128::from(self.next_u64()) * (u128::from(most) + 1)) >> 64) as u64
    }
}

/// Capped exponential backoff with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The bound of the first wait in milliseconds; it doubles with every failure.
    pub base_ms: u64,
    /// No wait is longer, in milliseconds, unless a server asks for it …
    pub cap_ms: u64,
    /// … or it has failed [`LONG_FAILURES`] times in a row: nobody gives up, but nobody hurries either.
    pub long_cap_ms: u64,
}

/// Failures in a row after which waits grow to the long cap: about five minutes of trying.
pub const LONG_FAILURES: u32 = 64;

impl Backoff {
    /// Milliseconds to wait after `failures` failures in a row (1 is the first). A server's
    /// `Retry-After` is a lower bound, on which the jitter is added so that clients do not return in step.
    pub fn wait_ms(&self, failures: u32, retry_after_ms: Option<u64>, chance: &mut Chance) -> u64 {
        let doublings = failures.saturating_sub(1).min(32);
        let cap_ms = if failures > LONG_FAILURES { self.long_cap_ms } else { self.cap_ms };
        let bound = self.base_ms.saturating_mul(1 << doublings).min(cap_ms);
        chance.up_to(bound).saturating_add(retry_after_ms.unwrap_or(0))
    }
}

impl Default for Backoff {
    /// From half a second to ten: whoever returns is found within ten seconds, and within a minute who was
    /// away for long.
    fn default() -> Self {
        Self { base_ms: 500, cap_ms: 10_000, long_cap_ms: 60_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_never_above() {
        let backoff = Backoff::default();
        let mut chance = Chance::from_seed(7);
        for (failures, bound) in
            [(1, 500), (2, 1_000), (4, 4_000), (6, 10_000), (64, 10_000), (1_000, 60_000)]
        {
            let waits: Vec<u64> = (0..500).map(|_| backoff.wait_ms(failures, None, &mut chance)).collect();
            assert!(waits.iter().all(|wait| *wait <= bound), "after {failures}");
            assert!(waits.iter().any(|wait| *wait > bound * 9 / 10), "after {failures}");
            assert!(waits.iter().any(|wait| *wait < bound / 10), "after {failures}");
        }
    }

    #[test]
    fn retry_after_is_a_lower_bound() {
        let mut chance = Chance::from_seed(7);
        for _ in 0..100 {
            let wait = Backoff::default().wait_ms(1, Some(7_000), &mut chance);
            assert!((7_000..=7_500).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn the_same_seed_waits_the_same() {
        let draw = |seed| {
            let mut chance = Chance::from_seed(seed);
            (1..20).map(|n| Backoff::default().wait_ms(n, None, &mut chance)).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
