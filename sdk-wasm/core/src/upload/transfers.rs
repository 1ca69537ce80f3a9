//! The uploads of an engine, and which of them may have changed since somebody last asked.
//!
//! A crew chooses a thousand photos at once, and each input concerns one of them: what is told and noticed after
//! it must not look at all the others. Whoever may change an upload gets it here, so none is overlooked.

use std::collections::{BTreeMap, BTreeSet};

use super::jobs::TransferKey;
use super::progress::Counts;
use super::transfer::Transfer;

/// All uploads that have not ended, in the order of adding.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    all: BTreeMap<TransferKey, Transfer>,
    touched: BTreeSet<TransferKey>,
    /// Those for which there may be something to do, and not only an original that waits for a better network: of these a
    /// whole job's may lie here for a day.
    awake: BTreeSet<TransferKey>,
    /// Of all, as they were counted last.
    counts: Counts,
    /// How often one of them was looked at: what a long queue costs.
    #[cfg(debug_assertions)]
    looked_at: std::cell::Cell<u64>,
}

impl Transfers {
    pub fn insert(&mut self, key: TransferKey, transfer: Transfer) {
        self.counts = self.counts.plus(transfer.counts);
        self.touched.insert(key);
        self.awake.insert(key);
        if let Some(before) = self.all.insert(key, transfer) {
            self.counts = self.counts.minus(before.counts);
        }
    }

    pub fn remove(&mut self, key: TransferKey) -> Option<Transfer> {
        let transfer = self.all.remove(&key)?;
        self.touched.remove(&key);
        self.awake.remove(&key);
        self.counts = self.counts.minus(transfer.counts);
        Some(transfer)
    }

    pub fn get(&self, key: &TransferKey) -> Option<&Transfer> {
        self.look(1);
        self.all.get(key)
    }

    pub fn get_mut(&mut self, key: &TransferKey) -> Option<&mut Transfer> {
        self.look(1);
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

    pub fn iter(&self) -> impl Iterator<Item = (&TransferKey, &Transfer)> {
        self.all.iter().inspect(|_| self.look(1))
    }

    /// Those for which there may be something to do, in the order of adding.
    pub fn awake(&self) -> impl Iterator<Item = (&TransferKey, &Transfer)> {
        self.awake.iter().filter_map(|key| Some((key, self.get(key)?)))
    }

    /// Looks which of those that may have changed only wait now, and which do no more.
    pub fn sort_out(&mut self, only_waits: impl Fn(&Transfer) -> bool) {
        for key in &self.touched {
            if self.all.get(key).is_some_and(&only_waits) {
                self.awake.remove(key);
            } else if self.all.contains_key(key) {
                self.awake.insert(*key);
            }
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = &TransferKey> {
        self.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &Transfer> {
        self.iter().map(|(_, transfer)| transfer)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Transfer> {
        self.touch_all();
        self.all.values_mut()
    }

    /// Something has changed that concerns them all.
    pub fn touch_all(&mut self) {
        self.look(self.all.len());
        self.touched = self.all.keys().copied().collect();
    }

    /// Only tests ask, and a build without their checks does not count.
    fn look(&self, count: usize) {
        #[cfg(debug_assertions)]
        self.looked_at.set(self.looked_at.get() + count as u64);
        #[cfg(not(debug_assertions))]
        let _ = count;
    }

    /// All of them, for who checks: such looks do not count.
    #[cfg(debug_assertions)]
    pub fn all(&self) -> &BTreeMap<TransferKey, Transfer> {
        &self.all
    }

    #[cfg(debug_assertions)]
    pub fn is_awake(&self, key: &TransferKey) -> bool {
        self.awake.contains(key)
    }

    #[cfg(debug_assertions)]
    pub fn looked_at(&self) -> u64 {
        self.looked_at.get()
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
