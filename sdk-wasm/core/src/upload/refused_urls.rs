//! A store that does not accept a signed URL, in its own words: because the URL is too old, or the keys it was signed
//! with have just been exchanged, or a permission is missing.
//!
//! A new URL helps against age, at once. Keys and permissions take seconds to hold everywhere once they were changed,
//! or a minute or two; a permission that is not given heals never. So it is tried for that long, and then said.

use super::backoff::Backoff;
use super::engine::Engine;
use super::jobs::TransferKey;
use super::piece::Rest;
use super::transfer::{Side, Trouble};
use super::verdict::Setback;

/// So many refusals in a row end the upload …
const REFUSALS_LEAST: u32 = 4;
/// … when the first of them was so long ago, in milliseconds.
const PATIENCE_MS: u64 = 2 * 60_000;
/// What is said meanwhile, after what the store, or the service of a token, has said.
pub(super) const WHY_AGAIN: &str =
    "It is tried again for a few minutes: what was changed there a moment ago may not hold everywhere yet.";

/// Signed URLs of a piece that the store did not accept, in a row: whatever else becomes of a PUT ends the row. So a
/// phone that sleeps until its URLs are too old, again and again, is not taken for one that is not let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RefusedUrls {
    count: u32,
    /// When the first of them was refused.
    since_ms: u64,
}

impl RefusedUrls {
    fn another(&mut self, now_ms: u64) -> Self {
        if self.count == 0 {
            self.since_ms = now_ms;
        }
        self.count = self.count.saturating_add(1);
        *self
    }

    fn are_for_good(self, now_ms: u64) -> bool {
        self.count >= REFUSALS_LEAST && now_ms >= self.since_ms + PATIENCE_MS
    }
}

impl Engine {
    /// The store has refused the URL of a piece, which was dropped.
    pub(super) fn url_refused(&mut self, of: TransferKey, index: usize, setback: Setback) {
        let now_ms = self.now_ms;
        let Some(piece) = self.piece_mut(of, index) else { return };
        let refused = piece.refused_urls.another(now_ms);
        if refused.are_for_good(now_ms) {
            return self.fail(of, setback);
        }
        if refused.count == 1 {
            // The usual case is age: a new URL, and no waiting.
            piece.was_not_stored(Rest::default(), false, false).ok();
            return;
        }
        let Some((rest, _)) = self.set_back(of, Side::Store, &setback, 0) else { return };
        // Each attempt costs all the bytes of the piece: the wait grows further than others do.
        let unhurried = Backoff { cap_ms: self.config.backoff.long_cap_ms, ..self.config.backoff };
        let wait_ms = unhurried.wait_ms(refused.count, setback.retry_after_ms, &mut self.chance);
        if let Some(piece) = self.piece_mut(of, index) {
            piece.was_not_stored(Rest { until_ms: now_ms + wait_ms, ..rest }, false, false).ok();
        }
        if let Some(transfer) = self.transfers.get_mut(&of) {
            let reason = format!("{} {WHY_AGAIN}", setback.reason);
            transfer.trouble = Some(Trouble { last: Setback { reason, ..setback }, side: Side::Store });
            transfer.settle();
        }
    }
}
