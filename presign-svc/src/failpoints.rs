//! Named places where a test lets the process die, as a power cut would: nothing runs after one. Only in
//! builds with the feature `failpoints`, and there only where the environment's `FAILPOINTS` names them. Such a
//! build can be told of another time as well, so that what is due in days is due in a test.

use std::time::Duration;

/// Dies here if `FAILPOINTS` says so, such as `insert::before_commit=return` or, at the third time,
/// `insert::before_commit=2*off->return`.
#[cfg(feature = "failpoints")]
pub fn reach(name: &str) {
    let _: Option<()> = fail::eval(name, |_| std::process::abort());
}

/// Nothing: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn reach(_name: &str) {}

/// Reads `FAILPOINTS`; to be held for as long as the process runs.
#[cfg(feature = "failpoints")]
pub fn arm() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}

/// How much later it is for the service than for the machine, `CLOCK_AHEAD_HOURS` of the environment, also by what the
/// store says of the time. The store's own clock is not ahead, nor is that of whoever signs requests.
#[cfg(feature = "failpoints")]
pub fn clock_ahead() -> Duration {
    static AHEAD: std::sync::OnceLock<Duration> = std::sync::OnceLock::new();
    *AHEAD.get_or_init(|| {
        let said = std::env::var("CLOCK_AHEAD_HOURS").ok().and_then(|hours| hours.parse::<u32>().ok());
        Duration::from_secs(u64::from(said.unwrap_or_default()) * 3600)
    })
}

/// Nothing: in this build the time is what the machine says.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn clock_ahead() -> Duration {
    Duration::ZERO
}
