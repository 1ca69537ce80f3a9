//! `cargo xtask bench`: us beside our peers, in one run.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::process::{self, cargo};

#[derive(Args)]
pub struct Options {
    /// What to measure.
    what: Bench,
    /// One JSON object on standard output instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Presigned URLs: ours, aws-sigv4 and aws-sdk-s3.
    Sign,
}

pub fn run(options: &Options) -> Result<()> {
    match options.what {
        Bench::Sign => {
            let mut command = cargo();
            command.args(["run", "--quiet", "--release", "--locked", "--package", "windlass-signing"]);
            command.args(["--example", "bench_sign", "--"]);
            if options.json {
                command.arg("--json");
            }
            process::run(&mut command)
        }
    }
}
