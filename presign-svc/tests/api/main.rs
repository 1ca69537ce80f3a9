//! The API through real HTTP: one file per route. SQLite and the embedded store are the real ones, in a
//! folder that goes away; only the clock can be moved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod support;

mod abort;
mod arrivals;
mod arriving;
mod assembly;
mod busy;
mod cleanup;
mod clocks;
mod companion;
mod complete;
mod complete_faults;
mod complete_parts;
mod create;
mod delete_photo;
mod delivery;
mod demo;
mod edit_photo;
mod ended_links;
mod enumeration;
mod events;
mod garage;
mod health;
mod http;
mod identity;
#[path = "../support/inside.rs"]
mod inside;
mod list_parts;
mod list_photos;
mod me;
mod metrics;
#[path = "../support/naughty.rs"]
mod naughty;
mod openapi;
mod project_check;
mod quotas;
mod rate_limits;
mod reconcile;
mod restored;
mod scope_table;
mod scripts;
mod show_photo;
mod show_upload;
mod sign_parts;
mod slow_lines;
mod staging;
mod stopping;
mod stored_before;
mod tenants;
mod threats;
mod tokens;
mod unknown_fields;
mod upload_links;
mod upload_url;
