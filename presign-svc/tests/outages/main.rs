//! What the service needs is taken away while it works, and given back: descriptors, disk, database (rows F46–F49
//! and F51 of `tests/FAULTS.md`, each test named after its row). With real limits, a real full disk and a real
//! PostgreSQL: refusals are answers that say when to ask again, nothing that was acknowledged is lost, and
//! everything works again by itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod crowd;
mod database;
mod disk;
mod limits;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/redis.rs"]
mod redis;
mod service;
mod workers;
