//! A process that is measured: started, asked until it answers, weighed, ended.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::http::{Connection, request};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked whether it is there.
const ASK_AGAIN: Duration = Duration::from_micros(250);
/// How long it may take to end.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A server that runs, with all its processes in a group of their own.
pub struct Server {
    process: Child,
    /// Where it answers.
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub first_answer: Duration,
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Server {
    /// Starts it and waits until it answers a GET of `path`, whatever it says.
    pub async fn start(mut command: Command, port: u16, path: &str) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let name = command.get_program().to_string_lossy().into_owned();
        let began = Instant::now();
        let process = command.process_group(0).spawn().with_context(|| format!("could not start {name}"))?;
        let mut server = Self { process, address, first_answer: Duration::ZERO };
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && connection.ask(&request("GET", path, "", None)).await.is_ok()
            {
                server.first_answer = began.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.process.try_wait()? {
                bail!("{name} ended instead of answering: {status}");
            }
            if began.elapsed() > PATIENCE {
                bail!("{name} does not answer");
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// The resident memory of its processes together, in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        resident_kib(self.process.id())
    }

    /// Ends it and waits for that.
    pub async fn stop(mut self) -> Result<()> {
        self.signal(Signal::TERM);
        let began = Instant::now();
        while self.process.try_wait()?.is_none() {
            if began.elapsed() > END_LIMIT {
                self.signal(Signal::KILL);
                self.process.wait()?;
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw) {
            // It may have ended already.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.signal(Signal::KILL);
            let _ = self.process.wait();
        }
    }
}

/// Of a process and those it started (`proc(5)`: VmRSS).
fn resident_kib(process: u32) -> Result<u64> {
    let folder = Path::new("/proc").join(process.to_string());
    let status = std::fs::read_to_string(folder.join("status")).context("the server is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let own: u64 = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?.parse()?;
    let mut sum = own;
    for task in std::fs::read_dir(folder.join("task"))? {
        let children = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            sum += resident_kib(child.parse()?)?;
        }
    }
    Ok(sum)
}
