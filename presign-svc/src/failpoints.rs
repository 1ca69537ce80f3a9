//! Named places where a test lets the process die, as a power cut would: nothing runs after one. Only in
//! builds with the feature `failpoints`, and there only where the environment's `FAILPOINTS` names them.

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
