//! A PostgreSQL server of a program's own, which it may kill and start again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Where Debian puts the programs.
const DEBIAN: &str = "/usr/lib/postgresql/15/bin";

/// A server. It ends when dropped, or when this process ends in any way.
pub struct Postgres {
    /// Where its programs are.
    pub programs: PathBuf,
    folder: TempDir,
    /// Whether what is committed survives the machine. A process may die in tests, the machine does not.
    is_synced: bool,
    /// Its input is closed when this process ends.
    _keeper: Child,
}

impl Postgres {
    /// Starts one; `None`, said, where PostgreSQL is not installed and nobody said that it is.
    pub fn start() -> Option<Self> {
        let said = std::env::var_os("WINDLASS_POSTGRES").map(PathBuf::from);
        let is_said = said.is_some();
        let programs = said.unwrap_or_else(|| DEBIAN.into());
        if !programs.join("initdb").is_file() {
            // Laws that nobody ran are not kept: `cargo xtask test` always says where it is.
            assert!(!is_said, "no PostgreSQL in {} (WINDLASS_POSTGRES)", programs.display());
            eprintln!("skipped: no PostgreSQL in {} (WINDLASS_POSTGRES)", programs.display());
            return None;
        }
        Some(Self::start_from(programs, false))
    }

    /// Starts one from where its programs are; `is_synced` as a server that people rely on.
    pub fn start_from(programs: PathBuf, is_synced: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&programs, folder.path());
        let server = Self { programs, folder, is_synced, _keeper: keeper };
        for folder in ["data", "socket"] {
            std::fs::create_dir(server.folder.path().join(folder)).unwrap();
        }
        if is_root() {
            run(Command::new("chown").args(["-R", "nobody"]).arg(server.folder.path()));
        }
        let mut initdb = server.program("initdb");
        run(initdb.arg("-D").arg(server.path("data")).args([
            "-U",
            "windlass",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]));
        server.up();
        server
    }

    /// The address of a database of its; `postgres` is always there.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://windlass@localhost/{database}?host={}", self.path("socket").display())
    }

    /// Starts it again.
    pub fn up(&self) {
        let fsync = if self.is_synced { "on" } else { "off" };
        let options = format!(
            "-c listen_addresses='' -c fsync={fsync} -c unix_socket_directories={}",
            self.path("socket").display()
        );
        run(self.control(&["-w", "-o", &options, "-l"]).arg(self.path("data").join("log")).arg("start"));
    }

    /// As by a power cut: nothing is finished, nobody is told. False where it was down.
    pub fn kill(&self) -> bool {
        self.control(&["-w", "-m", "immediate", "stop"]).output().is_ok_and(|output| output.status.success())
    }

    fn control(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.path("data")).args(arguments);
        command
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> Command {
        unprivileged(&self.programs.join(name))
    }

    /// Of its data, or of its socket.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The server leaves our group of processes, where ctrl-c would end it, and what is in a static is never dropped: a shell
/// waits for this process to end, stops the server and removes its folder. It waits on a pipe, which ends with this
/// process; an unprivileged shell may not ask after a process of root's. Ctrl-c is not for it.
fn keeper(programs: &Path, folder: &Path) -> Child {
    let script =
        "trap '' HUP INT TERM; cat >/dev/null; \"$1\" -D \"$2/data\" -m immediate stop; rm -rf \"$2\"";
    unprivileged(Path::new("/bin/sh"))
        .args(["-c", script, "sh"])
        .arg(programs.join("pg_ctl"))
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// PostgreSQL refuses to run as root.
pub fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs it to its end, which must be good.
pub fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
