//! `cargo xtask demo`: the main job on embedded defaults.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::process::{self, cargo, command, say};
use crate::{npm, workspace};

#[derive(Args)]
pub struct Options {
    /// The API and the demo page listen here; the object store on the next port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the database, the objects and the development keys are kept.
    #[arg(long, default_value = "windlass-data")]
    data_dir: PathBuf,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
    /// Further options of `windlass serve`, after `--`.
    #[arg(last = true)]
    serve_options: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let started = Instant::now();
    build_site()?;
    build_service("dev")?;
    say(format!("built in {:.1} s", started.elapsed().as_secs_f64()));
    let address = format!("http://127.0.0.1:{}", options.port);
    // Whoever answers before the service is started is somebody else, whose page is not the demo.
    if !options.no_open && !answers(&address) {
        // A process of its own: this one becomes the service.
        let opener = command(std::env::current_exe()?).arg("open-when-ready").arg(&address).spawn();
        opener.context("could not start what opens the browser")?;
    }
    process::run_instead(
        command(service_binary("dev"))
            .arg("serve")
            .args(["--port", &options.port.to_string()])
            .arg("--data-dir")
            .arg(&options.data_dir)
            .args(&options.serve_options),
    )
}

/// Puts the demo's page together: the demo, the npm package and the job drawer beside each other.
pub fn build_site() -> Result<()> {
    npm::build_package()?;
    let root = workspace::root();
    let site = root.join("presign-svc/demo-site");
    if site.is_dir() {
        fs::remove_dir_all(&site).with_context(|| format!("could not empty {}", site.display()))?;
    }
    npm::copy_folder(&root.join("examples/demo"), &site)?;
    npm::copy_folder(&root.join("npm/dist"), &site.join("windlass"))?;
    npm::copy_folder(&root.join("examples/job-drawer-html"), &site.join("job-drawer"))
}

/// Builds the binary `windlass`.
pub fn build_service(profile: &str) -> Result<()> {
    say("building the service");
    process::run(
        cargo()
            .args(["build", "--quiet", "--locked", "--package", "windlass-presign-svc", "--bin", "windlass"])
            .args(["--profile", profile]),
    )
}

/// Where the binary `windlass` is.
pub fn service_binary(profile: &str) -> PathBuf {
    let folder = if profile == "dev" { "debug" } else { profile };
    workspace::target_dir().join(folder).join("windlass")
}

/// Opens the page once the service answers; a machine without a desktop simply stays quiet.
pub fn open_when_ready(address: &str) {
    for _ in 0..100 {
        if answers(address) {
            let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
            let _ = command(opener).arg(address).stdout(Stdio::null()).stderr(Stdio::null()).status();
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn answers(address: &str) -> bool {
    std::net::TcpStream::connect(address.trim_start_matches("http://")).is_ok()
}
