//! A PostgreSQL server for these tests: one per run of the test program, each law in a database of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::postgres::{Postgres, run};

static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database; `None`, said once, where PostgreSQL is not installed and nobody said
/// that it is.
pub fn new_database() -> Option<String> {
    let server = SERVER.get_or_init(Postgres::start).as_ref()?;
    let name = format!("law_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    run(server.program("createdb").arg("-h").arg(server.path("socket")).args(["-U", "windlass", &name]));
    Some(server.url(&name))
}
