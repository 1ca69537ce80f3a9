//! How far an upload is, how fast, and how long it will take.

use std::collections::VecDeque;

use super::ProgressCounts;

/// The rate is measured over this long.
const HORIZON_MS: u64 = 8_000;
/// Before that it would only be noise.
const SOONEST_MS: u64 = 1_000;
/// The least time between two points.
const SPACING_MS: u64 = 500;

/// Bytes confirmed, handed over, and in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub confirmed_bytes: u64,
    pub sent_bytes: u64,
    pub total_bytes: u64,
}

impl Counts {
    pub fn plus(self, other: Self) -> Self {
        Self {
            confirmed_bytes: self.confirmed_bytes + other.confirmed_bytes,
            sent_bytes: self.sent_bytes + other.sent_bytes,
            total_bytes: self.total_bytes + other.total_bytes,
        }
    }

    /// Without what was counted among them before.
    pub fn minus(self, other: Self) -> Self {
        Self {
            confirmed_bytes: self.confirmed_bytes.saturating_sub(other.confirmed_bytes),
            sent_bytes: self.sent_bytes.saturating_sub(other.sent_bytes),
            total_bytes: self.total_bytes.saturating_sub(other.total_bytes),
        }
    }

    /// With rate and remaining time, as the outside sees them.
    pub fn with_rate(self, meter: &RateMeter, now_ms: u64) -> ProgressCounts {
        let rate = meter.bytes_per_s(now_ms);
        let left = self.total_bytes.saturating_sub(self.sent_bytes) as f64;
        ProgressCounts {
            confirmed_bytes: self.confirmed_bytes,
            sent_bytes: self.sent_bytes,
            total_bytes: self.total_bytes,
            rate_bytes_per_s: rate,
            remaining_ms: rate.map(|rate| left * 1_000.0 / rate),
        }
    }
}

/// Measures goodput over the last seconds. The count it is fed may fall, when bytes have to be sent again.
#[derive(Debug, Clone, Default)]
pub(super) struct RateMeter {
    points: VecDeque<(u64, u64)>,
    newest: Option<(u64, u64)>,
}

impl RateMeter {
    pub fn note(&mut self, now_ms: u64, sent_bytes: u64) {
        self.newest = Some((now_ms, sent_bytes));
        if self.points.back().is_none_or(|(at_ms, _)| now_ms >= at_ms + SPACING_MS) {
            self.points.push_back((now_ms, sent_bytes));
        }
        while self.points.get(1).is_some_and(|(at_ms, _)| at_ms + HORIZON_MS < now_ms) {
            self.points.pop_front();
        }
    }

    /// The count starts anew, for instance because a file left the queue.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// `None` while unknown, or when nothing moves.
    pub fn bytes_per_s(&self, now_ms: u64) -> Option<f64> {
        let (_, sent_bytes) = self.newest?;
        let (since_ms, before_bytes) = *self.points.front()?;
        let took_ms = now_ms.saturating_sub(since_ms);
        let moved_bytes = sent_bytes.saturating_sub(before_bytes);
        (took_ms >= SOONEST_MS && moved_bytes > 0).then(|| moved_bytes as f64 * 1_000.0 / took_ms as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut meter = RateMeter::default();
        for second in 0..20 {
            meter.note(second * 1_000, second * 1_000_000); // 1 MB/s
        }
        for step in 0..20 {
            meter.note(20_000 + step * 1_000, 20_000_000 + step * 100_000); // 0.1 MB/s
        }
        let rate = meter.bytes_per_s(39_000).unwrap();
        assert!((99_000.0..101_000.0).contains(&rate), "{rate}");
        let counts = Counts { confirmed_bytes: 0, sent_bytes: 21_900_000, total_bytes: 22_900_000 };
        let remaining = counts.with_rate(&meter, 39_000).remaining_ms.unwrap();
        assert!((9_900.0..10_100.0).contains(&remaining), "{remaining}");
    }

    #[test]
    fn nothing_is_guessed_before_a_second_or_while_nothing_moves() {
        let mut meter = RateMeter::default();
        meter.note(0, 0);
        meter.note(900, 1_000_000);
        assert_eq!(meter.bytes_per_s(900), None);
        let mut still = RateMeter::default();
        (0..30).for_each(|second| still.note(second * 1_000, 5));
        assert_eq!(still.bytes_per_s(30_000), None);
    }
}
