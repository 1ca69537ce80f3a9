//! How much of an upload in parts is there, as the bucket said a moment ago: whoever watches an upload asks every few
//! seconds, and the bucket is not asked that often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use windlass_protocol::UploadId;

/// How long an answer of the bucket is good.
const GOOD_FOR: Duration = Duration::from_secs(10);
/// How many uploads are kept in mind: of more those go that were looked at longest ago.
const MAX_KNOWN: usize = 4096;

/// What the bucket said of uploads.
#[derive(Debug, Default)]
pub struct RecentProgress {
    known: Mutex<HashMap<UploadId, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    percent: u8,
    seen_at: OffsetDateTime,
}

impl RecentProgress {
    /// How far an upload was, and whether that is still good.
    pub fn of(&self, upload: UploadId, now: OffsetDateTime) -> Option<(u8, bool)> {
        let known = self.lock().get(&upload).copied()?;
        Some((known.percent, now < known.seen_at + GOOD_FOR))
    }

    /// Keeps how far it is now.
    pub fn keep(&self, upload: UploadId, percent: u8, now: OffsetDateTime) {
        let mut known = self.lock();
        if known.len() >= MAX_KNOWN && !known.contains_key(&upload) {
            let oldest = known.values().map(|known| known.seen_at).min().unwrap_or(now);
            known.retain(|_, known| known.seen_at > oldest.max(now - 6 * GOOD_FOR));
        }
        known.insert(upload, Known { percent, seen_at: now });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UploadId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    #[test]
    fn what_was_said_is_good_for_a_while_and_remembered_longer() {
        let recent = RecentProgress::default();
        let upload = UploadId::from(Uuid::now_v7());
        assert_eq!(recent.of(upload, NOON), None);
        recent.keep(upload, 40, NOON);
        assert_eq!(recent.of(upload, NOON + Duration::from_secs(9)), Some((40, true)));
        assert_eq!(recent.of(upload, NOON + Duration::from_secs(10)), Some((40, false)));
    }

    #[test]
    fn those_who_were_looked_at_longest_ago_make_room() {
        let recent = RecentProgress::default();
        let uploads: Vec<UploadId> = (0..2 * MAX_KNOWN).map(|_| Uuid::now_v7().into()).collect();
        for (upload, milliseconds) in uploads.iter().zip(0..) {
            recent.keep(*upload, 1, NOON + Duration::from_millis(milliseconds));
        }
        assert!(recent.lock().len() <= MAX_KNOWN);
        assert!(recent.of(uploads[uploads.len() - 1], NOON).is_some());
        assert!(recent.of(uploads[0], NOON).is_none());
    }
}
