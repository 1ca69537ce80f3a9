//! The programs of ours that tests and benches start.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{cargo, run, say};
use crate::{demo, workspace};

/// Builds those that tests start, with the features that their libraries have in `cargo test --workspace`: what that
/// has built is not built once more.
pub fn build_for_tests() -> Result<()> {
    say("building the programs that tests start");
    // The programs of a package are built with its integration tests: one of the service's, of the store's and of the
    // fault proxy's.
    let some = ["--test", "cli", "--test", "memory", "--test", "proxy"];
    run(cargo().args(["test", "--no-run", "--quiet", "--locked", "--workspace"]).args(some))
}

/// Builds the fault proxy.
pub fn build_fault_proxy(profile: &str) -> Result<()> {
    say("building the fault proxy");
    let what = ["build", "--quiet", "--locked", "--package", "windlass-fault-proxy", "--profile", profile];
    run(cargo().args(what))
}

/// Builds what makes a program's wall clock wrong and returns where it is.
pub fn build_shifted_clock() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--locked", "--package", "windlass-shifted-clock"]))?;
    Ok(workspace::target_dir().join("debug/libshifted_clock.so"))
}

/// Where the fault proxy is.
pub fn fault_proxy(profile: &str) -> PathBuf {
    demo::service_binary(profile).with_file_name("fault-proxy")
}

/// Where the store is that is a process of its own.
pub fn store_process() -> PathBuf {
    demo::service_binary("dev").with_file_name("store-process")
}
