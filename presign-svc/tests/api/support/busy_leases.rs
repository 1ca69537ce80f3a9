//! Leases of uploads that another instance may hold for longer than anybody waits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use windlass_presign_svc::ports::leases::{Lease, UploadLeases};
use windlass_presign_svc::ports::uploads::{RepositoryError, RepositoryResult};
use windlass_protocol::UploadId;

#[derive(Default)]
pub struct BusyLeases {
    /// Whether somebody else has them all.
    pub are_busy: AtomicBool,
    /// What somebody else works on: their turn does not end.
    pub at_work_elsewhere: Mutex<Option<UploadId>>,
    /// Whether what instances that died have left was to be removed.
    pub are_tidied: AtomicBool,
}

#[async_trait]
impl UploadLeases for BusyLeases {
    async fn take(&self, id: UploadId) -> RepositoryResult<Lease> {
        if *self.at_work_elsewhere.lock().unwrap() == Some(id) {
            std::future::pending::<()>().await;
        }
        if self.are_busy.load(Ordering::SeqCst) {
            return Err(RepositoryError::Unavailable("another instance works on it".to_owned()));
        }
        Ok(Lease::until(CancellationToken::new()))
    }

    async fn forget_ended(&self) -> RepositoryResult<u64> {
        self.are_tidied.store(true, Ordering::SeqCst);
        Ok(0)
    }
}
