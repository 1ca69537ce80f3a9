//! What PostgreSQL itself says a statement took: its log has how long it parsed, planned, and executed each one.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// Told to a database: its new sessions log how long everything took.
pub const SAY_ALL: &str = "ALTER DATABASE pages SET log_min_duration_statement = 0";

/// A server's log, read on from where it was left.
pub struct ServerLog {
    path: PathBuf,
    read_bytes: u64,
}

impl ServerLog {
    /// The log in a file.
    pub fn of(path: PathBuf) -> Self {
        Self { path, read_bytes: 0 }
    }

    /// How long everything took that was logged since the last call, in milliseconds. A line is written before its
    /// statement is answered.
    pub fn took_ms(&mut self) -> Result<f64> {
        let mut log = std::fs::File::open(&self.path).context("the server's log")?;
        log.seek(SeekFrom::Start(self.read_bytes))?;
        let mut text = Vec::new();
        self.read_bytes += log.read_to_end(&mut text)? as u64;
        let text = String::from_utf8_lossy(&text);
        let durations = text.lines().filter_map(|line| line.split_once("duration: ")?.1.split_once(" ms"));
        Ok(durations.filter_map(|(number, _)| number.parse::<f64>().ok()).sum())
    }
}
