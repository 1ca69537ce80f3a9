//! What the user wants: add, pause, resume, cancel.

use super::engine::Engine;
use super::errand::Errand;
use super::input::{NewUpload, Target};
use super::jobs::{Job, TransferKey};
use super::transfer::Transfer;
use super::{UploadEvent, UploadPhase};

/// Whoever cancels while the service makes the photo waits at most this long for its answer.
const LAST_WORD_MS: u64 = 5_000;

impl Engine {
    pub(super) fn add(&mut self, upload: NewUpload) {
        if self.contains(&upload.client_ref) {
            return;
        }
        let key = TransferKey(self.added);
        self.added += 1;
        self.by_ref.insert(upload.client_ref.clone(), key);
        self.events.push_back(UploadEvent::Phase {
            client_ref: upload.client_ref.clone(),
            phase: UploadPhase::Queued,
            reason: None,
        });
        if upload.resumed
            && let Some(begun) = self.gone.get(&upload.client_ref).copied()
            && self.aborts.get(&begun).is_some_and(|abort| !abort.is_running())
        {
            self.forget_abort(begun);
        }
        let mut transfer = Transfer::new(upload);
        transfer.paused = self.paused_all;
        self.transfers.insert(key, transfer);
    }

    fn targets(&self, target: &Target) -> Vec<TransferKey> {
        match target {
            Target::All => self.transfers.keys().copied().collect(),
            Target::One(client_ref) => self.by_ref.get(client_ref).copied().into_iter().collect(),
        }
    }

    pub(super) fn pause(&mut self, target: &Target) {
        self.paused_all |= *target == Target::All;
        for key in self.targets(target) {
            self.stop_moving_bytes(key);
            if let Some(transfer) = self.transfers.get_mut(&key) {
                transfer.paused = true;
                transfer.trouble = None;
                transfer.stuck_since_ms = None;
            }
        }
    }

    pub(super) fn resume(&mut self, target: &Target) {
        if std::mem::take(&mut self.paused_all) {
            self.transfers.touch_all();
        }
        for key in self.targets(target) {
            if let Some(transfer) = self.transfers.get_mut(&key) {
                transfer.paused = false;
                transfer.stuck_since_ms = None;
            }
        }
    }

    pub(super) fn cancel(&mut self, target: &Target) {
        for key in self.targets(target) {
            if !self.is_being_completed(key) {
                self.give_up_unwanted(key);
            }
        }
    }

    /// Whether the service is just making the photo. Its answer is waited for a moment: what is stored
    /// must not be called cancelled.
    fn is_being_completed(&mut self, key: TransferKey) -> bool {
        let latest_ms = self.now_ms + LAST_WORD_MS;
        let complete = self
            .running
            .values_mut()
            .find(|running| matches!(running.job, Job::Complete { of, .. } if of == key));
        let (Some(running), Some(transfer)) = (complete, self.transfers.get_mut(&key)) else { return false };
        running.deadline_ms = Some(running.deadline_ms.map_or(latest_ms, |deadline| deadline.min(latest_ms)));
        transfer.unwanted = true;
        true
    }

    /// The user's cancel takes effect.
    pub(super) fn give_up_unwanted(&mut self, key: TransferKey) {
        let Some(transfer) = self.leave(key) else { return };
        if let Some(session) = transfer.session() {
            self.aborts.insert(session.upload_id, Errand::new());
        }
        self.meter.reset();
        self.events.push_back(UploadEvent::Cancelled { client_ref: transfer.upload.client_ref });
        self.forget_done_when_empty();
    }
}
