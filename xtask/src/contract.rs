//! The running service against its own OpenAPI description: schemathesis makes up requests, good and bad, about things
//! that are really there (`tests/contract/things.mjs`), and looks whether every answer is one that is described. That
//! every operation was seen to do what it is for is looked at afterwards (`tests/contract/answers.mjs`).

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process::{command, output_of, run, say, without_settings};
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
    let schemathesis = tools::ensure_schemathesis()?;
    let data = workspace::target_dir().join("contract-data");
    if data.is_dir() {
        std::fs::remove_dir_all(&data).with_context(|| format!("could not empty {}", data.display()))?;
    }
    let service = Service::start(&data)?;
    let token = output_of(
        without_settings(&mut command(demo::service_binary("dev")))
            .args(["token", "--tenant", "demo", "--project", "*"])
            .args(["--scope", "upload read delete pipeline links", "--data-dir"])
            .arg(&data),
    )?;
    let [configuration, description, report] =
        ["schemathesis.toml", "openapi.json", "answers.har"].map(|name| data.join(name));
    let script = |name: &str| workspace::root().join("tests/contract").join(name);
    run(command("node")
        .arg(script("things.mjs"))
        .args([&service.address, token.trim()])
        .args([&configuration, &description]))?;
    run(command(schemathesis)
        // It leaves a folder of its own where it runs.
        .current_dir(workspace::target_dir())
        // It would ask a proxy of the environment for this machine, too.
        .envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1")))
        .arg("--config-file")
        .arg(&configuration)
        .arg("run")
        .arg(&description)
        .args(["--url", &service.address])
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--exclude-path", STREAM, "--exclude-checks", CHECKS_LEFT_OUT])
        .args(["--phases", "examples,coverage,fuzzing", "--max-time", TIME_SECONDS, "--seed", SEED])
        .args(["--report", "har", "--report-har-path"])
        .arg(&report)
        .args(["--request-timeout", "20", "--warnings", "off", "--no-color"]))?;
    run(command("node").arg(script("answers.mjs")).arg(&report).arg(&service.address).arg("events"))
}

/// A service that ends with the check.
struct Service {
    process: Child,
    address: String,
}

impl Service {
    fn start(data: &PathBuf) -> Result<Self> {
        let mut process = without_settings(&mut Command::new(demo::service_binary("dev")))
            .args(["--log", "error", "serve", "--port", "0", "--store-port", "0", "--data-dir"])
            .arg(data)
            // Who asks this much is told to wait, and no other answer is compared.
            .envs(["SUBJECT", "TENANT", "ADDRESS"].map(|whose| (format!("WINDLASS_RATE_PER_{whose}"), "0")))
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
