//! Garage, a real S3 server in a process of its own, on loopback, over a temporary folder.

use std::env;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::capabilities::Capabilities;
use crate::target::S3Target;

const VERSION: &str = "2.5.0";
const REGION: &str = "garage";
const BUCKET: &str = "windlass-suite";
const ACCESS_KEY_ID: &str = "GK31c2f218a2e44f485b94239e";
const SECRET_ACCESS_KEY: &str = "b892c0665f0ada8a4755dae98baa3b133590e11dae3bcc1f9d769d67f16c3835";
/// How long the server may take until its bucket answers.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How often somebody else may be given a port that was free a moment ago.
const MOST_ATTEMPTS: usize = 3;
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs `$@` until standard input ends. The input is a pipe from us: however we end, Garage ends.
const UNTIL_WE_END: &str = r#""$@" & garage=$!; cat >/dev/null; kill "$garage"; wait "$garage""#;

/// A running Garage. It stops when dropped, or when this process ends in any way.
pub struct Garage {
    target: S3Target,
    guardian: Child,
    _folder: TempDir,
}

/// Why Garage is not running.
#[derive(Debug, thiserror::Error)]
pub enum GarageError {
    /// The binary is in none of the places it is looked for in.
    #[error(
        "garage {VERSION} is not installed (looked for {looked_for}): run `cargo xtask test`, or set WINDLASS_GARAGE"
    )]
    NotInstalled {
        /// Where it was looked for.
        looked_for: PathBuf,
    },
    /// No port, no folder, no process.
    #[error("garage could not be started: {0}")]
    Start(#[from] io::Error),
    /// It runs, but its bucket does not answer.
    #[error("garage did not answer within {} seconds; it said:\n{log}", START_LIMIT.as_secs())]
    Silent {
        /// The end of its log.
        log: String,
    },
}

impl Garage {
    /// Starts a single node with one bucket.
    ///
    /// The binary is the one named by `WINDLASS_GARAGE`, or the one `cargo xtask test` installs.
    ///
    /// # Errors
    /// [`GarageError::NotInstalled`] when there is none: tests then say so and pass.
    pub async fn start() -> Result<Self, GarageError> {
        for _ in 1..MOST_ATTEMPTS {
            match Self::start_once().await {
                Err(GarageError::Silent { log }) if log.contains("in use") => {}
                started => return started,
            }
        }
        Self::start_once().await
    }

    async fn start_once() -> Result<Self, GarageError> {
        let binary = find_binary()?;
        let folder = tempfile::tempdir()?;
        let [s3_port, rpc_port] = free_ports()?;
        let config = folder.path().join("garage.toml");
        fs::write(&config, configuration(folder.path(), s3_port, rpc_port))?;
        let log = folder.path().join("garage.log");
        let guardian = Command::new("sh")
            .args(["-c", UNTIL_WE_END, "garage-guardian"])
            .arg(binary)
            .arg("-c")
            .arg(&config)
            .args(["server", "--single-node", "--default-bucket"])
            .env("GARAGE_DEFAULT_ACCESS_KEY", ACCESS_KEY_ID)
            .env("GARAGE_DEFAULT_SECRET_KEY", SECRET_ACCESS_KEY)
            .env("GARAGE_DEFAULT_BUCKET", BUCKET)
            .env("RUST_LOG", "garage=info")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let target = S3Target {
            endpoint: format!("http://127.0.0.1:{s3_port}"),
            region: REGION.into(),
            bucket: BUCKET.into(),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: SECRET_ACCESS_KEY.into(),
            capabilities: Capabilities::GARAGE,
        };
        // From here on dropping it ends the process.
        let garage = Self { target, guardian, _folder: folder };
        match tokio::time::timeout(START_LIMIT, garage.answers()).await {
            Ok(()) => Ok(garage),
            Err(_) => Err(GarageError::Silent { log: fs::read_to_string(log).unwrap_or_default() }),
        }
    }

    /// Where it is.
    pub fn target(&self) -> &S3Target {
        &self.target
    }

    async fn answers(&self) {
        let client = self.target.client();
        while client.head_bucket().bucket(BUCKET).send().await.is_err() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        // The end of its input is the guardian's sign to end Garage and then itself.
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

fn find_binary() -> Result<PathBuf, GarageError> {
    let named = env::var_os("WINDLASS_GARAGE").map(PathBuf::from);
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_default();
    let installed = cache.join("windlass").join(format!("garage-{VERSION}")).join("bin").join("garage");
    let binary = named.unwrap_or(installed);
    if binary.is_file() { Ok(binary) } else { Err(GarageError::NotInstalled { looked_for: binary }) }
}

/// Ports that were free a moment ago; both are held until both are known.
fn free_ports() -> io::Result<[u16; 2]> {
    let first = TcpListener::bind(("127.0.0.1", 0))?;
    let second = TcpListener::bind(("127.0.0.1", 0))?;
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}

fn configuration(folder: &Path, s3_port: u16, rpc_port: u16) -> String {
    let folder = folder.display();
    format!(
        r#"metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc_port}"
rpc_public_addr = "127.0.0.1:{rpc_port}"
rpc_secret = "{SECRET_ACCESS_KEY}"

[s3_api]
s3_region = "{REGION}"
api_bind_addr = "127.0.0.1:{s3_port}"
"#
    )
}
