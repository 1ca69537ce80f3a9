//! The ports made true with real systems, one folder each.

mod changes;
mod columns;
pub mod database;
mod event_row;
mod fate;
mod link_row;
mod listing;
pub mod memory;
pub mod memory_tickets;
mod mistrust;
pub mod outbound;
pub mod postgres;
// Once for all tests that look at its plans: a file is one module.
#[cfg(test)]
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "the server of other tests, which ask for more of it")]
mod postgres_server;
pub mod redis;
mod row_macro;
pub mod s3;
mod same_content;
pub mod schema;
pub mod sqlite;
pub mod system;
pub mod traced;
#[cfg(test)]
mod upload_plan_tests;
mod upload_row;
mod usage_row;

use crate::ports::uploads::RepositoryError;

impl From<sqlx::Error> for RepositoryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<rusqlite::Error> for RepositoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
