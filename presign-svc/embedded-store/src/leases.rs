//! Readers' claims on bodies: an object that is replaced or deleted while it is being read keeps
//! its files until the last reader is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::layout::{BlobId, Layout};

/// Counts the readers of each body set, named by its first blob.
#[derive(Debug)]
pub(crate) struct Leases {
    layout: Arc<Layout>,
    held: Mutex<HashMap<BlobId, Held>>,
}

#[derive(Debug, Default)]
struct Held {
    readers: usize,
    /// The object is gone: the last reader deletes these.
    retired: Vec<BlobId>,
}

impl Leases {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        Self { layout, held: Mutex::default() }
    }

    /// Claims an object's bodies. Call it while the object cannot be replaced.
    pub(crate) fn lease(self: &Arc<Self>, blobs: &[BlobId]) -> Lease {
        let first = blobs.first().copied();
        if let Some(first) = first {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).entry(first).or_default().readers += 1;
        }
        Lease { first, leases: Arc::clone(self) }
    }

    /// Deletes an object's bodies, now or when the last reader is done.
    pub(crate) fn retire(&self, blobs: Vec<BlobId>) {
        let Some(first) = blobs.first() else { return };
        if let Some(held) = self.held.lock().unwrap_or_else(PoisonError::into_inner).get_mut(first) {
            held.retired = blobs;
            return;
        }
        self.layout.remove_blobs(&blobs);
    }

    /// Bodies that wait for their last reader.
    pub(crate) fn retired(&self) -> Vec<BlobId> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.values().flat_map(|held| held.retired.iter().copied()).collect()
    }
}

/// One reader's claim.
#[derive(Debug)]
pub(crate) struct Lease {
    first: Option<BlobId>,
    leases: Arc<Leases>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(first) = self.first else { return };
        let retired = {
            let mut held = self.leases.held.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(entry) = held.get_mut(&first) else { return };
            entry.readers -= 1;
            if entry.readers > 0 {
                return;
            }
            held.remove(&first).map(|entry| entry.retired).unwrap_or_default()
        };
        self.leases.layout.remove_blobs(&retired);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_body_stays_until_its_last_reader_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        layout.prepare().unwrap();
        let layout = Arc::new(layout);
        let leases = Arc::new(Leases::new(Arc::clone(&layout)));
        let blob = BlobId::random();
        layout.make_shard(&layout.blob_path(blob)).unwrap();
        std::fs::write(layout.blob_path(blob), b"bytes").unwrap();

        let (first, second) = (leases.lease(&[blob]), leases.lease(&[blob]));
        leases.retire(vec![blob]);
        drop(first);
        assert!(layout.blob_path(blob).exists());
        assert_eq!(leases.retired(), [blob]);
        drop(second);
        assert!(!layout.blob_path(blob).exists());
        assert!(leases.retired().is_empty());
    }
}
