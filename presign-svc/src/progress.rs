//! How much of an upload in parts is there, as the bucket said a moment ago: whoever watches an upload asks every few
//! seconds, and the bucket is not asked that often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use windlass_protocol::UploadId;

/// How long an answer of the bucket is good, and how long it is left alone where it gave none.
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
    asked_at: OffsetDateTime,
}

impl RecentProgress {
    /// How far an upload was, when the bucket last said so; 0 where it never did.
    pub fn of(&self, upload: UploadId) -> u8 {
        self.lock().get(&upload).map_or(0, |known| known.percent)
    }

    /// Whether the bucket may be asked again.
    pub fn is_due(&self, upload: UploadId, now: OffsetDateTime) -> bool {
        self.lock().get(&upload).is_none_or(|known| known.is_old(now))
    }

    /// The same, and the one who is told so is the one who asks: nobody else does for a while, whatever comes of it.
    pub fn take_look(&self, upload: UploadId, now: OffsetDateTime) -> bool {
        let mut known = self.lock();
        let before = known.get(&upload).copied();
        let is_due = before.is_none_or(|known| known.is_old(now));
        if is_due {
            make_room(&mut known, upload, now);
            known.insert(upload, Known { percent: before.map_or(0, |known| known.percent), asked_at: now });
        }
        is_due
    }

    /// Keeps how far it is now.
    pub fn keep(&self, upload: UploadId, percent: u8, now: OffsetDateTime) {
        let mut known = self.lock();
        make_room(&mut known, upload, now);
        known.insert(upload, Known { percent, asked_at: now });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UploadId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_old(&self, now: OffsetDateTime) -> bool {
        self.age(now) >= GOOD_FOR
    }

    /// How long ago the bucket was asked. A time far ahead is an old one: the clock was wrong then and has been set back,
    /// and until it gets there again nobody would ask. One that is a little ahead is of a request beside this one.
    fn age(&self, now: OffsetDateTime) -> Duration {
        (now - self.asked_at).unsigned_abs()
    }
}

fn make_room(known: &mut HashMap<UploadId, Known>, upload: UploadId, now: OffsetDateTime) {
    if known.len() >= MAX_KNOWN && !known.contains_key(&upload) {
        let oldest = known.values().map(|known| known.age(now)).max().unwrap_or_default();
        known.retain(|_, known| known.age(now) < oldest.min(6 * GOOD_FOR));
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    #[test]
    fn of_all_who_watch_an_upload_one_asks_and_what_was_said_is_remembered() {
        let recent = RecentProgress::default();
        let upload = UploadId::from(Uuid::now_v7());
        assert!(recent.is_due(upload, NOON) && recent.is_due(upload, NOON), "to ask whether is not to ask");
        assert!(recent.take_look(upload, NOON));
        assert!(!recent.is_due(upload, NOON) && !recent.take_look(upload, NOON), "somebody asks already");
        assert_eq!(recent.of(upload), 0);
        recent.keep(upload, 40, NOON);
        let (soon, later) = (NOON + Duration::from_secs(9), NOON + Duration::from_secs(10));
        assert!(!recent.take_look(upload, soon));
        assert!(recent.take_look(upload, later));
        assert!(!recent.take_look(upload, later), "and where no answer comes nobody asks again at once");
        assert_eq!(recent.of(upload), 40, "what was said before");
    }

    #[test]
    fn a_clock_that_was_ahead_and_is_set_back_keeps_nobody_from_asking() {
        let recent = RecentProgress::default();
        let upload = UploadId::from(Uuid::now_v7());
        recent.keep(upload, 40, NOON + Duration::from_secs(3600));
        assert!(recent.is_due(upload, NOON) && recent.take_look(upload, NOON));
        assert_eq!(recent.of(upload), 40, "what was said before");
        let before = NOON - Duration::from_secs(1);
        assert!(!recent.take_look(upload, before), "nobody asks again who came a moment before");
    }

    #[test]
    fn those_who_were_asked_of_by_a_clock_that_was_ahead_make_room_first() {
        let recent = RecentProgress::default();
        for milliseconds in 0..MAX_KNOWN as u64 {
            recent.keep(Uuid::now_v7().into(), 1, NOON + Duration::from_millis(3_600_000 + milliseconds));
        }
        let (first, second) = (UploadId::from(Uuid::now_v7()), UploadId::from(Uuid::now_v7()));
        recent.keep(first, 2, NOON);
        recent.keep(second, 3, NOON);
        assert_eq!((recent.of(first), recent.of(second)), (2, 3));
    }

    #[test]
    fn those_who_were_looked_at_longest_ago_make_room() {
        let recent = RecentProgress::default();
        let uploads: Vec<UploadId> = (0..MAX_KNOWN + 100).map(|_| Uuid::now_v7().into()).collect();
        for (upload, milliseconds) in uploads.iter().zip(0..) {
            recent.keep(*upload, 1, NOON + Duration::from_millis(milliseconds));
        }
        assert!(recent.lock().len() <= MAX_KNOWN);
        assert_eq!(recent.of(uploads[uploads.len() - 1]), 1);
        assert_eq!(recent.of(uploads[0]), 0);
    }
}
