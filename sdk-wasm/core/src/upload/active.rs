//! Which uploads are worked on: the first of the queue, so that URLs are asked for just before they are used.
//!
//! Trouble is mostly everybody's, a service that is down or a store that is full: then no more are begun than can be tried
//! again without haste. Where others are stored meanwhile it is the trouble of some uploads alone, which may last for ever,
//! and holds up nobody else. What cannot be read is so from the first time on.

use super::engine::Engine;
use super::jobs::TransferKey;
use super::piece::{PieceKind, PieceState};
use super::transfer::{Stage, Transfer};

/// Trouble that is older lasts, in milliseconds.
const LASTING_MS: u64 = 60_000;
/// So many uploads are looked at: each input has them looked at anew.
const LOOKED_AT_MOST: usize = 1_000;

impl Engine {
    /// The uploads that are worked on, in the order of adding, and after them those in trouble.
    pub(super) fn active(&self) -> Vec<TransferKey> {
        if self.paused_all {
            return Vec::new();
        }
        let (ahead, waiting_most) = (self.config.uploads_ahead, self.config.originals_waiting);
        let spent_ms = self.online.spent_ms();
        let (mut healthy, mut waiting, mut oldest_ms) = (0, 0, spent_ms);
        let mut hard_to_read = 0;
        let (mut keys, mut troubled, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        let wanted = |transfer: &Transfer| !self.is_held(transfer) && !self.waits_for_wifi(transfer);
        let all = self.transfers.awake().filter(|(_, transfer)| wanted(transfer));
        for (key, transfer) in all.take(LOOKED_AT_MOST) {
            // Perhaps it is theirs alone, and nobody else had a chance: each minute some others are tried.
            let minutes = (spent_ms - oldest_ms) / LASTING_MS;
            let troubled_most = ahead * (2 + minutes as usize);
            if healthy >= ahead || waiting >= waiting_most || troubled.len() >= troubled_most {
                break;
            }
            let since_ms = transfer.stuck_since_ms.unwrap_or(spent_ms);
            match transfer.trouble {
                // It ends as another one does.
                _ if matches!(transfer.stage, Stage::Following(_)) => {}
                Some(_) if since_ms + LASTING_MS <= self.last_stored_ms => alone.push(*key),
                Some(_) => {
                    oldest_ms = oldest_ms.min(since_ms);
                    troubled.push(*key);
                }
                // Nothing is to be read or sent for it any more.
                None if matches!(transfer.stage, Stage::Checking(_)) => keys.push(*key),
                // Nothing may come of it for minutes: meanwhile it takes nobody's place. So many, and not all there are.
                None if hard_to_read < 2 * ahead && transfer.is_hard_to_read() => {
                    hard_to_read += 1;
                    keys.push(*key);
                }
                None if only_its_original_waits(transfer) => {
                    waiting += 1;
                    keys.push(*key);
                }
                None => {
                    healthy += 1;
                    keys.push(*key);
                }
            }
        }
        // The newest shows whether the trouble is over for those that were tried and have no place.
        let newest = troubled.pop();
        troubled.truncate(2 * ahead);
        keys.extend(troubled.into_iter().chain(newest));
        // As many of these as there are places, and after a minute the next ones.
        let turn = (self.now_ms / LASTING_MS) as usize * ahead;
        let places = 0..ahead.min(alone.len());
        keys.extend(places.filter_map(|place| alone.get((turn + place) % alone.len())));
        keys
    }

    /// Whether it has been in trouble for so long that nobody else is to wait for it.
    pub(super) fn is_in_lasting_trouble(&self, transfer: &Transfer) -> bool {
        let since_ms = transfer.stuck_since_ms.filter(|_| transfer.trouble.is_some());
        since_ms.is_some_and(|since_ms| since_ms + LASTING_MS <= self.online.spent_ms())
    }
}

/// Whether its smaller pictures are stored, and its original has not begun.
fn only_its_original_waits(transfer: &Transfer) -> bool {
    matches!(transfer.stage, Stage::Sending(_))
        && transfer.pieces.iter().all(|piece| match piece.kind {
            PieceKind::Variant(_) => piece.is_stored(),
            PieceKind::Whole | PieceKind::Part(_) | PieceKind::Staged(_) => {
                matches!(piece.state, PieceState::Idle(_) | PieceState::InPieces)
            }
        })
}
