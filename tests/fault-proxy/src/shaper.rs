//! One direction of a line: so many bits per second, shared by all connections.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

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
        let from = state.free_at.map_or(now, |free_at| free_at.max(now));
        let until = from + Duration::from_secs_f64(bytes as f64 * 8.0 / bits_per_s as f64);
        state.free_at = Some(until);
        Some(until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
