//! The machine's clock, moved on by the test: URLs must be valid for the real store, deadlines must pass.

use std::sync::Mutex;
use std::time::Duration;

use time::OffsetDateTime;
use windlass_presign_svc::ports::clock::Clock;

#[derive(Default)]
pub struct MovableClock {
    ahead: Mutex<Duration>,
}

impl MovableClock {
    pub fn advance(&self, by: Duration) {
        *self.ahead.lock().unwrap() += by;
    }
}

impl Clock for MovableClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + *self.ahead.lock().unwrap()
    }
}
