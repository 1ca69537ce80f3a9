//! The laws of looking for bytes that nobody reports.

use std::time::Duration;

use time::OffsetDateTime;
use windlass_presign_svc::domain::upload::Upload;
use windlass_presign_svc::domain::upload::looks::FIRST_LOOK;
use windlass_presign_svc::ports::uploads::Look;
use windlass_protocol::UploadId;

use crate::uploads::{HOUR, NOON, Repository, found, photo, record, upload};

fn ids(uploads: &[Upload]) -> Vec<UploadId> {
    uploads.iter().map(Upload::id).collect()
}

fn put_off(upload: &Upload, next_at: OffsetDateTime) -> Look {
    Look { upload: upload.id(), due_at: upload.look_due_at(), next_at }
}

pub async fn bytes_are_looked_for_from_soon_after_the_announcement_until_the_deadline(
    repository: Repository,
) {
    let (pending, mut closed) = (upload("pending"), upload("closed"));
    closed.abort(NOON, HOUR).unwrap();
    for new in [&pending, &closed, &photo("photo")] {
        record(&repository, new).await;
    }
    let first = NOON + FIRST_LOOK;
    assert_eq!(pending.look_due_at(), first);
    let before = first - Duration::from_millis(1);
    assert_eq!(repository.due_for_look(before, 10).await.unwrap(), []);
    assert_eq!(repository.due_for_look(first, 10).await.unwrap(), std::slice::from_ref(&pending));
    let last = NOON + 24 * HOUR - Duration::from_millis(1);
    assert_eq!(ids(&repository.due_for_look(last, 10).await.unwrap()), [pending.id()]);
    assert_eq!(repository.due_for_look(NOON + 24 * HOUR, 10).await.unwrap(), [], "that is the janitor's");
    // Who has put one off a little puts it off further; clocks are finer than the record.
    let soon = first + Duration::from_nanos(300_000_999_999);
    assert_eq!(repository.put_off_looks(&[put_off(&pending, soon)]).await.unwrap(), [pending.id()]);
    assert_eq!(ids(&repository.due_for_look(soon, 10).await.unwrap()), [pending.id()]);
    let further = Look { upload: pending.id(), due_at: soon, next_at: NOON + 24 * HOUR };
    assert_eq!(repository.put_off_looks(&[further]).await.unwrap(), [pending.id()]);
    assert_eq!(repository.due_for_look(last, 10).await.unwrap(), []);
    assert_eq!(ids(&repository.past_deadline(NOON + 24 * HOUR, 10).await.unwrap().uploads), [pending.id()]);
}

pub async fn what_the_janitor_puts_off_is_due_later_and_of_the_same_version(repository: Repository) {
    let (pending, mut closed, photo) = (upload("pending"), upload("closed"), photo("photo"));
    closed.abort(NOON, HOUR).unwrap();
    for new in [&pending, &closed, &photo] {
        record(&repository, new).await;
    }
    let later = NOON + 25 * HOUR;
    let before = later - Duration::from_millis(1);
    let all = [pending.id(), closed.id(), photo.id()];
    repository.put_off_due(&all, later).await.unwrap();
    // Nothing is due sooner by it.
    repository.put_off_due(&all, NOON).await.unwrap();
    assert_eq!(repository.past_deadline(before, 10).await.unwrap().uploads, []);
    assert_eq!(repository.due_for_look(before, 10).await.unwrap(), []);
    assert_eq!(repository.due_for_cleanup(before, 10).await.unwrap().uploads, []);
    let due = repository.past_deadline(later, 10).await.unwrap().uploads;
    assert_eq!((ids(&due), due[0].progress().version), (vec![pending.id()], pending.progress().version));
    assert_eq!(ids(&repository.due_for_cleanup(later, 10).await.unwrap().uploads), [closed.id()]);
    assert_eq!(found(&repository, &photo).await, Some(photo));
}

pub async fn those_that_wait_longest_are_looked_for_first(repository: Repository) {
    let (first, second) = (upload("first"), upload("second"));
    for new in [&first, &second] {
        record(&repository, new).await;
    }
    repository.put_off_looks(&[put_off(&first, NOON + HOUR)]).await.unwrap();
    let now = NOON + 2 * HOUR;
    assert_eq!(ids(&repository.due_for_look(now, 10).await.unwrap()), [second.id(), first.id()]);
    assert_eq!(ids(&repository.due_for_look(now, 1).await.unwrap()), [second.id()]);
}

pub async fn of_all_who_want_to_look_one_does_and_nobody_at_work_is_disturbed(repository: Repository) {
    let (mut at_work, closed) = (upload("at work"), upload("closed"));
    for new in [&at_work, &closed] {
        record(&repository, new).await;
    }
    let mut aborted = closed.clone();
    aborted.abort(NOON, HOUR).unwrap();
    repository.save(&mut aborted).await.unwrap();
    let looks = [put_off(&at_work, NOON + HOUR), put_off(&closed, NOON + HOUR)];
    let (one, other) = futures::join!(repository.put_off_looks(&looks), repository.put_off_looks(&looks));
    let taken: Vec<_> = one.unwrap().into_iter().chain(other.unwrap()).collect();
    assert_eq!(taken, [at_work.id()], "once, and not what was closed");
    assert!(at_work.stays_open(NOON + HOUR, 24 * HOUR));
    repository.save(&mut at_work).await.unwrap();
    assert_eq!(repository.put_off_looks(&looks).await.unwrap(), [], "its client was heard of since");
    assert_eq!(ids(&repository.due_for_look(NOON + HOUR + FIRST_LOOK, 10).await.unwrap()), [at_work.id()]);
    assert_eq!(repository.put_off_looks(&[]).await.unwrap(), []);
}
