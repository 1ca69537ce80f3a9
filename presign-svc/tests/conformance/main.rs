//! The laws of the service's ports, run on every adapter.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod assembly;
mod bucket;
mod events;
mod forgetting;
mod hung_up;
mod laws;
mod listing;
mod looks;
mod on_every_database;
mod on_every_store;
mod opening;
#[path = "../support/postgres.rs"]
mod postgres;
mod postgres_server;
mod quotas;
mod rate_limits;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "its laws leave a server alone; the outages do not")]
mod redis;
mod requests_together;
mod same_content;
mod silent_server;
mod tickets;
mod turns;
mod unreadable;
mod upload_links;
mod uploads;
