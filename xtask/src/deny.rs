//! `deny.toml`, by cargo-deny: what is linked in comes from the Rust registry, under permissive licences, without
//! what is banned, and without known holes as far as the advisory database can be had.

use std::process::Stdio;

use anyhow::Result;

use crate::process::{cargo, run, say};

/// Checks what cargo-deny can check here, and says what it cannot.
pub fn check() -> Result<()> {
    let is_there = cargo().args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !is_there.is_ok_and(|status| status.success()) {
        say(
            "skipped: cargo-deny is not installed (cargo install cargo-deny); licences are checked without it",
        );
        return Ok(());
    }
    run(cargo().args(["deny", "--all-features", "check", "bans", "licenses", "sources"]))?;
    let fetched = cargo().args(["deny", "fetch", "db"]).stderr(Stdio::null()).status();
    if fetched.is_ok_and(|status| status.success()) {
        return run(cargo().args(["deny", "check", "--disable-fetch", "advisories"]));
    }
    say("skipped: the RustSec advisory database cannot be fetched from here");
    Ok(())
}
