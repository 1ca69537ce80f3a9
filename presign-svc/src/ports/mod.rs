//! What the service needs from the world, as traits in our own words.

pub mod object_store;
