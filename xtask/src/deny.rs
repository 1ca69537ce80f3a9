//! `deny.toml`, by cargo-deny: what is linked in comes from the Rust registry, under permissive licences, without
//! what is banned, and without known holes as far as the advisory database can be had.

use anyhow::{Context as _, Result, bail};

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
    // Git speaks English then.
    let fetched = deny().args(["fetch", "db"]).env("LC_ALL", "C").output();
    let fetched = fetched.context("could not start `cargo-deny fetch db`")?;
    if fetched.status.success() {
        return run(deny().args(["check", "--disable-fetch", "advisories"]));
    }
    let says = String::from_utf8_lossy(&fetched.stderr);
    if !is_out_of_reach(&says) {
        bail!("`cargo-deny fetch db` failed ({}): {}", fetched.status, says.trim());
    }
    say("skipped: the RustSec advisory database cannot be fetched from here");
    Ok(())
}

/// Whether git could not reach the database, as its own words say: whatever else went wrong is ours to mend.
fn is_out_of_reach(says: &str) -> bool {
    let fetches = says.contains("failed to fetch advisory database");
    fetches && ["unable to access", "RPC failed"].iter().any(|words| says.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_database_out_of_reach_is_skipped() {
        let failed = "[ERROR] failed to fetch database: failed to fetch advisory database \
            https://github.com/RustSec/advisory-db with cli: failed to clone: [\"clone\", \"--depth=1\"]";
        let git = "fatal: unable to access 'https://github.com/RustSec/advisory-db/': Could not resolve host: github.com";
        assert!(is_out_of_reach(&format!("{failed}\nCloning into '/home/ann/advisory-db'...\n{git}")));
        let full = "fatal: could not create work tree dir '/home/ann/advisory-db': No space left on device";
        assert!(!is_out_of_reach(&format!("{failed}\n{full}")));
        assert!(!is_out_of_reach("[ERROR] failed to deserialize config from '/windlass/deny.toml'"));
        assert!(!is_out_of_reach(""));
    }
}
