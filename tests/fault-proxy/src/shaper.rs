//! One direction of a line: so many bits per second, shared by all connections.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Whoever waited for the line asks again this much later at most, because timers are late. A line with more
/// to send does not stand still meanwhile.
const TIMERS_LATE: Duration = Duration::from_millis(5);

/// A line's direction. Whoever wants to move bytes asks until when they are on their way.
#[derive(Debug, Default)]
pub(crate) struct Shaper {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bits_per_s: Option<u64>,
    free_at: Option<Instant>,
}

impl Shaper {
    pub fn set(&self, bits_per_s: Option<u64>) {
        *self.lock() = State { bits_per_s: bits_per_s.map(|bits| bits.max(1)), free_at: None };
    }

    /// The most bytes to move at once, so that connections share the line fairly: 20 ms of it. `None`
    /// where it is unlimited.
    pub fn portion_bytes(&self) -> Option<usize> {
        self.lock().bits_per_s.map(|bits| ((bits / 8 / 50) as usize).max(256))
    }

    /// Until when the line is busy with these bytes; `None` where it is unlimited.
    pub fn busy_until(&self, bytes: usize) -> Option<Instant> {
        let mut state = self.lock();
        let bits_per_s = state.bits_per_s?;
        let now = Instant::now();
        let was_busy = |free_at: &Instant| *free_at + TIMERS_LATE > now;
        let from = state.free_at.filter(was_busy).unwrap_or(now);
        let until = from + Duration::from_secs_f64(bytes as f64 * 8.0 / bits_per_s as f64);
        state.free_at = Some(until);
        Some(until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_connection_alone_gets_all_of_the_line() {
        let line = Shaper::default();
        line.set(Some(2_000_000));
        let begun = Instant::now();
        let mut until = begun;
        for _ in 0..100 {
            until = line.busy_until(5_000).unwrap();
            // A timer that is late.
            tokio::time::advance(until - Instant::now() + Duration::from_millis(3)).await;
        }
        assert_eq!(until - begun, Duration::from_secs(2), "100 times 20 ms");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_stood_still_does_not_catch_up() {
        let line = Shaper::default();
        line.set(Some(2_000_000));
        line.busy_until(5_000);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(line.busy_until(5_000), Some(Instant::now() + Duration::from_millis(20)));
    }
}
