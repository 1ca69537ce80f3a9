//! How long a file may keep the pipeline busy, however many other tests share the machine.

use std::time::{Duration, Instant};

/// No file may hang the worker for longer.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Measures what this thread works: by the kernel's account where there is one, else by the clock.
pub struct Work {
    since: Instant,
    worked: Option<Duration>,
}

impl Work {
    // The core has no clock; its tests do.
    #[allow(clippy::disallowed_methods)]
    pub fn begin() -> Self {
        Self { since: Instant::now(), worked: worked() }
    }

    pub fn so_far(&self) -> Duration {
        self.worked.and_then(|before| Some(worked()? - before)).unwrap_or_else(|| self.since.elapsed())
    }
}

/// What this thread has worked since it began: the first number, in nanoseconds, of what Linux tells.
fn worked() -> Option<Duration> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(statistics.split(' ').next()?.parse().ok()?))
}
