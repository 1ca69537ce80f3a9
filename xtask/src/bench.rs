//! `cargo xtask bench`: us beside our peers, in one run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::process::{self, cargo, command};
use crate::{demo, fixtures, npm, programs, tools, workspace};

/// Where the image bench and its packages are.
const IMAGE_BENCH: &str = "tests/bench/image";
/// Where the upload bench and its packages are; each Uppy has a folder of its own below it.
const UPLOAD_BENCH: &str = "tests/bench/upload";
/// Where the service's bench is, with its peers' programs.
const SERVICE_BENCH: &str = "tests/bench/service";

#[derive(Args)]
pub struct Options {
    /// What to measure.
    what: Bench,
    /// One JSON object on standard output instead of a table.
    #[arg(long)]
    json: bool,
    /// Only this contender, this case or, of the service, this measurement. May be repeated.
    #[arg(long)]
    only: Vec<String>,
    /// Upload: also the cases that take many minutes, and the peers on every bad line.
    #[arg(long)]
    long: bool,
    /// Upload: debug builds of the service and of the proxy. They are there sooner and slow everybody down.
    #[arg(long)]
    dev: bool,
    /// Further options of the service's bench, after `--`, such as `--seconds 2`.
    #[arg(last = true)]
    more: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Presigned URLs: ours, aws-sigv4 and aws-sdk-s3.
    Sign,
    /// Photos made smaller in Chromium: ours, other libraries and the browser's own functions.
    Image,
    /// Files sent from Chromium over good and bad lines: ours, Uppy v6 and Uppy v5.
    Upload,
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
        Bench::Image => image(options),
        Bench::Upload => upload(options),
        Bench::Service => service(options),
    }
}

/// In a real Chromium, with the real package and the real service.
fn image(options: &Options) -> Result<()> {
    let chromium = tools::ensure_chromium()?;
    demo::build_site()?;
    demo::build_service("release")?;
    npm::install(IMAGE_BENCH)?;
    process::run(cargo().args(["build", "--quiet", "--locked", "--package", "windlass-dssim"]))?;
    let mut bench = command("node");
    process::without_settings(&mut bench)
        .args(["bench.mjs", "--photo"])
        .arg(photo()?)
        .current_dir(workspace::root().join(IMAGE_BENCH))
        .env("WINDLASS_CHROMIUM", chromium)
        .env("WINDLASS_BINARY", demo::service_binary("release"))
        .env("WINDLASS_DSSIM", workspace::target_dir().join("debug/windlass-dssim"));
    process::run(with_choices(&mut bench, options))
}

/// In a real Chromium, through the fault proxy, to the real service's own store.
fn upload(options: &Options) -> Result<()> {
    let profile = if options.dev { "dev" } else { "release" };
    let chromium = tools::ensure_chromium()?;
    demo::build_site()?;
    demo::build_service(profile)?;
    programs::build_fault_proxy(profile)?;
    for folder in ["", "/uppy-v6", "/uppy-v5"] {
        npm::install(&format!("{UPLOAD_BENCH}{folder}"))?;
    }
    let mut bench = command("node");
    process::without_settings(&mut bench)
        .arg("bench.mjs")
        .current_dir(workspace::root().join(UPLOAD_BENCH))
        .env("WINDLASS_CHROMIUM", chromium)
        .env("WINDLASS_FIXTURES", fixtures::make()?)
        .env("WINDLASS_BINARY", demo::service_binary(profile))
        .env("WINDLASS_FAULT_PROXY", programs::fault_proxy(profile));
    if options.long {
        bench.arg("--long");
    }
    process::run(with_choices(&mut bench, options))
}

/// What several benches are told in the same way.
fn with_choices<'a>(bench: &'a mut Command, options: &Options) -> &'a mut Command {
    for name in &options.only {
        bench.arg("--only").arg(name);
    }
    if options.json {
        bench.arg("--json");
    }
    bench
}

/// The real photo of the published figures where it is; elsewhere one that our own code makes.
fn photo() -> Result<PathBuf> {
    let real = workspace::root().join("../shared/photos/p12_o6.jpg");
    if real.is_file() { Ok(real) } else { Ok(fixtures::make()?.join("photo_12mp_o6.jpg")) }
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
    process::run(with_choices(&mut bench, options).args(&options.more))
}
