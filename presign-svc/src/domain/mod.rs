//! What an upload is and what may happen to it: no axum, no sqlx, no aws, no clock.

pub mod announce;
pub mod delivery;
pub mod filename;
pub mod joining;
pub mod limits;
pub mod media_type;
pub mod object_key;
pub mod photo_facts;
pub mod stored;
pub mod upload;
pub mod variant;
pub mod verify;
