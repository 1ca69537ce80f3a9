//! How long a PUT may be silent before it is taken for dead and sent again.
//!
//! Progress in a browser means "handed to the system", so a fast start may be followed by a long, honest
//! silence while buffers drain. The patience is therefore a base for silence on this link (estimated like
//! TCP's retransmission timeout, RFC 6298) plus the time that what lies in buffers needs at the goodput seen
//! so far. A piece that was killed twice gets twice the patience from then on, and so forth: slowness never
//! kills for ever.

use super::answer_times::Smoothed;
use super::link::Link;

/// Patience for silence while nothing is known, and the most it ever is without bytes to drain.
const SILENCE_MOST_MS: u64 = 30_000;
/// The least patience: a phone changing cells is silent for a few seconds.
const SILENCE_LEAST_MS: u64 = 6_000;
/// Draining may be this many times slower than what was seen.
const SLOWNESS: u64 = 2;
/// A PUT is overdue when it stays silent for this long after its bytes should have arrived.
const OVERDUE_MS: u64 = 3_000;
/// The same while nothing is known of the line.
const OVERDUE_UNMEASURED_MS: u64 = 10_000;

/// What is known of silence on this link.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Watchdog {
    /// The time between two signs of life of a PUT.
    gap: Option<Smoothed>,
}

impl Watchdog {
    /// A PUT showed progress after a silence of that long.
    pub fn heard_after(&mut self, silence_ms: u64) {
        self.gap = Some(Smoothed::with(self.gap, silence_ms));
    }

    /// Milliseconds of silence after which another PUT may try its luck beside it. Where one that began
    /// later gets through first, the connection was dead, and not the line.
    pub fn overdue_ms(&self, link: &Link, buffered_bytes: u64) -> u64 {
        match link.goodput_bytes_per_s() {
            Some(_) => link.time_for_ms(buffered_bytes).saturating_add(OVERDUE_MS),
            None => OVERDUE_UNMEASURED_MS,
        }
    }

    /// Milliseconds of silence after which a PUT is dead, given how many bytes of all PUTs lie in buffers
    /// and how often it was killed for silence before.
    pub fn patience_ms(&self, link: &Link, buffered_bytes: u64, kills: u32) -> u64 {
        let silence = match (link.goodput_bytes_per_s(), self.gap) {
            (Some(_), Some(gap)) => gap.bound_ms().clamp(SILENCE_LEAST_MS, SILENCE_MOST_MS),
            _ => SILENCE_MOST_MS,
        };
        let drain = SLOWNESS.saturating_mul(link.time_for_ms(buffered_bytes));
        silence.saturating_add(drain).saturating_mul(1 << kills.saturating_sub(1).min(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::link::Beside;

    fn link(bytes: u64, took_ms: u64) -> Link {
        let mut link = Link::default();
        link.stored(bytes, &Beside::default(), took_ms);
        link
    }

    #[test]
    fn a_put_that_never_started_is_dead_after_thirty_seconds() {
        assert_eq!(Watchdog::default().patience_ms(&Link::default(), 0, 0), 30_000);
    }

    #[test]
    fn a_lively_link_is_watched_closely() {
        let mut watchdog = Watchdog::default();
        (0..20).for_each(|_| watchdog.heard_after(50));
        let link = link(3_000_000, 2_400); // 10 Mbit/s
        assert_eq!(watchdog.patience_ms(&link, 0, 0), 6_000);
        assert!(watchdog.patience_ms(&link, 1_000_000, 0) < 8_000);
    }

    #[test]
    fn a_slow_link_is_given_time_to_drain_what_was_handed_over() {
        let watchdog = Watchdog::default();
        // Nothing known: 5 MiB may take five minutes …
        assert!(watchdog.patience_ms(&Link::default(), 5 * 1024 * 1024, 0) > 300_000);
        // … and at 200 kbit/s, with four of them sharing the line, longer than they need.
        let four = link(4 * 5 * 1024 * 1024, 840_000);
        assert!(watchdog.patience_ms(&four, 4 * 5 * 1024 * 1024, 0) > 840_000);
    }

    #[test]
    fn what_is_killed_for_silence_again_and_again_gets_more_patience() {
        let (watchdog, link) = (Watchdog::default(), Link::default());
        let times = |kills| watchdog.patience_ms(&link, 0, kills) / watchdog.patience_ms(&link, 0, 0);
        assert_eq!([0, 1, 2, 3, 4].map(times), [1, 1, 2, 4, 8]);
    }
}
