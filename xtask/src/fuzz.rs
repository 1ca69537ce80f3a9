//! `cargo xtask fuzz`: what reads bytes somebody else wrote, under libFuzzer (`sdk-wasm/core/fuzz`).
//!
//! Needs a nightly compiler, for the address sanitiser and for coverage counters; `cargo fuzz` itself is not
//! needed, as the targets are plain programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::process::{cargo, command, output_of, run, say};
use crate::workspace;

/// Where the targets are, a workspace of its own.
const CRATE: &str = "sdk-wasm/core/fuzz";

/// What `cargo fuzz` builds with, too.
const RUSTFLAGS: &str = "-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1 -Cdebug-assertions";

/// Larger files are few mutations a second.
const MAX_SEED_BYTES: u64 = 40_000;

/// A small photo of every kind that is read, and what it takes to make it.
const MADE: [(&str, &[&str]); 8] = [
    ("made_baseline.jpg", &[]),
    ("made_progressive.jpg", &["--coding", "progressive"]),
    ("made_display_p3.jpg", &["--profile", "display-p3"]),
    ("made.png", &[]),
    ("made.webp", &[]),
    ("made.tiff", &[]),
    ("made.heic", &[]),
    ("made.avif", &[]),
];

#[derive(Args)]
pub struct Options {
    /// Only these targets; all of them otherwise, one after another.
    targets: Vec<String>,
    /// How long each runs, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
}

pub fn run_targets(options: &Options) -> Result<()> {
    let host = host()?;
    ensure_nightly(&host)?;
    let known = targets()?;
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no fuzz target `{unknown}`: choose of {}", known.join(", "));
    }
    let chosen = if options.targets.is_empty() { &known } else { &options.targets };
    let target_dir = workspace::target_dir().join("fuzz");
    say("building the fuzz targets with the nightly compiler");
    run(nightly_cargo()
        .args(["build", "--release", "--locked", "--bins", "--target", &host, "--target-dir"])
        .arg(&target_dir)
        .env("RUSTFLAGS", RUSTFLAGS))?;
    let seeds = seeds()?;
    for name in chosen {
        let corpus = workspace::root().join(CRATE).join("corpus").join(name);
        let artifacts = workspace::root().join(CRATE).join("artifacts").join(name);
        fs::create_dir_all(&corpus).with_context(|| format!("could not create {}", corpus.display()))?;
        fs::create_dir_all(&artifacts)
            .with_context(|| format!("could not create {}", artifacts.display()))?;
        say(format!(
            "fuzzing `{name}` for {} s; what fails is kept in {}",
            options.seconds,
            artifacts.display()
        ));
        run(Command::new(target_dir.join(&host).join("release").join(name))
            .arg(&corpus)
            .arg(&seeds)
            .arg(format!("-max_total_time={}", options.seconds))
            // No input may take longer, nor more memory: the pipeline's budget is 64 MiB in these targets.
            .args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .current_dir(workspace::root()))?;
    }
    Ok(())
}

/// The names of the targets: one file each.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::root().join(CRATE).join("targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("could not read {}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn nightly_cargo() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(workspace::root().join(CRATE));
    command
}

fn ensure_nightly(host: &str) -> Result<()> {
    if has_nightly(&output_of(command("rustup").args(["toolchain", "list"]))?, host) {
        return Ok(());
    }
    say("installing the nightly compiler with rustup (profile minimal)");
    run(command("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]))
}

/// Whether `rustup run nightly` finds one: a nightly of some day goes by another name.
fn has_nightly(toolchains: &str, host: &str) -> bool {
    let name = format!("nightly-{host}");
    toolchains.lines().any(|line| line.split_whitespace().next() == Some(name.as_str()))
}

/// The machine's own triple: a target has to be named, or build scripts would be instrumented, too.
fn host() -> Result<String> {
    let version = output_of(command("rustc").arg("-vV"))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say what machine this is")?.to_owned())
}

/// A folder of small files to begin with: photos of our own making, and those of `../shared` where it is there.
fn seeds() -> Result<PathBuf> {
    let folder = workspace::target_dir().join("fuzz/seeds");
    fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    for (name, coding) in MADE {
        let photo = folder.join(name);
        if photo.is_file() {
            continue;
        }
        run(cargo()
            .args(["run", "--quiet", "--locked", "--package", "windlass-core", "--example", "make_photo"])
            .args(["--", "--width", "96", "--height", "72", "--orientation", "6"])
            .args(coding)
            .arg(&photo))?;
    }
    let shared = workspace::root().join("../shared/corpora");
    if !shared.is_dir() {
        say("no ../shared/corpora beside the checkout: a few photos of our own making are the only seeds");
        return Ok(folder);
    }
    for pictures in ["photos", "bad", "generated"] {
        copy_small_files(&shared.join(pictures), &folder, pictures)?;
    }
    Ok(folder)
}

/// Flat, numbered in the order found: the names of fuzzers' files are not for every file system.
fn copy_small_files(from: &Path, to: &Path, prefix: &str) -> Result<()> {
    let mut folders = vec![from.to_owned()];
    let mut number = 0;
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("could not read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                folders.push(entry.path());
            } else if (1..=MAX_SEED_BYTES).contains(&about.len()) {
                // Read and written: a copy would be as read-only as the original.
                fs::write(to.join(format!("{prefix}-{number:04}")), fs::read(entry.path())?)?;
                number += 1;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nightly_of_some_day_is_not_the_one_that_is_run() {
        let host = "x86_64-unknown-linux-gnu";
        let list =
            |nightly: &str| format!("stable-{host} (default)\n{nightly}-{host}\n1.95.0-{host} (active)\n");
        assert!(has_nightly(&list("nightly"), host));
        assert!(!has_nightly(&list("nightly-2026-01-15"), host));
        assert!(!has_nightly("no installed toolchains\n", host));
    }
}
