//! A PostgreSQL server for these tests: one per run of the test program, each law in a database of its own.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::postgres::{Postgres, run, unprivileged};

/// The server, and its keeper, whose input is closed when this process ends.
static SERVER: OnceLock<Option<(Postgres, Child)>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database; `None`, said once, where PostgreSQL is not installed and nobody said
/// that it is.
pub fn new_database() -> Option<String> {
    let (server, _) = SERVER.get_or_init(start).as_ref()?;
    let name = format!("law_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    run(server.program("createdb").arg("-h").arg(server.path("socket")).args(["-U", "windlass", &name]));
    Some(server.url(&name))
}

fn start() -> Option<(Postgres, Child)> {
    let server = Postgres::start()?;
    let keeper = stop_with_parent(&server);
    Some((server, keeper))
}

/// A static is never dropped: a shell waits for this process to end, stops the server and removes its folder.
/// It waits on a pipe, which ends with this process; an unprivileged shell may not ask after a process of root's.
fn stop_with_parent(server: &Postgres) -> Child {
    let script = "cat >/dev/null; \"$1\" -D \"$2\" -m immediate stop; rm -rf \"$(dirname \"$2\")\"";
    unprivileged(Path::new("/bin/sh"))
        .args(["-c", script, "sh"])
        .arg(server.programs.join("pg_ctl"))
        .arg(server.path("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
