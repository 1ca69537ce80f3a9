//! Which parts a file is wished to go in, by what the line carries: a part should take a few seconds. Smaller ones
//! cost requests that bring nothing; larger ones lose too much when the connection dies, and keep the last bytes of
//! a file waiting for one connection.
//!
//! It is said once, when the file is announced; the service holds it to S3's rules and records what it chose.

use windlass_protocol::part_plan::{MIN_PART_SIZE_BYTES, SINGLE_PUT_MAX_BYTES};

use super::engine::Engine;

/// A part should take about this long on its connection, in milliseconds.
const PART_MS: u64 = 4_000;
/// So many parts for each connection at least: all are busy until shortly before the end.
const PARTS_PER_CONNECTION: u64 = 4;
/// Until so much was confirmed, what was measured is latency and buffers.
const TELLING_BYTES: u64 = 1024 * 1024;

impl Engine {
    /// The part size to wish for; `None` where the service's own plan is as good.
    pub(super) fn part_size_wish(&self, size_bytes: u64) -> Option<u64> {
        if size_bytes <= SINGLE_PUT_MAX_BYTES {
            return None;
        }
        if self.window.is_bad(self.now_ms) {
            return Some(MIN_PART_SIZE_BYTES);
        }
        if self.link.delivered_bytes() < TELLING_BYTES {
            return None;
        }
        let goodput = self.link.cautious_bytes_per_s(None)?;
        Some(comfortable_part_bytes(size_bytes, goodput, u64::from(self.window.limit())))
    }
}

/// For a line that carries so many bytes per second over so many connections together.
fn comfortable_part_bytes(size_bytes: u64, goodput_bytes_per_s: f64, connections: u64) -> u64 {
    let connections = connections.max(1);
    let in_time = goodput_bytes_per_s * PART_MS as f64 / 1_000.0 / connections as f64;
    let for_all = size_bytes / (connections * PARTS_PER_CONNECTION);
    (in_time as u64).min(for_all).max(MIN_PART_SIZE_BYTES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use windlass_protocol::PartPlan;
    use windlass_protocol::part_plan::{MAX_OBJECT_SIZE_BYTES, MIB};

    use super::*;

    const GIB: u64 = 1024 * MIB;

    #[test]
    fn slow_lines_get_the_smallest_parts_and_fast_ones_larger_ones() {
        let of_a_film =
            |bits_per_s: f64, connections| comfortable_part_bytes(GIB, bits_per_s / 8.0, connections) / MIB;
        assert_eq!(of_a_film(200e3, 1), 5);
        assert_eq!(of_a_film(10e6, 2), 5);
        assert_eq!(of_a_film(100e6, 6), 7);
        assert_eq!(of_a_film(300e6, 6), 23);
        assert_eq!(of_a_film(10e9, 6), 42, "four for each connection");
        assert_eq!(comfortable_part_bytes(6 * MIB, 1e9, 6), MIN_PART_SIZE_BYTES);
        assert_eq!(comfortable_part_bytes(GIB, f64::NAN, 0), MIN_PART_SIZE_BYTES);
        assert_eq!(comfortable_part_bytes(GIB, f64::INFINITY, 0), GIB / 4);
    }

    proptest! {
        #[test]
        fn whatever_the_line_a_part_takes_seconds_where_s3_leaves_the_choice(
            size_bytes in SINGLE_PUT_MAX_BYTES + 1..=MAX_OBJECT_SIZE_BYTES,
            goodput in 1.0..1e11_f64,
            connections in 1..=16_u64,
        ) {
            let wish = comfortable_part_bytes(size_bytes, goodput, connections);
            let part = PartPlan::preferring(size_bytes, wish).unwrap().part_size_bytes();
            let takes_ms = part as f64 * connections as f64 * 1_000.0 / goodput;
            let is_least = PartPlan::preferring(size_bytes, 0).unwrap().part_size_bytes() == part;
            prop_assert!(takes_ms <= PART_MS as f64 * 1.001 || is_least, "{takes_ms} ms");
        }
    }
}
