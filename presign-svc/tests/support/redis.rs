//! A Redis server of a test's own, which it may kill, hold up and start again.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Where Debian puts the program.
const DEBIAN: &str = "/usr/bin/redis-server";

/// A server, ended when dropped.
pub struct Redis {
    program: PathBuf,
    folder: TempDir,
    running: Mutex<Option<Child>>,
}

impl Redis {
    /// Starts one; `None`, said, where Redis is not installed and nobody said that it is.
    pub fn start() -> Option<Self> {
        let said = std::env::var_os("WINDLASS_REDIS").map(PathBuf::from);
        let is_said = said.is_some();
        let program = said.unwrap_or_else(|| DEBIAN.into());
        if !program.is_file() {
            // Laws that nobody ran are not kept: `cargo xtask test` always says where it is.
            assert!(!is_said, "no Redis at {} (WINDLASS_REDIS)", program.display());
            eprintln!("skipped: no Redis at {} (WINDLASS_REDIS)", program.display());
            return None;
        }
        let server = Self { program, folder: tempfile::tempdir().unwrap(), running: Mutex::new(None) };
        server.up();
        Some(server)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Starts it again, with nothing in it, and waits until it answers.
    pub fn up(&self) {
        let _ = std::fs::remove_file(self.socket());
        let mut server = Command::new(&self.program);
        server.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(self.socket());
        let mut child = server.arg("--dir").arg(self.folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.to_lowercase().contains("ready to accept connections")), "it ended");
        // Whatever else it says is read, so that it may say it.
        std::thread::spawn(move || lines.count());
        *self.running() = Some(child);
    }

    /// As by a power cut.
    pub fn kill(&self) {
        if let Some(mut child) = self.running().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// It takes connections, and answers none.
    pub fn hold(&self) {
        self.signal(Signal::STOP);
    }

    /// It answers again.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_child(self.running().as_ref().unwrap());
        kill_process(process, signal).unwrap();
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
