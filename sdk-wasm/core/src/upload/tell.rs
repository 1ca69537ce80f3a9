//! What the outside hears: phases when they change, progress a few times a second.

use super::engine::Engine;
use super::jobs::TransferKey;
use super::piece::PieceState;
use super::progress::Counts;
use super::transfer::{Stage, Transfer};
use super::{UploadEvent, UploadPhase};

impl Engine {
    /// Tells what has changed.
    pub(super) fn tell(&mut self) {
        let mut changed = self.transfers.touched().clone();
        changed.extend(self.twins.followers_of_any(&changed));
        let mut told = std::mem::take(&mut self.moving);
        told.extend(&changed);
        for key in told {
            if changed.contains(&key) {
                self.tell_phase(key);
            }
            let due_ms = self.transfers.get(&key).and_then(|transfer| self.progress_due_ms(transfer));
            if due_ms.is_some_and(|due_ms| due_ms <= self.now_ms) {
                self.tell_progress(key);
            }
            if self.transfers.get(&key).is_some_and(Transfer::may_tell_more) {
                self.moving.insert(key);
            }
        }
        self.sort_out();
        self.transfers.forget_touched();
    }

    fn tell_phase(&mut self, key: TransferKey) {
        let Some(transfer) = self.transfers.get(&key) else { return };
        let (phase, reason) = self.phase_of(transfer);
        if transfer.phase == phase && transfer.reason == reason {
            return;
        }
        let client_ref = transfer.upload.client_ref.clone();
        if let Some(transfer) = self.transfers.get_mut(&key) {
            transfer.phase = phase;
            transfer.reason.clone_from(&reason);
        }
        self.events.push_back(UploadEvent::Phase { client_ref, phase, reason });
    }

    pub(super) fn phase_of(&self, transfer: &Transfer) -> (UploadPhase, Option<String>) {
        if self.paused_all || transfer.paused {
            return (UploadPhase::Paused, None);
        }
        let leader = match transfer.stage {
            Stage::Following(leader) => self.transfers.get(&leader),
            _ => None,
        };
        // What waits for another one waits for what that one waits for.
        let sent = leader.unwrap_or(transfer);
        let mut flights = sent.pieces.iter().filter_map(|piece| piece.flight());
        let is_moving = flights.any(|f| f.sent_bytes > 0 && self.online.speaks_for_it(f.heard_ms));
        if !self.online.is_online() && !is_moving {
            return (UploadPhase::WaitingForNetwork, None);
        }
        // Before any trouble: nothing of it is tried meanwhile.
        if self.waits_for_wifi(sent) {
            return (UploadPhase::WaitingForWifi, None);
        }
        if let Some(trouble) = sent.trouble.as_ref().filter(|_| !is_moving) {
            return (UploadPhase::Retrying, Some(trouble.last.reason.clone()));
        }
        let phase = match transfer.stage {
            Stage::Preparing | Stage::Announcing | Stage::Following(_) => UploadPhase::Queued,
            Stage::Confirming(_) | Stage::Checking(_) => UploadPhase::Checking,
            // Between two pieces it may wait for its turn; to a person it is on its way all the same.
            Stage::Sending(_) if transfer.has_begun() => UploadPhase::Uploading,
            Stage::Sending(_) => UploadPhase::Queued,
        };
        (phase, None)
    }

    /// When its progress may be told next; `None` where there is nothing new.
    fn progress_due_ms(&self, transfer: &Transfer) -> Option<u64> {
        let next_ms = transfer.told_ms.map_or(0, |told| told + self.config.progress_interval_ms);
        (transfer.moved || self.is_draining(transfer)).then_some(next_ms)
    }

    /// Whether bytes that were handed over are still on their way, which nobody tells.
    fn is_draining(&self, transfer: &Transfer) -> bool {
        let mut flights = transfer.pieces.iter().filter_map(|piece| piece.flight());
        self.link.goodput_bytes_per_s().is_some() && flights.any(|f| f.arrived_bytes < f.sent_bytes)
    }

    /// What was handed to the system is not sent yet: only what can have arrived counts.
    fn estimate_arrivals(&mut self, key: TransferKey) {
        let (active, now_ms) = (self.flying().count(), self.now_ms);
        let Some(transfer) = self.transfers.get_mut(&key) else { return };
        for piece in &mut transfer.pieces {
            if let PieceState::Sending(flight) = &mut piece.state {
                let elapsed_ms = now_ms.saturating_sub(flight.started_ms);
                let on_the_way = self.link.in_buffers(active, elapsed_ms, flight.sent_bytes);
                flight.arrived_bytes = flight.arrived_bytes.max(flight.sent_bytes - on_the_way);
            }
        }
    }

    /// When some upload's progress is due.
    pub(super) fn next_progress_ms(&self) -> Option<u64> {
        let moving = self.moving.iter().filter_map(|key| self.transfers.get(key));
        moving.filter_map(|transfer| self.progress_due_ms(transfer)).min()
    }

    fn tell_progress(&mut self, key: TransferKey) {
        let now_ms = self.now_ms;
        self.estimate_arrivals(key);
        let Some(counts) = self.transfers.recount(key) else { return };
        let Some(transfer) = self.transfers.get_mut(&key) else { return };
        transfer.meter.note(now_ms, counts.sent_bytes);
        transfer.moved = false;
        transfer.told_ms = Some(now_ms);
        let file = counts.with_rate(&transfer.meter, now_ms);
        let client_ref = transfer.upload.client_ref.clone();
        let total = self.total();
        self.meter.note(now_ms, total.sent_bytes);
        let total = total.with_rate(&self.meter, now_ms);
        self.events.push_back(UploadEvent::Progress { client_ref, file, total });
    }

    /// The last word before an upload ends well: everything is there.
    pub(super) fn tell_final_progress(&mut self, key: TransferKey) {
        if let Some(transfer) = self.transfers.get_mut(&key) {
            transfer.is_stored = true;
            self.tell_progress(key);
        }
    }

    fn total(&self) -> Counts {
        let done = Counts {
            confirmed_bytes: self.done_bytes,
            sent_bytes: self.done_bytes,
            total_bytes: self.done_bytes,
        };
        done.plus(self.transfers.counts())
    }
}

impl Transfer {
    /// Whether there may be something new to tell of its progress without another input: time alone moves what was
    /// handed over.
    fn may_tell_more(&self) -> bool {
        self.moved || self.pieces.iter().any(|piece| piece.flight().is_some())
    }
}
