//! How long this line carries bytes without a break: what takes longer than that never gets through.
//!
//! Only time in which bytes were under way counts. A line of which nothing is known yet is taken for one
//! that breaks now and then, as a phone's does where it is weak; the longer it carries, the more it is trusted.

/// Assumed of a line that has shown nothing yet, in milliseconds.
const ASSUMED_MS: u64 = 30_000;

/// How long the line carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calm {
    /// Between breaks, smoothed.
    usual_ms: u64,
    /// Without a break since the last one.
    lasted_ms: u64,
    /// Time before this was counted already, or lies before the last break.
    counted_until_ms: u64,
}

impl Default for Calm {
    fn default() -> Self {
        Self { usual_ms: ASSUMED_MS, lasted_ms: 0, counted_until_ms: 0 }
    }
}

impl Calm {
    /// Bytes were under way from then until now.
    pub fn carried(&mut self, since_ms: u64, now_ms: u64) {
        self.lasted_ms += now_ms.saturating_sub(since_ms.max(self.counted_until_ms));
        self.counted_until_ms = self.counted_until_ms.max(now_ms);
    }

    /// A connection that was begun then has died now, with bytes under way. What dies together breaks once.
    pub fn broke(&mut self, since_ms: u64, now_ms: u64) {
        if since_ms < self.counted_until_ms && self.lasted_ms == 0 {
            return;
        }
        self.carried(since_ms, now_ms);
        self.usual_ms = (self.usual_ms + self.lasted_ms) / 2;
        self.lasted_ms = 0;
    }

    /// How long it can be expected to carry, in milliseconds.
    pub fn expected_ms(&self) -> u64 {
        self.usual_ms.max(self.lasted_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_lasts_is_trusted_more_and_one_that_breaks_less() {
        let mut calm = Calm::default();
        assert_eq!(calm.expected_ms(), ASSUMED_MS);
        calm.carried(0, 30_000);
        calm.carried(20_000, 60_000);
        assert_eq!(calm.expected_ms(), 60_000, "time that two PUTs share counts once");
        calm.broke(55_000, 61_000);
        for second in 0..8 {
            let at_ms = 61_000 + second * 4_000;
            calm.broke(at_ms, at_ms + 4_000);
        }
        assert!((4_000..5_000).contains(&calm.expected_ms()), "{}", calm.expected_ms());
    }

    #[test]
    fn what_dies_together_breaks_once_and_idle_time_is_no_calm() {
        let mut calm = Calm::default();
        calm.broke(0, 10_000);
        calm.broke(5_000, 10_000);
        assert_eq!(calm.expected_ms(), 20_000);
        calm.carried(3_600_000, 3_601_000);
        assert_eq!(calm.expected_ms(), 20_000);
    }
}
