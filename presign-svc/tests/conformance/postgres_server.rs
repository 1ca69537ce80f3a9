//! A PostgreSQL server for these tests: one per run of the test program, each law in a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Where Debian puts the programs.
const DEBIAN: &str = "/usr/lib/postgresql/15/bin";

struct Server {
    programs: PathBuf,
    folder: TempDir,
    /// Its input is closed when this process ends, and then it ends the server.
    _keeper: Child,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database; `None`, said once, where PostgreSQL is not installed and nobody said
/// that it is.
pub fn new_database() -> Option<String> {
    let server = SERVER.get_or_init(start).as_ref()?;
    let name = format!("law_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let socket = server.folder.path().join("socket");
    run(Command::new(server.programs.join("createdb"))
        .arg("-h")
        .arg(&socket)
        .args(["-U", "windlass", &name]));
    Some(format!("postgres://windlass@localhost/{name}?host={}", socket.display()))
}

fn start() -> Option<Server> {
    let said = std::env::var_os("WINDLASS_POSTGRES").map(PathBuf::from);
    let is_said = said.is_some();
    let programs = said.unwrap_or_else(|| DEBIAN.into());
    if !programs.join("initdb").is_file() {
        // Laws that nobody ran are not kept: `cargo xtask test` always says where it is.
        assert!(!is_said, "no PostgreSQL in {} (WINDLASS_POSTGRES)", programs.display());
        eprintln!("skipped: no PostgreSQL in {} (WINDLASS_POSTGRES)", programs.display());
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, socket) = (folder.path().join("data"), folder.path().join("socket"));
    std::fs::create_dir(&data).unwrap();
    std::fs::create_dir(&socket).unwrap();
    if is_root() {
        run(Command::new("chown").args(["-R", "nobody"]).arg(folder.path()));
    }
    run(unprivileged(&programs.join("initdb")).arg("-D").arg(&data).args([
        "-U",
        "windlass",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]));
    // Nobody cuts the power in these tests.
    let options =
        format!("-c listen_addresses='' -c fsync=off -c unix_socket_directories={}", socket.display());
    run(unprivileged(&programs.join("pg_ctl"))
        .arg("-D")
        .arg(&data)
        .args(["-w", "-o", &options, "-l"])
        .arg(folder.path().join("data").join("log"))
        .arg("start"));
    let keeper = stop_with_parent(&programs, &data);
    Some(Server { programs, folder, _keeper: keeper })
}

/// A static is never dropped: a shell waits for this process to end, stops the server and removes its folder.
/// It waits on a pipe, which ends with this process; an unprivileged shell may not ask after a process of root's.
fn stop_with_parent(programs: &Path, data: &Path) -> Child {
    let script = "cat >/dev/null; \"$1\" -D \"$2\" -m immediate stop; rm -rf \"$(dirname \"$2\")\"";
    unprivileged(Path::new("/bin/sh"))
        .args(["-c", script, "sh"])
        .arg(programs.join("pg_ctl"))
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
