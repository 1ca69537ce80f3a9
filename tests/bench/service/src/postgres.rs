//! A PostgreSQL server for the bench, with everything a durable one does: `fsync` and `synchronous_commit` stay on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// A server that ends with this.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Makes and starts one.
    pub fn start(programs: PathBuf) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let postgres = Self { programs, folder };
        std::fs::create_dir(postgres.data())?;
        std::fs::create_dir(postgres.socket())?;
        if rustix::process::geteuid().is_root() {
            run(Command::new("chown").args(["-R", "nobody"]).arg(postgres.folder.path()))?;
        }
        run(postgres
            .program("initdb")
            .arg("-D")
            .arg(postgres.data())
            .args(["-U", "windlass", "-A", "trust", "-E", "UTF8"]))?;
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories={}", postgres.socket().display());
        run(postgres
            .program("pg_ctl")
            .arg("-D")
            .arg(postgres.data())
            .args(["-w", "-o", &options, "-l"])
            .arg(postgres.data().join("log"))
            .arg("start"))?;
        Ok(postgres)
    }

    /// The address of a new database.
    pub fn new_database(&self, name: &str) -> Result<String> {
        run(self.program("createdb").arg("-h").arg(self.socket()).args(["-U", "windlass", name]))?;
        Ok(format!("postgres://windlass@localhost/{name}?host={}", self.socket().display()))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// PostgreSQL refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let program: &Path = &self.programs.join(name);
        if !rustix::process::geteuid().is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) =
            run(self.program("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]))
        {
            eprintln!("PostgreSQL of the bench could not be ended: {error}");
        }
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
