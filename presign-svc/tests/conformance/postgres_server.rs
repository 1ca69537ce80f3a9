//! A PostgreSQL server for these tests: one per run of the test program, each law in a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Where Debian puts the programs.
const DEBIAN: &str = "/usr/lib/postgresql/15/bin";

struct Server {
    programs: PathBuf,
    folder: TempDir,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database; `None`, said once, where PostgreSQL is not installed.
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
    let programs = std::env::var_os("WINDLASS_POSTGRES").map_or_else(|| DEBIAN.into(), PathBuf::from);
    if !programs.join("initdb").is_file() {
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
    let options = format!("-c listen_addresses='' -c unix_socket_directories={}", socket.display());
    // The server ends with this process group's folder: `stop_with_parent` watches for it.
    run(unprivileged(&programs.join("pg_ctl"))
        .arg("-D")
        .arg(&data)
        .args(["-w", "-o", &options, "-l"])
        .arg(folder.path().join("data").join("log"))
        .arg("start"));
    stop_with_parent(&programs, &data);
    Some(Server { programs, folder })
}

/// A static is never dropped: a shell waits for this process to end, stops the server and removes its folder.
fn stop_with_parent(programs: &Path, data: &Path) {
    let script = "while kill -0 \"$1\" 2>/dev/null || [ -d \"/proc/$1\" ]; do sleep 0.2; done; \"$2\" -D \"$3\" -m immediate stop; rm -rf \"$(dirname \"$3\")\"";
    let parent = std::process::id().to_string();
    unprivileged(Path::new("/bin/sh"))
        .args(["-c", script, "sh", &parent])
        .arg(programs.join("pg_ctl"))
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
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
