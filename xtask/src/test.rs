//! `cargo xtask test`: everything. What CI calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::process::{self, cargo, command, say, without_settings};
use crate::{contract, demo, deny, fixtures, gaps, npm, programs, purity, tools, types, wasm, workspace};

#[derive(Args)]
pub struct Options {
    /// Only these stages, in this order.
    #[arg(value_enum)]
    only: Vec<Stage>,
    /// Also what takes minutes of waiting: a browser that sleeps past its URLs, a database that is away for a minute,
    /// a store that takes two to put parts together.
    #[arg(long)]
    long: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Stage {
    /// Formatting, lints, purity of the core, generated types.
    Checks,
    /// All Rust tests: core, protocol, signing, store, service (SQLite, PostgreSQL and Redis), the S3
    /// suite on Garage.
    Rust,
    /// The running service against its OpenAPI description, by schemathesis, and the clients of five other
    /// systems against it.
    Contract,
    /// The npm package: wasm, types, unit tests, size budget, `windlass/core` under Node.
    Npm,
    /// The packed tarball in other people's builds.
    Packaging,
    /// The whole way in a real Chromium.
    Browser,
    /// The rows of the fault list in a real Chromium, through the fault proxy.
    Faults,
    /// The main job, and most rows of the fault list, in Firefox, and in WebKit, the engine of every iPhone.
    Engines,
}

/// What makes a build in which the service can be killed at each of its failpoints. Of the whole workspace, as the
/// other builds are: of one package alone, its libraries would have other features, and be built once more.
const FAILPOINTS: [&str; 2] = ["--features", "windlass-presign-svc/failpoints"];

/// So long all Rust tests may take, their build included, on the slowest machine: one that hangs is not waited for.
const RUST_LIMIT: Duration = Duration::from_secs(2 * 3600);
/// The same with `--long`.
const RUST_LIMIT_LONG: Duration = Duration::from_secs(6 * 3600);

const ALL: [Stage; 8] = [
    Stage::Checks,
    Stage::Rust,
    Stage::Contract,
    Stage::Npm,
    Stage::Packaging,
    Stage::Browser,
    Stage::Faults,
    Stage::Engines,
];

pub fn run(options: &Options) -> Result<()> {
    let stages = if options.only.is_empty() { ALL.to_vec() } else { options.only.clone() };
    let mut results: Vec<(Stage, Duration, Option<anyhow::Error>)> = Vec::new();
    for stage in stages {
        say(format!("{stage:?}"));
        let started = Instant::now();
        let outcome = run_stage(stage, options.long);
        if let Err(error) = &outcome {
            println!("✗ {stage:?}: {error:#}");
        }
        results.push((stage, started.elapsed(), outcome.err()));
    }
    println!();
    for (stage, took, error) in &results {
        let mark = if error.is_none() { "✓" } else { "✗" };
        println!("{mark} {:<10} {:>6.1} s", format!("{stage:?}"), took.as_secs_f64());
    }
    let failed = results.iter().filter(|(_, _, error)| error.is_some()).count();
    println!("stages: {} passed, {failed} failed", results.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} stages failed", results.len());
    }
    Ok(())
}

fn run_stage(stage: Stage, long: bool) -> Result<()> {
    match stage {
        Stage::Checks => {
            process::run(cargo().args(["fmt", "--all", "--check"]))?;
            deny::check()?;
            purity::check()?;
            types::check()?;
            // The second run sees what only the build with failpoints has.
            for what in [&[][..], &FAILPOINTS] {
                let lints = ["clippy", "--quiet", "--locked", "--workspace", "--all-targets"];
                process::run(cargo().args(lints).args(what).args(["--", "-D", "warnings"]))?;
            }
            Ok(())
        }
        Stage::Rust => {
            let garage = tools::ensure_garage()?;
            let postgres = tools::ensure_postgres()?;
            let redis = tools::ensure_redis()?;
            gaps::check(postgres.is_some(), redis.is_some())?;
            let shifted_clock = programs::build_shifted_clock()?;
            // The second build has failpoints in it: the service is killed at each of them.
            let killed = [&FAILPOINTS[..], &["--test", "faults"]].concat();
            for what in [&[][..], &killed] {
                let mut tests = cargo();
                tests.args(["test", "--quiet", "--locked", "--workspace"]).args(what);
                tests.env("WINDLASS_GARAGE", &garage);
                tests.env("WINDLASS_SHIFTED_CLOCK", &shifted_clock);
                if let Some(programs) = &postgres {
                    tests.env("WINDLASS_POSTGRES", programs);
                }
                if let Some(program) = &redis {
                    tests.env("WINDLASS_REDIS", program);
                }
                if long {
                    tests.env("WINDLASS_LONG", "1");
                }
                process::run_within(if long { RUST_LIMIT_LONG } else { RUST_LIMIT }, &mut tests)?;
            }
            Ok(())
        }
        Stage::Contract => {
            programs::build_for_tests()?;
            contract::check()?;
            node_tests("tests/seeds")
        }
        Stage::Npm => {
            npm::build_package()?;
            npm::audit_all()?;
            npm::script("npm", "test")?;
            npm::script("npm", "size")?;
            node_tests("tests/node")
        }
        Stage::Packaging => {
            npm::build_package()?;
            wasm::check_reproducible()?;
            node_tests("npm/packaging-tests")
        }
        Stage::Browser => {
            let chromium = tools::ensure_chromium()?;
            demo::build_site()?;
            npm::install("examples/dashboard-vite")?;
            npm::script("examples/dashboard-vite", "build")?;
            npm::install("examples/uppy")?;
            npm::script("examples/uppy", "build")?;
            npm::install("tests/e2e/uppy-5")?;
            npm::install("tests/e2e/uppy-6")?;
            npm::install("tests/e2e/webpack")?;
            browser_tests("test", &[("WINDLASS_CHROMIUM", chromium)])
        }
        Stage::Faults => {
            let chromium = tools::ensure_chromium()?;
            demo::build_site()?;
            let mut programs = vec![
                ("WINDLASS_CHROMIUM", chromium),
                ("WINDLASS_FAULT_PROXY", programs::fault_proxy("dev")),
                ("WINDLASS_STORE_PROCESS", programs::store_process()),
                ("WINDLASS_SHIFTED_CLOCK", programs::build_shifted_clock()?),
            ];
            if long {
                programs.push(("WINDLASS_LONG", "1".into()));
            }
            browser_tests("test:faults", &programs)?;
            if long { browser_tests("test:faults-long", &programs) } else { Ok(()) }
        }
        Stage::Engines => {
            let firefox = tools::ensure_firefox()?;
            let webkit = tools::ensure_webkit()?;
            demo::build_site()?;
            let mut programs = vec![
                ("WINDLASS_FIREFOX", firefox),
                ("WINDLASS_WEBKIT_DRIVER", webkit),
                ("WINDLASS_FAULT_PROXY", programs::fault_proxy("dev")),
                ("WINDLASS_STORE_PROCESS", programs::store_process()),
            ];
            if long {
                programs.push(("WINDLASS_LONG", "1".into()));
            }
            browser_tests("test:engines", &programs)
        }
    }
}

/// A script of `tests/e2e`, with the service, the photos and the programs that it needs. The site must be there
/// already.
fn browser_tests(script: &str, programs: &[(&str, PathBuf)]) -> Result<()> {
    programs::build_for_tests()?;
    npm::install("tests/e2e")?;
    process::run(
        without_settings(&mut command("npm"))
            .args(["run", "--silent", script])
            .current_dir(workspace::root().join("tests/e2e"))
            .envs(programs.iter().map(|(name, path)| (name, path)))
            .env("WINDLASS_FIXTURES", fixtures::make()?)
            .env("WINDLASS_BINARY", demo::service_binary("dev")),
    )
}

/// Node's own test runner over a folder. A file that hangs is ended after a quarter of an hour.
fn node_tests(folder: &str) -> Result<()> {
    process::run(
        without_settings(&mut command("node"))
            .args(["--test", "--test-timeout=900000"])
            .args(files_with_tests(folder)?)
            .env("WINDLASS_FIXTURES", fixtures::make()?)
            .env("WINDLASS_BINARY", demo::service_binary("dev")),
    )
}

/// The files with tests of a folder: Node looks into a folder by itself only before version 21, and later takes it for a
/// module that is not there.
fn files_with_tests(folder: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(workspace::root().join(folder));
    let mut files = Vec::new();
    for entry in entries.with_context(|| format!("could not read {folder}"))? {
        let name = entry?.file_name();
        if name.to_string_lossy().ends_with(".test.mjs") {
            files.push(Path::new(folder).join(name));
        }
    }
    if files.is_empty() {
        bail!("there are no tests in {folder}");
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_told_each_file_with_tests_by_its_name() {
        assert_eq!(files_with_tests("tests/seeds").unwrap(), [Path::new("tests/seeds/seeds.test.mjs")]);
        assert!(files_with_tests("tests/node").unwrap().len() > 1);
        assert!(
            files_with_tests("tests/contract").is_err(),
            "without a name Node would run whatever it finds"
        );
    }
}
