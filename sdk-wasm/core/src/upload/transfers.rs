//! The uploads of an engine, and which of them may have changed since somebody last asked.
//!
//! A crew chooses a thousand photos at once, and each input concerns one of them: what is told and noticed after
//! it must not look at all the others. Whoever may change an upload gets it here, so none is overlooked.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use super::jobs::TransferKey;
use super::progress::Counts;
use super::transfer::Transfer;

/// All uploads that have not ended, in the order of adding.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    all: BTreeMap<TransferKey, Transfer>,
    touched: BTreeSet<TransferKey>,
    /// Of all, as they were counted last.
    counts: Counts,
}

impl Transfers {
    pub fn insert(&mut self, key: TransferKey, transfer: Transfer) {
        self.counts = self.counts.plus(transfer.counts);
        self.touched.insert(key);
        if let Some(before) = self.all.insert(key, transfer) {
            self.counts = self.counts.minus(before.counts);
        }
    }

    pub fn remove(&mut self, key: TransferKey) -> Option<Transfer> {
        let transfer = self.all.remove(&key)?;
        self.touched.remove(&key);
        self.counts = self.counts.minus(transfer.counts);
        Some(transfer)
    }

    pub fn get(&self, key: &TransferKey) -> Option<&Transfer> {
        self.all.get(key)
    }

    pub fn get_mut(&mut self, key: &TransferKey) -> Option<&mut Transfer> {
        let transfer = self.all.get_mut(key)?;
        self.touched.insert(*key);
        Some(transfer)
    }

    pub fn contains_key(&self, key: &TransferKey) -> bool {
        self.all.contains_key(key)
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn iter(&self) -> btree_map::Iter<'_, TransferKey, Transfer> {
        self.all.iter()
    }

    pub fn keys(&self) -> btree_map::Keys<'_, TransferKey, Transfer> {
        self.all.keys()
    }

    pub fn values(&self) -> btree_map::Values<'_, TransferKey, Transfer> {
        self.all.values()
    }

    pub fn values_mut(&mut self) -> btree_map::ValuesMut<'_, TransferKey, Transfer> {
        self.touch_all();
        self.all.values_mut()
    }

    /// Something has changed that concerns them all.
    pub fn touch_all(&mut self) {
        self.touched = self.all.keys().copied().collect();
    }

    /// Those that may have changed since [`forget_touched`](Self::forget_touched).
    pub fn touched(&self) -> &BTreeSet<TransferKey> {
        &self.touched
    }

    pub fn forget_touched(&mut self) {
        self.touched.clear();
    }

    /// Counts one of them anew, and answers its bytes.
    pub fn recount(&mut self, key: TransferKey) -> Option<Counts> {
        let transfer = self.all.get_mut(&key)?;
        let now = transfer.count();
        let before = std::mem::replace(&mut transfer.counts, now);
        self.counts = self.counts.plus(now).minus(before);
        Some(now)
    }

    /// The bytes of all of them, as they were counted last.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
