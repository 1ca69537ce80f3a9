//! What the service needs from the world, as traits in our own words.

pub mod clock;
pub mod events;
pub mod ids;
pub mod key_source;
pub mod leases;
pub mod object_store;
pub mod project_check;
pub mod rate_limiter;
pub mod tickets;
pub mod upload_links;
pub mod uploads;
