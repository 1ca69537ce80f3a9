//! One instance at a time per upload, where several share a record.

use async_trait::async_trait;
use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_protocol::UploadId;

use super::uploads::RepositoryResult;

/// Leases on uploads, seen by all instances.
#[async_trait]
pub trait UploadLeases: Send + Sync + 'static {
    /// Waits until no other instance works on the upload, and answers
    /// [`Unavailable`](super::uploads::RepositoryError::Unavailable) where that takes too long.
    async fn take(&self, id: UploadId) -> RepositoryResult<Lease>;

    /// Removes what is left of leases that ended long ago and were never given back, as those of instances that died.
    /// Says of how many.
    async fn forget_ended(&self) -> RepositoryResult<u64>;
}

/// The right to work on one upload among all instances, until dropped. That of an instance that died ends
/// after some seconds.
#[derive(Debug)]
pub struct Lease {
    _until: DropGuard,
}

impl Lease {
    /// A lease at whose end the token is cancelled.
    pub fn until(released: CancellationToken) -> Self {
        Self { _until: released.drop_guard() }
    }
}
