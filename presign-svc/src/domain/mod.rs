//! What an upload is and what may happen to it: no axum, no sqlx, no aws, no clock.

pub mod announce;
pub mod cells;
pub mod client_address;
pub mod clock_skew;
pub mod delivery;
pub mod description;
pub mod filename;
pub mod filter;
pub mod joining;
pub mod limits;
pub mod media_type;
pub mod news;
pub mod object_key;
pub mod photo_facts;
pub mod quota;
pub mod rate;
pub mod search;
pub mod staging;
pub mod stored;
pub mod subject;
pub mod text;
pub mod unplanned;
pub mod upload;
pub mod upload_link;
pub mod variant;
pub mod verify;
