//! What an upload is and what may happen to it: no axum, no sqlx, no aws.

pub mod object_key;
