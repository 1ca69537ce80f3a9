//! The project's tasks: `cargo xtask demo | test | build | bench`.
//!
//! Each task installs what it needs and says so. The names are the same in the README, in
//! CONTRIBUTING and in CI.
#![allow(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod bench;
mod contract;
mod demo;
mod deny;
mod fixtures;
mod fuzz;
mod gaps;
mod npm;
mod process;
mod programs;
mod purity;
mod release;
mod test;
mod tools;
mod types;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Windlass: build it, see it, test it, measure it")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and serve the demo on embedded defaults (in-process S3 store, SQLite).
    Demo(demo::Options),
    /// Open a page in the browser once something answers there.
    #[command(hide = true)]
    OpenWhenReady { address: String },
    /// Run every test: Rust, wasm, TypeScript, browser, packaging.
    Test(test::Options),
    /// Release artefacts: `npm/dist`, the packed npm tarball, the `windlass` binary.
    Build,
    /// Measure us beside our peers in one run.
    Bench(bench::Options),
    /// Fuzz what reads photos: every target of `sdk-wasm/core/fuzz`, or those named.
    Fuzz(fuzz::Options),
    /// Write the TypeScript types of `npm/src/generated` anew from the Rust structs.
    Types,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::OpenWhenReady { address } => {
            demo::open_when_ready(&address);
            Ok(())
        }
        Task::Test(options) => test::run(&options),
        Task::Build => release::run(),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run_targets(&options),
        Task::Types => types::write(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
