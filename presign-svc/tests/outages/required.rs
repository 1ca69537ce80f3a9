//! Tests that not every machine can run.

/// Says that a test is not run, or some of it is not; where everything is to be run, that is a failure.
#[track_caller]
pub fn cannot_run(why: &str) {
    let must = std::env::var_os("WINDLASS_REQUIRE_ALL").is_some();
    assert!(!must, "not run: {why}. Change that, or unset WINDLASS_REQUIRE_ALL");
    eprintln!("skipped: {why}");
}
