//! What the line carries: the goodput of all PUTs together, and how many bytes are still to come of those
//! in flight.
//!
//! Two kinds of samples. What the store has confirmed while a PUT was under way, its own bytes included
//! (the delivery rate of BBR, draft-ietf-ccwg-bbr), is exact and late. What moves while a PUT is under way
//! is early, once the first burst into the system's buffers is over.

/// Below this a PUT measures latency, not goodput.
const TELLING_BYTES: u64 = 64 * 1024;
/// By then the system's buffers are full, and what moves on moves over the network.
const BURST_MS: u64 = 1_000;
/// Bytes on the move are measured over at least this long.
const STRETCH_MS: u64 = 1_000;
/// The same for the very first estimate: a rough one soon is better than none.
const FIRST_BURST_MS: u64 = 200;
const FIRST_STRETCH_MS: u64 = 250;
/// How much one sample counts.
const WEIGHT: f64 = 0.25;
/// Goodput assumed until something was measured: 16 KiB/s, one of two connections on a 200 kbit/s link.
const ASSUMED_BYTES_PER_S: f64 = 16.0 * 1024.0;
/// The next PUT begins when those in flight have no more than this left: the line never runs dry, and
/// as little as possible is lost when the connections die.
const AHEAD_MS: u64 = 1_000;
/// So much may be ahead while nothing was measured: small pictures, but no second photo.
const AHEAD_UNMEASURED_BYTES: u64 = 64 * 1024;

/// Where a PUT was when its goodput was measured last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    at_ms: u64,
    sent_bytes: u64,
}

/// What the store confirmed of other PUTs while one was under way.
///
/// Of one that had begun before only so much is counted as it carried in the time the two shared: a photo whose last
/// bytes went beside this one does not make the line a fast one, however long this one takes.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    bytes: u64,
    earlier: Vec<Earlier>,
}

/// A PUT that had begun before and ended meanwhile.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    size_bytes: u64,
    took_ms: u64,
    /// What counts of the time it took: twice as long as the two went together. Whatever goes beside this one when it
    /// ends itself is not counted, and where PUTs take turns that is as much again.
    counted_ms: u64,
}

impl Earlier {
    fn bytes_in(self, elapsed_ms: u64) -> u64 {
        let share = elapsed_ms.min(self.counted_ms) as f64 / self.took_ms.max(1) as f64;
        (self.size_bytes as f64 * share.min(1.0)) as u64
    }
}

impl Beside {
    /// Another one was acknowledged after that long, when this one had been under way for `together_ms`.
    pub fn confirmed(&mut self, size_bytes: u64, took_ms: u64, together_ms: u64) {
        if took_ms > together_ms {
            self.earlier.push(Earlier { size_bytes, took_ms, counted_ms: together_ms.saturating_mul(2) });
        } else {
            self.bytes += size_bytes;
        }
    }

    /// Bytes of the others that the line carried in that long.
    pub fn bytes_in(&self, elapsed_ms: u64) -> u64 {
        self.bytes + self.earlier.iter().map(|put| put.bytes_in(elapsed_ms)).sum::<u64>()
    }
}

/// What is known about the line.
#[derive(Debug, Clone, Default)]
pub struct Link {
    delivered_bytes: u64,
    goodput_bytes_per_s: Option<f64>,
    /// The same, from what was confirmed: late, and hardly ever fooled by buffers.
    confirmed_bytes_per_s: Option<f64>,
}

impl Link {
    /// Bytes the store has confirmed so far, in all.
    pub fn delivered_bytes(&self) -> u64 {
        self.delivered_bytes
    }

    /// Whether anything was confirmed, so that it is known what the line carries.
    pub fn is_known(&self) -> bool {
        self.confirmed_bytes_per_s.is_some()
    }

    /// The goodput of all PUTs together, in bytes per second, once it was measured.
    pub fn goodput_bytes_per_s(&self) -> Option<f64> {
        self.goodput_bytes_per_s
    }

    /// A PUT of that many bytes was acknowledged after that long, and beside it others.
    pub fn stored(&mut self, size_bytes: u64, beside: &Beside, took_ms: u64) {
        self.delivered_bytes += size_bytes;
        let delivered = size_bytes + beside.bytes_in(took_ms);
        if delivered >= TELLING_BYTES {
            self.measured(delivered, took_ms);
        }
    }

    /// The same PUT, for those who are cautious: `handed_over_bytes` were handed over by others that are still in
    /// flight, and may have shared the line with it.
    pub fn confirmed(&mut self, size_bytes: u64, beside: &Beside, handed_over_bytes: u64, took_ms: u64) {
        let delivered = size_bytes + beside.bytes_in(took_ms);
        if delivered >= TELLING_BYTES {
            let sample = (delivered + handed_over_bytes) as f64 * 1_000.0 / took_ms.max(1) as f64;
            let known = self.confirmed_bytes_per_s.unwrap_or(sample);
            self.confirmed_bytes_per_s = Some(known + WEIGHT * (sample - known));
        }
    }

    /// The goodput of all PUTs together, in bytes per second, as far as it can be relied on: where the
    /// system's buffers are deep, what moves into them looks like goodput for a while. `most` is what it
    /// cannot exceed, given what has not been confirmed by now.
    pub fn cautious_bytes_per_s(&self, most: Option<f64>) -> Option<f64> {
        [self.goodput_bytes_per_s, self.confirmed_bytes_per_s, most].into_iter().flatten().reduce(f64::min)
    }

    /// A PUT begun at `started_ms`, one of `active` that share the line, has now handed that many bytes
    /// over. Answers the milestone to measure from the next time.
    pub fn moved(
        &mut self,
        active: usize,
        started_ms: u64,
        last: Option<Milestone>,
        now_ms: u64,
        sent_bytes: u64,
    ) -> Option<Milestone> {
        let here = Milestone { at_ms: now_ms, sent_bytes };
        let (burst_ms, stretch_ms) = match self.goodput_bytes_per_s {
            None => (FIRST_BURST_MS, FIRST_STRETCH_MS),
            Some(_) => (BURST_MS, STRETCH_MS),
        };
        match last {
            None => (now_ms >= started_ms + burst_ms).then_some(here),
            Some(last) if now_ms >= last.at_ms + stretch_ms => {
                let moved = sent_bytes.saturating_sub(last.sent_bytes) * active.max(1) as u64;
                self.measured(moved, now_ms - last.at_ms);
                Some(here)
            }
            last => last,
        }
    }

    fn measured(&mut self, bytes: u64, took_ms: u64) {
        let sample = bytes as f64 * 1_000.0 / took_ms.max(1) as f64;
        let known = self.goodput_bytes_per_s.unwrap_or(sample);
        self.goodput_bytes_per_s = Some(known + WEIGHT * (sample - known));
    }

    /// Of the bytes a PUT has handed over in that long, those that cannot have arrived yet: they lie in
    /// some buffer. It is one of `active` that share the line.
    pub fn in_buffers(&self, active: usize, elapsed_ms: u64, sent_bytes: u64) -> u64 {
        let share = self.goodput_bytes_per_s.unwrap_or(0.0) / active.max(1) as f64;
        sent_bytes.saturating_sub((share * elapsed_ms as f64 / 1_000.0) as u64)
    }

    /// Milliseconds that many bytes need on this line.
    pub fn time_for_ms(&self, bytes: u64) -> u64 {
        let rate = self.goodput_bytes_per_s.unwrap_or(ASSUMED_BYTES_PER_S).max(1.0);
        (bytes as f64 * 1_000.0 / rate) as u64
    }

    /// Bytes this line carries in that long, as far as anything is known of it.
    pub fn bytes_in(&self, ms: u64) -> u64 {
        self.goodput_bytes_per_s.map_or(0, |rate| (rate * ms as f64 / 1_000.0) as u64)
    }

    /// How many bytes of PUTs in flight may still be to come when another begins.
    pub fn ahead_bytes(&self) -> u64 {
        self.goodput_bytes_per_s
            .map_or(AHEAD_UNMEASURED_BYTES, |rate| (rate * AHEAD_MS as f64 / 1_000.0) as u64)
            .max(AHEAD_UNMEASURED_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_that_share_the_line_measure_the_whole_of_it() {
        let mut link = Link::default();
        // Two at a time at 1 MB/s in all: each takes two seconds, one ends every second.
        for second in 0..20 {
            let mut beside = Beside::default();
            beside.confirmed(1_000_000, if second == 0 { 1_000 } else { 2_000 }, 1_000);
            link.stored(1_000_000, &beside, 2_000);
        }
        let rate = link.goodput_bytes_per_s().unwrap();
        assert!((900_000.0..1_100_000.0).contains(&rate), "{rate}");
    }

    #[test]
    fn the_end_of_a_long_put_beside_a_short_one_is_not_taken_for_goodput() {
        let mut link = Link::default();
        link.stored(3_000_000, &Beside::default(), 120_000); // 25 kB/s
        let mut beside = Beside::default();
        beside.confirmed(3_000_000, 120_000, 5_000);
        link.stored(75_000, &beside, 5_000);
        let rate = link.goodput_bytes_per_s().unwrap();
        assert!((25_000.0..30_000.0).contains(&rate), "{rate}");
        let mut small = Beside::default();
        small.confirmed(100_000, 4_000, 4_000);
        assert_eq!(small.bytes_in(120_000), 100_000, "what began meanwhile counts whole");
    }

    #[test]
    fn the_end_of_a_long_put_beside_another_long_one_is_not_taken_for_goodput() {
        let mut link = Link::default();
        let alone = Beside::default();
        link.stored(3_000_000, &alone, 120_000); // 25 kB/s
        link.confirmed(3_000_000, &alone, 0, 120_000);
        // A part begins five seconds before the photo ends, and takes the line by itself for as long as it takes.
        let mut beside = Beside::default();
        beside.confirmed(3_000_000, 120_000, 5_000);
        let part = (5 * 1_024 * 1_024, 212_000);
        link.stored(part.0, &beside, part.1);
        link.confirmed(part.0, &beside, 0, part.1);
        for rate in [link.goodput_bytes_per_s, link.confirmed_bytes_per_s] {
            let rate = rate.unwrap();
            assert!((24_500.0..25_700.0).contains(&rate), "{rate}");
        }
    }

    #[test]
    fn buffers_that_fill_fast_do_not_fool_who_is_cautious() {
        let mut link = Link::default();
        link.stored(3_000_000, &Beside::default(), 12_000);
        link.confirmed(3_000_000, &Beside::default(), 0, 12_000);
        let mut milestone = None;
        for step in 0..60_u64 {
            milestone = link.moved(1, 0, milestone, step * 100, step * 200_000);
        }
        assert!(link.goodput_bytes_per_s().unwrap() > 1_000_000.0);
        assert_eq!(link.cautious_bytes_per_s(None), Some(250_000.0));
        assert_eq!(link.cautious_bytes_per_s(Some(100_000.0)), Some(100_000.0));
    }

    #[test]
    fn small_puts_measure_latency_and_are_left_out() {
        let mut link = Link::default();
        link.stored(5_000, &Beside::default(), 60);
        assert_eq!(link.goodput_bytes_per_s(), None);
    }

    #[test]
    fn the_burst_into_the_systems_buffers_is_not_taken_for_goodput() {
        let mut link = Link::default();
        let mut milestone = None;
        for step in 0..50_u64 {
            // 2.5 MB at once, then 25 kB/s.
            let (now_ms, sent_bytes) = (100 + step * 100, 2_500_000 + step * 2_500);
            milestone = link.moved(1, 0, milestone, now_ms, sent_bytes);
        }
        let drain_ms = link.time_for_ms(2_500_000);
        assert!((95_000..105_000).contains(&drain_ms), "{drain_ms}");
        assert!(link.in_buffers(1, 5_000, 2_600_000) > 2_400_000, "most of it is in buffers still");
    }

    #[test]
    fn one_second_is_ahead_and_no_second_photo_before_anything_is_known() {
        let mut link = Link::default();
        assert_eq!(link.ahead_bytes(), AHEAD_UNMEASURED_BYTES);
        link.stored(3_000_000, &Beside::default(), 2_400);
        assert_eq!(link.ahead_bytes(), 1_250_000);
    }
}
