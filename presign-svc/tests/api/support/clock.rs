//! The machine's clock, moved on or stopped by the test: URLs must be valid for the real store, deadlines must pass.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use windlass_presign_svc::ports::clock::Clock;

/// It began with the machine's, and is not set when that is.
pub struct MovableClock {
    began: (OffsetDateTime, Instant),
    moved: Mutex<Moved>,
}

#[derive(Default)]
struct Moved {
    ahead: Duration,
    stopped: Option<Instant>,
}

impl Default for MovableClock {
    fn default() -> Self {
        Self { began: (OffsetDateTime::now_utc(), Instant::now()), moved: Mutex::default() }
    }
}

impl MovableClock {
    pub fn advance(&self, by: Duration) {
        self.moved.lock().unwrap().ahead += by;
    }

    /// From now on only [`advance`](Self::advance) moves it: for what a slow machine would have time flow into.
    pub fn stop(&self) {
        self.moved.lock().unwrap().stopped.get_or_insert_with(Instant::now);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> OffsetDateTime {
        let (wall, began) = self.began;
        let moved = self.moved.lock().unwrap();
        wall + moved.stopped.unwrap_or_else(Instant::now).duration_since(began) + moved.ahead
    }
}
