//! What a browser keeps of an upload, so that it outlives the page: the record beside the bytes, and what
//! to do with it when a page comes back to it.
//!
//! The record holds what the user chose and what was made of it, and nothing of how it travels: no token,
//! no signed URL, no upload id, no progress. Whom the upload belongs to at the service follows from its
//! `client_ref`; how far it is, only the store knows. So a record can be old, and is never wrong.

mod reading;
mod record;
mod resumption;

pub use record::{KeptBytes, KeptDescription, KeptUpload, KeptVariant, SCHEMA};
pub use resumption::{DiscardReason, Found, LeaveReason, Resuming, Resumption, plan};
