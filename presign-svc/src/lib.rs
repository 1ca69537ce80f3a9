//! The Windlass service: signs, verifies and lists uploads; file bytes never pass through it.
//!
//! Arrows, and no others: `api → domain ← ports ← adapters`. The domain knows neither HTTP nor SQL nor
//! S3; a port is a trait in our own words; an adapter makes one true with somebody else's system.

pub mod adapters;
pub mod answers;
pub mod api;
pub mod app;
pub mod auth;
pub mod commands;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod failpoints;
pub mod feeds;
pub mod jobs;
pub mod metrics;
pub mod ports;
pub mod progress;
pub mod recent;
pub mod server;
pub mod shares;
pub mod shown;
pub mod telemetry;
pub mod traces;
