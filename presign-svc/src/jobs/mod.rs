//! What is done with an upload apart from answering a request: each step can be repeated safely, and is
//! the same whether a client asked for it or the janitor did.

pub mod arrivals;
pub mod assemble;
pub mod caught;
pub mod cleanup;
pub mod ended_links;
pub mod finalise;
pub mod inspect;
pub mod join_parts;
pub mod multipart;
pub mod notice;
pub mod preview;
pub mod reconcile;
pub mod retention;
pub mod runner;
pub mod staging;
pub mod time_check;

use crate::domain::stored::PartToJoin;
use crate::domain::upload::InvalidTransition;
use crate::domain::verify::{Failure, UnverifiableChecksum};
use crate::ports::object_store::StoreError;
use crate::ports::uploads::RepositoryError;
use windlass_protocol::{Checksum, PartNumber, UploadStatus};

/// What a client says it has sent.
#[derive(Debug, Clone, Default)]
pub struct ClientClaim {
    /// Parts with the entity tags it was answered.
    pub parts: Vec<PartToJoin>,
    /// Of the whole file.
    pub checksum: Option<Checksum>,
}

/// Why an upload is not a photo yet, or never will be.
#[derive(Debug, thiserror::Error)]
pub enum NotFinished {
    /// It does not exist any more.
    #[error("the upload does not exist")]
    NotFound,
    /// The store lacks parts; the upload can go on.
    #[error("{} parts are missing", .0.len())]
    PartsMissing(Vec<PartNumber>),
    /// The store has no bytes; the upload can go on.
    #[error("the bytes have not arrived")]
    BytesMissing,
    /// All bytes are there in small pieces, which are being put together.
    #[error("the pieces are being put together")]
    Assembling,
    /// The bytes are not what was announced.
    #[error("{}", .0.detail)]
    Refused(Failure),
    /// It was aborted or has expired.
    #[error("the upload is closed")]
    Closed(UploadStatus),
    /// The checksum given now cannot be compared.
    #[error(transparent)]
    Unverifiable(#[from] UnverifiableChecksum),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record failed.
    #[error(transparent)]
    Record(#[from] RepositoryError),
    /// Whoever worked on it panicked, and with what words.
    #[error("a bug was met: {0}")]
    Panicked(String),
}

impl From<InvalidTransition> for NotFinished {
    fn from(refused: InvalidTransition) -> Self {
        Self::Closed(refused.from)
    }
}
