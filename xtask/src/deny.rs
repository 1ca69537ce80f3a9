//! `deny.toml`, by cargo-deny: what is linked in comes from the Rust registry, under permissive licences, without
//! what is banned, and without known holes as far as the advisory database can be had.

use std::process::Stdio;

use anyhow::Result;

use crate::process::{command, run, say};
use crate::tools;

/// Checks what cargo-deny can check here, and says what it cannot.
pub fn check() -> Result<()> {
    let program = tools::ensure_cargo_deny()?;
    let deny = || {
        let mut command = command(&program);
        command.args(["--all-features", "--log-level", "error"]);
        command
    };
    run(deny().args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    let fetched = deny().args(["fetch", "db"]).stderr(Stdio::null()).status();
    if fetched.is_ok_and(|status| status.success()) {
        return run(deny().args(["check", "--disable-fetch", "advisories"]));
    }
    say("skipped: the RustSec advisory database cannot be fetched from here");
    Ok(())
}
