//! A clock that goes on only while this process runs: what a machine takes that stands still is no time of the service's.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often it goes on.
const EVERY: Duration = Duration::from_millis(50);
/// By how much at most.
const MOST: Duration = Duration::from_millis(500);

static BEGUN: Once = Once::new();
static RAN_US: AtomicU64 = AtomicU64::new(0);

/// For how long this process has run since it was first asked.
pub fn ran() -> Duration {
    BEGUN.call_once(|| {
        thread::spawn(|| {
            let mut last = Instant::now();
            loop {
                thread::sleep(EVERY);
                let now = Instant::now();
                RAN_US.fetch_add((now - last).min(MOST).as_micros() as u64, Ordering::Relaxed);
                last = now;
            }
        });
    });
    Duration::from_micros(RAN_US.load(Ordering::Relaxed))
}
