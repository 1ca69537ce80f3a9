//! The running service against its own OpenAPI description: schemathesis makes up requests, good and bad, and
//! looks whether every answer is one that is described.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process::{command, output_of, run, say};
use crate::{demo, tools, workspace};

/// The whole run, in seconds: it goes on finding new requests until then.
const TIME_SECONDS: &str = "60";
/// What it draws its requests from: the same at every run.
const SEED: &str = "20261121";
/// What is not asked: a description by JSON Schema cannot say everything that makes a value right or wrong
/// (a taken range, a search without letters), and a stream of events does not end.
const CHECKS_LEFT_OUT: &str = "positive_data_acceptance,negative_data_rejection";
const STREAM: &str = "/api/v1/events";

/// Starts the service on embedded defaults and checks it.
pub fn check() -> Result<()> {
    demo::build_service("dev")?;
    let schemathesis = tools::ensure_schemathesis()?;
    let data = workspace::target_dir().join("contract-data");
    if data.is_dir() {
        std::fs::remove_dir_all(&data).with_context(|| format!("could not empty {}", data.display()))?;
    }
    let service = Service::start(&data)?;
    let token = output_of(
        command(demo::service_binary("dev"))
            .args(["token", "--tenant", "demo", "--project", "*"])
            .args(["--scope", "upload read delete pipeline links", "--data-dir"])
            .arg(&data),
    )?;
    run(command(schemathesis)
        // It leaves a folder of its own where it runs.
        .current_dir(workspace::target_dir())
        .arg("run")
        .arg(format!("{}/openapi.json", service.address))
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--exclude-path", STREAM, "--exclude-checks", CHECKS_LEFT_OUT])
        .args(["--phases", "examples,coverage,fuzzing", "--max-time", TIME_SECONDS, "--seed", SEED])
        .args(["--request-timeout", "20", "--warnings", "off", "--no-color"]))
}

/// A service that ends with the check.
struct Service {
    process: Child,
    address: String,
}

impl Service {
    fn start(data: &PathBuf) -> Result<Self> {
        let mut process = Command::new(demo::service_binary("dev"))
            .args(["--log", "error", "serve", "--port", "0", "--store-port", "0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .context("the service could not be started")?;
        let mut lines = BufReader::new(process.stdout.take().context("the service has no output")?).lines();
        let address = lines.find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("Windlass listens on ").map(str::to_owned)
        });
        match address {
            Some(address) => Ok(Self { process, address }),
            None => {
                process.kill()?;
                bail!("the service did not say where it listens")
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            say(format!("the service of the check could not be ended: {error}"));
        }
    }
}
