//! The embedded store in a process of its own: to be killed, or weighed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::embedded::target_at;
use crate::target::S3Target;

/// A running `store-process`. It is killed when dropped.
pub struct StoreProcess {
    target: S3Target,
    child: Child,
}

impl StoreProcess {
    /// Starts `binary` (`env!("CARGO_BIN_EXE_store-process")`) over a folder, new or used.
    ///
    /// # Errors
    /// When it does not start and print its address.
    pub fn start(binary: &str, folder: &Path) -> Result<Self> {
        let mut child = Command::new(binary)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the store's process could not be started")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self { target: target_at(address.trim().to_owned()), child })
    }

    /// Where it is.
    pub fn target(&self) -> &S3Target {
        &self.target
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no time to finish anything.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for StoreProcess {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.kill();
    }
}
