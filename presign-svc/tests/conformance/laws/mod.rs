//! What the service relies on, whatever store is behind the port.

pub mod multipart;
pub mod objects;
pub mod signed;
pub mod written;
