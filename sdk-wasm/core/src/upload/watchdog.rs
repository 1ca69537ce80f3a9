//! How long a PUT may be silent before it is taken for dead and sent again.
//!
//! Progress in a browser means "handed to the system", so a fast start may be followed by a long, honest
//! silence while buffers drain. The patience is therefore a base for silence on this link (estimated like
//! TCP's retransmission timeout, RFC 6298) plus the time the bytes handed over need at the goodput seen so
//! far. A PUT that was killed before gets twice the patience each time: slowness never kills for ever.

/// Patience for silence while nothing is known, and the most it ever is without bytes to drain.
const SILENCE_MOST_MS: u64 = 30_000;
/// The least patience: a phone changing cells is silent for a few seconds.
const SILENCE_LEAST_MS: u64 = 8_000;
/// Goodput assumed until a PUT has shown better: 16 KiB/s, one of two connections on a 200 kbit/s link.
const ASSUMED_BYTES_PER_S: f64 = 16.0 * 1024.0;
/// Draining may be this many times slower than what was seen.
const SLOWNESS: f64 = 2.0;
/// Below this a PUT measures latency, not goodput.
const TELLING_BYTES: u64 = 64 * 1024;
/// By then the system's buffers are full, and what moves on moves over the network.
const BURST_MS: u64 = 1_000;
/// Bytes on the move are measured over at least this long.
const STRETCH_MS: u64 = 1_000;

/// Where a PUT was when its goodput was measured last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    at_ms: u64,
    sent_bytes: u64,
}

/// What is known about the link.
#[derive(Debug, Clone, Default)]
pub struct Watchdog {
    gap: Option<Gap>,
    goodput_bytes_per_s: Option<f64>,
}

/// Smoothed time between two signs of life, and its deviation.
#[derive(Debug, Clone, Copy)]
struct Gap {
    smoothed_ms: f64,
    deviation_ms: f64,
}

impl Watchdog {
    /// A PUT showed progress after a silence of that long.
    pub fn heard_after(&mut self, silence_ms: u64) {
        let sample = silence_ms as f64;
        self.gap = Some(match self.gap {
            None => Gap { smoothed_ms: sample, deviation_ms: sample / 2.0 },
            Some(gap) => Gap {
                deviation_ms: 0.75 * gap.deviation_ms + 0.25 * (gap.smoothed_ms - sample).abs(),
                smoothed_ms: 0.875 * gap.smoothed_ms + 0.125 * sample,
            },
        });
    }

    /// A PUT begun at `started_ms` has now handed that many bytes over: measures what moves, past the
    /// first burst into the system's buffers. Answers the milestone to measure from the next time.
    pub fn moved(
        &mut self,
        started_ms: u64,
        last: Option<Milestone>,
        now_ms: u64,
        sent_bytes: u64,
    ) -> Option<Milestone> {
        let here = Milestone { at_ms: now_ms, sent_bytes };
        match last {
            None => (now_ms >= started_ms + BURST_MS).then_some(here),
            Some(last) if now_ms >= last.at_ms + STRETCH_MS => {
                self.measured(sent_bytes.saturating_sub(last.sent_bytes), now_ms - last.at_ms);
                Some(here)
            }
            last => last,
        }
    }

    /// A PUT of that many bytes was acknowledged after that long.
    pub fn stored(&mut self, size_bytes: u64, took_ms: u64) {
        if size_bytes >= TELLING_BYTES {
            self.measured(size_bytes, took_ms);
        }
    }

    fn measured(&mut self, bytes: u64, took_ms: u64) {
        let sample = bytes as f64 * 1_000.0 / took_ms.max(1) as f64;
        self.goodput_bytes_per_s =
            Some(self.goodput_bytes_per_s.map_or(sample, |known| 0.75 * known + 0.25 * sample));
    }

    /// Milliseconds of silence after which a PUT is dead, given how many of its bytes were handed to the
    /// system and how often it was killed for silence before.
    pub fn patience_ms(&self, sent_bytes: u64, kills: u32) -> u64 {
        let silence = match (self.goodput_bytes_per_s, self.gap) {
            (Some(_), Some(gap)) => {
                ((gap.smoothed_ms + 4.0 * gap.deviation_ms) as u64).clamp(SILENCE_LEAST_MS, SILENCE_MOST_MS)
            }
            _ => SILENCE_MOST_MS,
        };
        let drain_bytes_per_s = self.goodput_bytes_per_s.map_or(ASSUMED_BYTES_PER_S, |seen| seen / SLOWNESS);
        let drain = (sent_bytes as f64 * 1_000.0 / drain_bytes_per_s.max(1.0)) as u64;
        (silence + drain).saturating_mul(1 << kills.min(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_that_never_started_is_dead_after_thirty_seconds() {
        assert_eq!(Watchdog::default().patience_ms(0, 0), 30_000);
    }

    #[test]
    fn a_lively_link_is_watched_closely() {
        let mut watchdog = Watchdog::default();
        (0..20).for_each(|_| watchdog.heard_after(50));
        watchdog.stored(3_000_000, 2_400); // 10 Mbit/s
        assert_eq!(watchdog.patience_ms(0, 0), 8_000);
        assert!(watchdog.patience_ms(3_000_000, 0) < 18_000);
    }

    #[test]
    fn a_slow_link_is_given_time_to_drain_what_was_handed_over() {
        let mut watchdog = Watchdog::default();
        // Nothing known: 5 MiB may take five minutes …
        assert!(watchdog.patience_ms(5 * 1024 * 1024, 0) > 300_000);
        // … and at 200 kbit/s, with four of them sharing the line, longer than they need.
        watchdog.stored(5 * 1024 * 1024, 840_000);
        assert!(watchdog.patience_ms(5 * 1024 * 1024, 0) > 840_000);
    }

    #[test]
    fn the_burst_into_the_systems_buffers_is_not_taken_for_goodput() {
        let mut watchdog = Watchdog::default();
        let mut milestone = None;
        for step in 0..50_u64 {
            // 2.5 MB at once, then 25 kB/s.
            let (now_ms, sent_bytes) = (100 + step * 100, 2_500_000 + step * 2_500);
            milestone = watchdog.moved(0, milestone, now_ms, sent_bytes);
        }
        let drain_ms = watchdog.patience_ms(2_500_000, 0) - watchdog.patience_ms(0, 0);
        assert!((190_000..210_000).contains(&drain_ms), "twice the hundred seconds it takes: {drain_ms}");
    }

    #[test]
    fn whoever_was_killed_for_silence_gets_more_patience() {
        let watchdog = Watchdog::default();
        assert_eq!(watchdog.patience_ms(0, 3), 8 * watchdog.patience_ms(0, 0));
    }
}
