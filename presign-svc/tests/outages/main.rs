//! What the service needs is taken away while it works, and given back: descriptors, disk, database, the store's
//! answers, and its own life (rows F29–F32, F42, F43, F45–F49 and F51 of `tests/FAULTS.md`, each test named after
//! its row). With real limits, a real full disk, a real PostgreSQL and several real processes: refusals are answers
//! that say when to ask again, nothing that was acknowledged is lost, and everything works again by itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bucket;
mod crowd;
mod database;
mod disk;
mod document;
mod events;
#[path = "../support/inside.rs"]
mod inside;
mod instances;
mod limits;
#[path = "../support/naughty.rs"]
mod naughty;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/redis.rs"]
mod redis;
mod required;
mod running;
mod service;
mod stopping;
mod store;
mod texts;
mod tls;
#[path = "../support/tls.rs"]
mod tls_server;
mod workers;
