//! What is sent next.
//!
//! The smaller pictures of all photos go before any original, so that the office sees something of each. As few PUTs as keep the line busy are in flight:
//! what dies with the connections is then little, and what ends, ends soon. While nothing is known of the line
//! the smallest goes first: with it little is lost, and then the line is known. A PUT that should have ended
//! and is silent does not count among them: the next one tries another connection.

use super::command::{Server, Work};
use super::engine::Engine;
use super::jobs::{Job, TransferKey};
use super::piece::{Need, Piece, PieceKind, PieceState};
use super::transfer::{Stage, Transfer};

/// Staged pieces in flight at least: while one is answered, another moves.
const PIECES_AT_ONCE: usize = 2;
/// And at most, where one takes longer than this, in milliseconds. Where the way to the store and back takes longer still
/// there is one more: two of them would leave the line idle while both are answered.
const LONG_PIECE_MS: u64 = 500;
/// So often a PUT goes there and back: to open a connection, and with its bytes. One that lies open already makes one
/// piece too many, which costs little.
const WAYS_OF_A_PUT: u64 = 2;
/// Where the service wants to hear of no new upload for longer than this, in milliseconds, originals do not wait for the
/// pictures of those.
const HELD_FOR_LONG_MS: u64 = 3_000;

/// A piece that only waits for its turn: by what goes first, then in the order of adding.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    is_original: bool,
    /// Zero where size says nothing.
    size_bytes: u64,
    of: TransferKey,
    index: usize,
}

/// PUTs in flight, or bytes of them that are still to come.
#[derive(Debug, Clone, Copy, Default)]
struct Afloat {
    puts: usize,
    bytes: u64,
}

impl Afloat {
    fn and(self, bytes: u64) -> Self {
        Self { puts: self.puts + 1, bytes: self.bytes + bytes }
    }
}

impl Engine {
    pub(super) fn send(&mut self, active: &[TransferKey]) {
        if self.window.held_until_ms() > self.now_ms || self.is_trying(Server::Store) {
            return;
        }
        let limit = self.window.limit() as usize;
        let (mut pictures, mut originals) = self.afloat();
        // One more for a small picture: an original that takes a minute must not keep it waiting.
        let is_full = self.flying().count() >= self.config.connections_max as usize;
        if is_full || pictures.puts + originals.puts > limit {
            return;
        }
        for turn in self.turns(active) {
            let in_flight = pictures.puts + originals.puts;
            let Some(piece) = self.piece_mut(turn.of, turn.index) else { continue };
            let (size_bytes, is_staged) = (piece.size_bytes(), piece.staged_number().is_some());
            let (room, before) = if turn.is_original {
                let room = if is_staged { self.room_for_pieces(size_bytes, limit) } else { limit };
                (room, Afloat { puts: in_flight, bytes: pictures.bytes + originals.bytes })
            } else {
                (limit + 1, pictures)
            };
            let ahead_bytes = if is_staged { self.pieces_ahead_bytes() } else { self.link.ahead_bytes() };
            if in_flight >= room || (before.puts > 0 && before.bytes > ahead_bytes) {
                break;
            }
            self.start_put(turn.of, turn.index);
            if turn.is_original {
                originals = originals.and(size_bytes);
            } else {
                pictures = pictures.and(size_bytes);
            }
        }
    }

    /// How many bytes may still be to come when another staged piece begins: what is staged is worth its while only if
    /// little of it is lost, but the first bytes of the next one are on their way for some time.
    fn pieces_ahead_bytes(&self) -> u64 {
        let way_ms = self.answer_times.there_and_back_ms().unwrap_or_default();
        self.link.ahead_bytes() / 3 + self.link.bytes_in(way_ms)
    }

    /// How many staged pieces of that size may be in flight.
    fn room_for_pieces(&self, size_bytes: u64, limit: usize) -> usize {
        let takes_ms = self.link.time_for_ms(size_bytes);
        if takes_ms <= LONG_PIECE_MS {
            return limit.max(PIECES_AT_ONCE);
        }
        let way_ms = self.answer_times.there_and_back_ms();
        let is_answered_late = way_ms.is_some_and(|way_ms| WAYS_OF_A_PUT * way_ms > takes_ms);
        PIECES_AT_ONCE + usize::from(is_answered_late)
    }

    /// What is ready to go, in its order. No original before the smaller pictures of all photos that can
    /// be sent soon.
    fn turns(&self, active: &[TransferKey]) -> Vec<Turn> {
        let smallest_first = self.window.is_bad(self.now_ms);
        let is_first = !self.link.is_known();
        let may_announce = self.announcements_held_until_ms <= self.now_ms + HELD_FOR_LONG_MS;
        let pictures_first = self.active_transfers(active).any(|(_, transfer)| {
            let can_be_sent_soon = transfer.trouble.is_none() && (may_announce || transfer.may_send());
            can_be_sent_soon && transfer.has_pictures_to_send() && !transfer.is_hard_to_read()
        });
        let mut turns: Vec<Turn> = Vec::new();
        for (of, transfer) in self.active_transfers(active).filter(|(_, transfer)| transfer.may_send()) {
            for (index, piece) in transfer.pieces.iter().enumerate() {
                let is_original = !matches!(piece.kind, PieceKind::Variant(_));
                let has_to_wait = is_original && (pictures_first || self.originals_wait);
                if piece.need(self.now_ms) == Need::Sending && !has_to_wait {
                    let size_bytes = if is_first || !is_original {
                        piece.size_bytes()
                    } else if smallest_first {
                        transfer.bytes_to_send()
                    } else {
                        0
                    };
                    turns.push(Turn { is_original, size_bytes, of, index });
                }
            }
        }
        turns.sort_unstable();
        turns
    }

    /// Whether nothing of it is left but an original that waits for a better network.
    pub(super) fn waits_for_wifi(&self, transfer: &Transfer) -> bool {
        self.originals_wait && transfer.may_send() && transfer.only_its_original_is_left()
    }

    /// Whether originals wait from now on. Nothing was tried of those that did: that time is no trouble.
    pub(super) fn let_originals_wait(&mut self, wait: bool) {
        let waited = self.transfers.iter().filter(|(_, transfer)| self.waits_for_wifi(transfer));
        let waited: Vec<TransferKey> = waited.map(|(key, _)| *key).collect();
        self.originals_wait = wait;
        self.transfers.touch_all();
        for key in waited {
            if let Some(transfer) = self.transfers.get_mut(&key) {
                transfer.stuck_since_ms = None;
            }
        }
    }

    /// Lays aside those that only wait for Wi-Fi, and takes up again those that do no more.
    pub(super) fn sort_out(&mut self) {
        let wait = self.originals_wait;
        self.transfers
            .sort_out(|transfer| wait && transfer.may_send() && transfer.only_its_original_is_left());
    }

    /// PUTs in flight that are not overdue: of smaller pictures, and of originals.
    fn afloat(&self) -> (Afloat, Afloat) {
        let (mut pictures, mut originals) = (Afloat::default(), Afloat::default());
        let active = self.flying().count();
        let overdue_ms = self.overdue_ms();
        for piece in self.flying() {
            let Some(flight) = piece.flight() else { continue };
            if self.now_ms >= flight.heard_ms + overdue_ms {
                continue;
            }
            let elapsed_ms = self.now_ms.saturating_sub(flight.started_ms);
            // What was handed over in a burst is still on its way.
            let left = piece.size_bytes().saturating_sub(flight.sent_bytes)
                + self.link.in_buffers(active, elapsed_ms, flight.sent_bytes);
            let class =
                if matches!(piece.kind, PieceKind::Variant(_)) { &mut pictures } else { &mut originals };
            *class = class.and(left);
        }
        (pictures, originals)
    }

    /// The pieces that are in flight.
    pub(super) fn flying(&self) -> impl Iterator<Item = &Piece> + '_ {
        let puts = self.running.values().filter_map(|running| running.job.put());
        puts.filter_map(|(of, piece)| self.transfers.get(&of)?.pieces.get(piece))
    }

    /// Whose they are, and which.
    pub(super) fn puts(&self) -> Vec<(TransferKey, usize)> {
        self.running.values().filter_map(|running| running.job.put()).collect()
    }

    fn start_put(&mut self, of: TransferKey, index: usize) {
        let now_ms = self.now_ms;
        let Some(blob) = self.blob_of(of, index) else { return };
        let Some(piece) = self.piece_mut(of, index) else { return };
        let Some(ticket) = piece.usable_ticket(now_ms).cloned() else { return };
        let range = piece.range.clone();
        let work = Work::Put { blob, range, url: ticket.url, headers: ticket.headers };
        self.start(Job::Put { of, piece: index }, work, 0);
        if let Some(piece) = self.piece_mut(of, index) {
            piece.start_sending(now_ms).ok();
        }
    }
}

impl Transfer {
    /// Whether smaller pictures of it are on their way to the store, or to be got ready for it.
    fn has_pictures_to_send(&self) -> bool {
        match self.stage {
            Stage::Preparing | Stage::Announcing | Stage::Sending(_) => {}
            Stage::Following(_) | Stage::Confirming(_) | Stage::Checking(_) => return false,
        }
        let mut pictures = self.pieces.iter().filter(|piece| matches!(piece.kind, PieceKind::Variant(_)));
        pictures.any(|piece| !piece.is_stored() && piece.flight().is_none())
    }

    /// Whether its smaller pictures are stored, and of its original something is not and nothing is under way.
    fn only_its_original_is_left(&self) -> bool {
        let may_wait = self.pieces.iter().all(|piece| {
            let is_original = !matches!(piece.kind, PieceKind::Variant(_));
            let is_under_way = !piece.is_cut() && !matches!(piece.state, PieceState::Idle(_));
            piece.is_stored() || (is_original && !is_under_way)
        });
        // What is stored without the store saying as what is only to be looked up.
        may_wait && !self.wants_listing()
    }

    /// Bytes of it that are not stored.
    pub(super) fn bytes_to_send(&self) -> u64 {
        self.pieces.iter().filter(|piece| !piece.is_stored() && !piece.is_cut()).map(Piece::size_bytes).sum()
    }
}
