//! When an upload's bytes are looked for although nobody says that they are there: a phone may die after its last
//! byte. From the last sign of its client on, every few minutes while its signed URLs may bring bytes, and then no
//! more until its deadline: what cannot have changed is not asked for.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Upload, UploadState};
use crate::domain::announce::Transfer;

/// The first look comes so long after the upload was announced: by then nearly every client has said itself that it
/// is done. The databases' indexes have the same number.
pub const FIRST_LOOK: Duration = Duration::from_secs(120);
/// The most time between two looks.
pub const SELDOM: Duration = Duration::from_secs(300);
/// A client's signs within this time are one: more need not be recorded.
const SAME_SIGN: Duration = Duration::from_secs(300);

impl Upload {
    /// When its bytes are to be looked for next; at its deadline the janitor does so.
    pub fn look_due_at(&self) -> OffsetDateTime {
        let first = || self.facts.created_at + FIRST_LOOK;
        self.progress.look_due_at.unwrap_or_else(first).min(self.progress.deadline_at)
    }

    /// The most bytes that one request brings of it: its original or a part of that, or a smaller picture.
    pub fn largest_request_bytes(&self) -> u64 {
        let file = &self.facts.file;
        let original = match file.transfer {
            Transfer::Put => file.size_bytes,
            Transfer::Multipart(plan) => plan.part_size_bytes(),
        };
        self.progress.variants.iter().map(|variant| variant.size_bytes).fold(original, u64::max)
    }

    /// When to look again after a look that has found nothing: the longer nothing was heard of its client, the later.
    /// `bytes_may_arrive_for` is how long after its URLs were signed they may bring bytes.
    pub fn next_look(&self, now: OffsetDateTime, bytes_may_arrive_for: Duration) -> OffsetDateTime {
        let silent_for = (now - self.progress.updated_at).unsigned_abs();
        // Its client may have been heard of since, for so long, without that being recorded.
        if silent_for > SAME_SIGN + bytes_may_arrive_for {
            return self.progress.deadline_at;
        }
        (now + (silent_for / 2).clamp(FIRST_LOOK, SELDOM)).min(self.progress.deadline_at)
    }

    /// Its client is at work on it: it gets so much time again, and its bytes are looked for again soon after. Says
    /// whether that is worth recording: not where it was heard of a moment ago.
    pub fn stays_open(&mut self, now: OffsetDateTime, deadline: Duration) -> bool {
        let progress = &mut self.progress;
        let is_late = progress.deadline_at < now + deadline / 2;
        let is_news = progress.updated_at + SAME_SIGN < now;
        let is_due = progress.state == UploadState::Pending && (is_late || is_news);
        if is_due {
            progress.deadline_at = now + deadline;
            progress.look_due_at = Some(now + FIRST_LOOK);
            progress.updated_at = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::upload::tests::pending;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const DAY: Duration = Duration::from_secs(86_400);
    const MINUTE: Duration = Duration::from_secs(60);
    const MAY_ARRIVE: Duration = Duration::from_secs(30 * 60);

    /// Looks from now on until there are no more, in seconds after noon.
    fn looks(upload: &mut Upload) -> Vec<i64> {
        let mut at = Vec::new();
        while upload.look_due_at() < upload.progress.deadline_at {
            let now = upload.look_due_at();
            at.push((now - NOON).whole_seconds());
            upload.progress.look_due_at = Some(upload.next_look(now, MAY_ARRIVE));
        }
        at
    }

    #[test]
    fn what_may_arrive_is_looked_for_every_few_minutes_and_what_cannot_is_not() {
        let looks = looks(&mut pending());
        assert_eq!(looks[..4], [120, 240, 360, 540]);
        assert!(looks.windows(2).all(|two| two[1] - two[0] <= 300), "{looks:?}");
        assert!(looks.len() <= 12, "{looks:?}");
        let last = *looks.last().unwrap();
        assert!((2100..2400).contains(&last), "once more when no signed URL works any more: {last}");
    }

    #[test]
    fn a_sign_of_its_client_begins_the_looks_anew() {
        let mut upload = pending();
        looks(&mut upload);
        assert!(!upload.clone().stays_open(NOON + 4 * MINUTE, DAY), "it was announced a moment ago");
        let hours_later = NOON + 200 * MINUTE;
        assert!(upload.stays_open(hours_later, DAY));
        assert!(!upload.stays_open(hours_later + MINUTE, DAY), "said already");
        assert_eq!(looks(&mut upload)[0], 202 * 60);
        assert_eq!(upload.progress.deadline_at, hours_later + DAY);
    }

    #[test]
    fn none_comes_after_the_deadline() {
        let mut upload = pending();
        upload.progress.deadline_at = NOON + MINUTE;
        assert_eq!(upload.look_due_at(), NOON + MINUTE);
        upload.progress.deadline_at = NOON + 3 * MINUTE;
        assert_eq!(looks(&mut upload), [120]);
        assert_eq!(upload.look_due_at(), NOON + 3 * MINUTE);
    }
}
