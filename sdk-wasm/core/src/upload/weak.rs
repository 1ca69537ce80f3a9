//! Weak signals: where a part, or a whole photo, would hardly ever arrive in one go, its bytes go as small
//! staged pieces, each a step that lasts. The service puts them together.
//!
//! What is cut stays cut: a piece that is staged is never sent again. What is not cut yet goes as usual as
//! soon as the line is trusted again.

use std::collections::{BTreeMap, BTreeSet};

use windlass_protocol::list_parts::StagedPieces;
use windlass_protocol::piece_plan::{MAX_COMPOSED_BYTES, PIECE_SIZES_BYTES};
use windlass_protocol::{Checksum, PieceNumber, PiecePlan};

use super::engine::Engine;
use super::jobs::{Job, TransferKey};
use super::piece::{Piece, PieceKind, PieceState, Rest};
use super::transfer::Transfer;

/// What has at most this many bytes is a small step itself.
const SMALL_BYTES: u64 = 256 * 1024;
/// So many PUTs of the same bytes that died on the way are no accident.
const DEATHS_MOST: u32 = 2;
/// What is in flight for a shorter time tells nothing by not being confirmed.
const TELLING_MS: u64 = 1_000;
/// What takes more than this share of the time the line carries goes in pieces: one in eight bytes of it
/// would be sent in vain on average.
const SHARE_OF_CALM: u64 = 4;
/// The same of what is under way already.
const SHARE_UNDER_WAY: u64 = 3;
/// In an outage that is not long yet a piece is tried again after this long at the latest, in milliseconds:
/// it costs next to nothing.
const PROBE_MS: u64 = 1_000;
const PROBES_MOST: u32 = 20;
/// A piece should take about this long, in milliseconds: little to lose, and few requests.
const PIECE_MS: u64 = 500;
/// Pieces cut and not sent yet, of one upload: beyond them nothing more is cut.
const PIECES_AHEAD: usize = 16;

impl Engine {
    /// Cuts what had better go in pieces, a little ahead of what is sent, and holds the rest of it back.
    pub(super) fn cut_for_weak_signal(&mut self, active: &[TransferKey]) {
        if !self.config.weak_signal {
            return;
        }
        let mut decisions: Vec<(TransferKey, usize, bool)> = Vec::new();
        for (key, transfer) in self.active_transfers(active) {
            if transfer.may_send() && transfer.staging.is_some() {
                let is_weak = self.is_too_weak_for(transfer);
                let units = transfer.pieces.iter().enumerate().filter(|(_, piece)| piece.can_be_cut());
                decisions
                    .extend(units.map(|(index, unit)| (key, index, self.is_better_in_pieces(unit, is_weak))));
            }
        }
        for (of, index, is_better) in decisions {
            let has_enough =
                self.transfers.get(&of).is_some_and(|transfer| transfer.pieces_left() >= PIECES_AHEAD);
            if let Some(unit) = self.piece_mut(of, index) {
                unit.is_held = is_better;
            }
            if is_better && !has_enough {
                self.cut(of, index);
            }
        }
    }

    /// Whether a line that is bad now kills the parts of this upload, or needs too long for one of them. A
    /// shorter last part is judged as the others are.
    fn is_too_weak_for(&self, transfer: &Transfer) -> bool {
        let has_died = transfer.pieces.iter().any(|piece| piece.deaths >= DEATHS_MOST);
        let units = transfer.pieces.iter().filter(|piece| piece.is_unit());
        let largest_bytes = units.map(Piece::size_bytes).max().unwrap_or(0);
        (has_died && self.window.is_bad(self.now_ms)) || self.is_long(largest_bytes, SHARE_OF_CALM)
    }

    /// Whether a whole or a part had better go in pieces. What is under way goes on where less is lost so.
    fn is_better_in_pieces(&self, unit: &Piece, is_weak: bool) -> bool {
        let size_bytes = unit.size_bytes();
        if size_bytes <= SMALL_BYTES || size_bytes > MAX_COMPOSED_BYTES {
            return false;
        }
        let Some(flight) = unit.flight() else {
            return is_weak || unit.deaths >= DEATHS_MOST;
        };
        let elapsed_ms = self.now_ms.saturating_sub(flight.started_ms);
        let on_the_way = self.link.in_buffers(self.flying().count(), elapsed_ms, flight.sent_bytes);
        let arrived = flight.sent_bytes.saturating_sub(on_the_way);
        let left = size_bytes.saturating_sub(arrived);
        let left_ms = self.cautious_time_ms(left).unwrap_or(0.0);
        let risk = (left_ms / self.calm.expected_ms() as f64).min(1.0);
        // On average a connection that dies does so half way through what is left. Giving up loses all that was
        // handed over: what has not arrived of it goes over the line all the same.
        self.is_long(size_bytes, SHARE_UNDER_WAY)
            && (flight.sent_bytes as f64) < risk * (arrived as f64 + left as f64 / 2.0)
    }

    fn is_long(&self, size_bytes: u64, share: u64) -> bool {
        self.cautious_time_ms(size_bytes)
            .is_some_and(|time_ms| share as f64 * time_ms > self.calm.expected_ms() as f64)
    }

    /// Milliseconds that many bytes need, as far as that is known. A line that has not confirmed in all this
    /// time what is in flight is no faster than that.
    fn cautious_time_ms(&self, size_bytes: u64) -> Option<f64> {
        let afloat_bytes: u64 = self.flying().map(Piece::size_bytes).sum();
        let bounds = self.flying().filter_map(Piece::flight).filter_map(|flight| {
            let elapsed_ms = self.now_ms.saturating_sub(flight.started_ms);
            let delivered = flight.beside.bytes_in(elapsed_ms);
            (elapsed_ms >= TELLING_MS)
                .then(|| (delivered + afloat_bytes) as f64 * 1_000.0 / elapsed_ms as f64)
        });
        let rate = self.link.cautious_bytes_per_s(bounds.reduce(f64::min))?;
        Some(size_bytes as f64 * 1_000.0 / rate.max(1.0))
    }

    /// How long a piece rests that did not even leave.
    pub(super) fn rest_of_piece(&self, rest: Rest, failures: u32) -> Rest {
        let latest_ms = if failures <= PROBES_MOST { self.now_ms + PROBE_MS } else { u64::MAX };
        Rest { until_ms: rest.until_ms.min(latest_ms), ..rest }
    }

    fn cut(&mut self, of: TransferKey, index: usize) {
        let goodput = self.link.goodput_bytes_per_s().unwrap_or(0.0);
        let comfortable = (goodput * PIECE_MS as f64 / 1_000.0) as u64;
        let [smallest, ..] = PIECE_SIZES_BYTES;
        let fitting = PIECE_SIZES_BYTES.into_iter().rfind(|size| *size <= comfortable).unwrap_or(smallest);
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        let Some(staging) = &mut transfer.staging else { return };
        let piece_size = *staging.piece_size.get_or_insert(fitting);
        if transfer.cut(index, piece_size) {
            transfer.moved = true;
            self.stop_jobs(
                |job| matches!(job, Job::Put { of: whose, piece } if (*whose, *piece) == (of, index)),
            );
        } else if let Some(unit) = self.piece_mut(of, index) {
            unit.is_held = false;
        }
    }

    /// The service takes no pieces any more: everything goes as usual.
    pub(super) fn go_without_pieces(&mut self, of: TransferKey) {
        self.stop_moving_bytes(of);
        if let Some(transfer) = self.transfers.get_mut(&of) {
            (transfer.staging, transfer.pieces_refused) = (None, true);
            transfer.pieces.retain(|piece| piece.staged_number().is_none());
            for unit in &mut transfer.pieces {
                unit.is_held = false;
                if unit.is_cut() {
                    unit.send_again(Rest::default());
                }
            }
            transfer.sign.succeeded();
            transfer.moved = true;
        }
    }
}

impl Transfer {
    /// Cuts a whole or a part; false where it cannot be cut so.
    fn cut(&mut self, index: usize, piece_size: u64) -> bool {
        let Ok(plan) = PiecePlan::new(self.upload.size_bytes, piece_size) else { return false };
        let Some(unit) = self.pieces.get_mut(index).filter(|piece| piece.can_be_cut()) else { return false };
        let Some(numbers) = plan.pieces_of(&unit.range) else { return false };
        (unit.state, unit.ticket, unit.is_held) = (PieceState::InPieces, None, false);
        let pieces = numbers
            .filter_map(|number| Some(Piece::new(PieceKind::Staged(number), plan.byte_range(number)?)));
        self.pieces.extend(pieces);
        true
    }

    /// Pieces that are not staged yet.
    fn pieces_left(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.staged_number().is_some() && !piece.is_stored()).count()
    }

    /// Whether it is sent in pieces, or some of it.
    pub fn has_pieces(&self) -> bool {
        self.pieces.iter().any(|piece| piece.staged_number().is_some())
    }

    /// Whether more of its pieces are to be read.
    pub fn has_pieces_to_read(&self) -> bool {
        let mut pieces = self.pieces.iter().filter(|piece| piece.staged_number().is_some());
        pieces.any(|piece| match piece.state {
            PieceState::Reading => true,
            PieceState::Idle(_) => piece.checksum().is_none(),
            _ => false,
        })
    }

    /// Pieces that could be signed now.
    pub fn pieces_to_sign(&self, now_ms: u64, at_most: usize) -> Vec<usize> {
        self.to_sign(now_ms, at_most, |piece| piece.staged_number().is_some())
    }

    /// Cuts what the service says is staged in pieces already, so that none of them is sent again, but for what is on
    /// its way as a whole. Answers the checksums of those that are staged.
    pub fn take_staged(&mut self, staged: StagedPieces) -> BTreeMap<PieceNumber, Option<Checksum>> {
        let plan = PiecePlan::new(self.upload.size_bytes, staged.piece_size);
        let Some(plan) = plan.ok().filter(|_| !self.pieces_refused) else { return BTreeMap::new() };
        let settled = self.staging.get_or_insert_default().piece_size.get_or_insert(staged.piece_size);
        if *settled != staged.piece_size {
            return BTreeMap::new();
        }
        let starts: BTreeSet<u64> = staged
            .pieces
            .iter()
            .filter_map(|piece| Some(plan.byte_range(piece.piece_number)?.start))
            .collect();
        for index in 0..self.pieces.len() {
            let is_at_rest = |unit: &Piece| unit.can_be_cut() && unit.flight().is_none();
            let holds = |unit: &Piece| is_at_rest(unit) && starts.range(unit.range.clone()).next().is_some();
            if self.pieces.get(index).is_some_and(holds) {
                self.cut(index, staged.piece_size);
            }
        }
        staged.pieces.into_iter().map(|piece| (piece.piece_number, piece.checksum)).collect()
    }

    /// Whether the pieces of what was read as one before have other bytes than it had.
    pub fn was_changed_since_it_was_read(&self, index: usize) -> bool {
        let Some(range) = self.pieces.get(index).map(|piece| piece.range.clone()) else { return false };
        let is_around = |unit: &&Piece| unit.is_cut() && unit.range.contains(&range.start);
        let Some(unit) = self.pieces.iter().find(is_around) else { return false };
        let Some(before) = unit.checksum() else { return false };
        self.checksum_as_read(&unit.range).is_some_and(|now| now != before)
    }

    /// One of its pieces did not even leave: the others would fare no better, and rest with it.
    pub fn rest_together(&mut self, rest: Rest, failures: u32) {
        for piece in self.pieces.iter_mut().filter(|piece| piece.staged_number().is_some()) {
            if let PieceState::Idle(waits) = &mut piece.state
                && waits.until_ms < rest.until_ms
            {
                (*waits, piece.failures) = (rest, piece.failures.max(failures));
            }
        }
    }

    /// One of its pieces arrived: what the others failed at is over.
    pub fn recover_together(&mut self) {
        for piece in self.pieces.iter_mut().filter(|piece| piece.staged_number().is_some()) {
            piece.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_protocol::list_parts::StagedPiece;

    use super::*;
    use crate::upload::NewUpload;
    use crate::upload::checksum::crc64_nvme;
    use crate::upload::ticket::Ticket;

    /// A photo that is ready to go in one PUT.
    fn photo() -> Transfer {
        let mut transfer = Transfer::new(NewUpload {
            client_ref: "photo".parse().unwrap(),
            filename: "photo.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            size_bytes: 1 << 20,
            metadata: None,
            variants: Vec::new(),
            resumed: false,
            again: true,
        });
        let whole = transfer.pieces.first_mut().unwrap();
        whole.start_reading().unwrap();
        whole.was_read(crc64_nvme(b"its bytes")).unwrap();
        whole.signing_ended(Some(Ticket::until(1_000)));
        transfer
    }

    fn take_one_staged(transfer: &mut Transfer) {
        let [piece_size, ..] = PIECE_SIZES_BYTES;
        let piece_number = PieceNumber::try_from(1).unwrap();
        let pieces = vec![StagedPiece { piece_number, checksum: None }];
        transfer.take_staged(StagedPieces { piece_size, pieces });
    }

    #[test]
    fn a_service_that_offers_no_pieces_any_more_is_asked_for_those_that_were_begun() {
        let mut transfer = photo();
        take_one_staged(&mut transfer);
        let accepted = serde_json::json!({
            "client_ref": "photo",
            "upload_id": "00000000-0000-7000-8000-000000000000",
            "photo_id": "00000000-0000-7000-8000-000000000000",
            "status": "pending_upload",
            "method": "PUT",
            "url": "https://s.example/k",
            "headers": {},
            "variants": [],
            "expires_at": "2026-01-01T00:00:00Z",
            "status_url": "/api/v1/uploads/00000000-0000-7000-8000-000000000000",
        });
        transfer.announced(serde_json::from_value(accepted).unwrap(), |_, _| Ticket::until(1_000));
        assert!(transfer.has_pieces());
        assert!(transfer.staging.is_some_and(|staging| staging.piece_size.is_some()), "it refuses them");
    }

    #[test]
    fn what_another_tab_has_staged_cuts_nothing_that_is_on_its_way() {
        let mut transfer = photo();
        take_one_staged(&mut transfer);
        assert!(transfer.has_pieces());

        let mut transfer = photo();
        transfer.pieces.first_mut().unwrap().start_sending(0).unwrap();
        take_one_staged(&mut transfer);
        assert!(!transfer.has_pieces());
    }
}
