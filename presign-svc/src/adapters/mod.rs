//! The ports made true with real systems, one folder each.

pub mod event_hub;
pub mod s3;
pub mod sqlite;
pub mod system;
