//! The arrows of the architecture, checked on the dependency graph.

use anyhow::{Result, bail};

use crate::process::{cargo, output_of};

/// Crates with a clock, a network, a DOM or a database: the pure crates may not reach them.
const IMPURE: [&str; 10] = [
    "tokio",
    "hyper",
    "reqwest",
    "web-sys",
    "js-sys",
    "wasm-bindgen",
    "getrandom",
    "sqlx",
    "axum",
    "aws-sdk-s3",
];
const PURE_CRATES: [&str; 4] = ["windlass-core", "windlass-planar", "windlass-protocol", "windlass-signing"];

/// Fails when a pure crate depends on one that acts.
pub fn check() -> Result<()> {
    for pure in PURE_CRATES {
        let tree = output_of(cargo().args([
            "tree",
            "--locked",
            "--package",
            pure,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--all-features",
            "--target",
            "wasm32-unknown-unknown",
        ]))?;
        let reached: Vec<&str> = tree
            .lines()
            .filter_map(|line| line.split(' ').next())
            .filter(|name| IMPURE.contains(name))
            .collect();
        if !reached.is_empty() {
            bail!("{pure} must stay pure, but depends on {reached:?}");
        }
    }
    Ok(())
}
