//! Files of which nothing comes: a provider that hangs, a card that went to sleep, a read that a browser forgot when
//! it froze the page.
//!
//! A read is given up when nothing has come of it for a long time, and begun anew; what it brings after that is nobody's.
//! Time in which the page was frozen does not count. Those that failed leave places to others.

use super::answer_times::{READING_MS, Wait};
use super::command::CommandId;
use super::engine::Engine;
use super::transfer::Transfer;

/// What could not be read the last time is read where no more than so many others are being read, it included: whatever
/// becomes of it, others find a place.
pub(super) const READERS_OF_HARD_MAX: usize = 2;

impl Engine {
    /// More of a file has come: it is given time for as much again.
    pub(super) fn more_was_read(&mut self, id: CommandId) {
        let until_ms = self.now_ms + READING_MS;
        let running = self.running.get_mut(&id).filter(|running| running.job.wait() == Wait::Reading);
        if let Some(running) = running {
            running.deadline_ms = running.deadline_ms.map(|deadline| deadline.max(until_ms));
        }
    }
}

impl Transfer {
    /// Whether something of it could not be read the last time, and is still wanted.
    pub(super) fn is_hard_to_read(&self) -> bool {
        let is_unknown = self.content.is_none() && self.content_failures > 0;
        is_unknown || self.pieces.iter().any(|piece| piece.read_failures > 0 && !piece.is_settled())
    }
}
