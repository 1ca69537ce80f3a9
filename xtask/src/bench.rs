//! `cargo xtask bench`: us beside our peers, in one run.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::process::{self, cargo, command};
use crate::{demo, fixtures, npm, tools, workspace};

/// Where the image bench and its packages are.
const IMAGE_BENCH: &str = "tests/bench/image";
/// Where the service's bench is, with its peers' programs.
const SERVICE_BENCH: &str = "tests/bench/service";

#[derive(Args)]
pub struct Options {
    /// What to measure.
    what: Bench,
    /// One JSON object on standard output instead of a table.
    #[arg(long)]
    json: bool,
    /// Further options of the service's bench, after `--`, such as `--only create --seconds 2`.
    #[arg(last = true)]
    more: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Presigned URLs: ours, aws-sigv4 and aws-sdk-s3.
    Sign,
    /// Photos made smaller in Chromium: ours, other libraries and the browser's own functions.
    Image,
    /// The running service: ours, FastAPI with boto3 and SQLite, and Uppy Companion.
    Service,
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
        Bench::Image => image(options.json),
        Bench::Service => service(options),
    }
}

/// The release binary on SQLite and on PostgreSQL, its peers beside it.
fn service(options: &Options) -> Result<()> {
    let python = tools::ensure_fastapi()?;
    let postgres = tools::ensure_postgres()?;
    npm::install(&format!("{SERVICE_BENCH}/companion"))?;
    demo::build_service("release")?;
    process::say("building the bench");
    process::run(cargo().args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "windlass-service-bench",
    ]))?;
    let mut bench = command(workspace::target_dir().join("release/windlass-service-bench"));
    bench.arg("--windlass").arg(demo::service_binary("release"));
    bench.arg("--python").arg(python);
    bench.arg("--bench").arg(workspace::root().join(SERVICE_BENCH));
    bench.arg("--scratch").arg(workspace::target_dir());
    if let Some(programs) = postgres {
        bench.arg("--postgres").arg(programs);
    }
    if options.json {
        bench.arg("--json");
    }
    process::run(bench.args(&options.more))
}

/// In a real Chromium, with the real package and the real service.
fn image(json: bool) -> Result<()> {
    let chromium = tools::ensure_chromium()?;
    demo::build_site()?;
    demo::build_service("dev")?;
    npm::install(IMAGE_BENCH)?;
    process::run(cargo().args(["build", "--quiet", "--locked", "--package", "windlass-dssim"]))?;
    let mut bench = command("node");
    bench
        .args(["bench.mjs", "--photo"])
        .arg(photo()?)
        .current_dir(workspace::root().join(IMAGE_BENCH))
        .env("WINDLASS_CHROMIUM", chromium)
        .env("WINDLASS_BINARY", demo::service_binary("dev"))
        .env("WINDLASS_DSSIM", workspace::target_dir().join("debug/windlass-dssim"));
    if json {
        bench.arg("--json");
    }
    process::run(&mut bench)
}

/// The real photo of the published figures where it is; elsewhere one that our own code makes.
fn photo() -> Result<PathBuf> {
    let real = workspace::root().join("../shared/photos/p12_o6.jpg");
    if real.is_file() { Ok(real) } else { Ok(fixtures::make()?.join("photo_12mp_o6.jpg")) }
}
