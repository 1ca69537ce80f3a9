//! The laws of forgetting uploads: deleted photos, and what came to nothing.

use std::time::Duration;

use windlass_presign_svc::domain::upload::{Progress, Stage, Upload, UploadState};
use windlass_presign_svc::domain::verify::{Failure, FailureCode};

use crate::uploads::{HOUR, NOON, Repository, found, object, photo, record, upload};

pub async fn only_deleted_photos_are_forgotten(repository: Repository) {
    let mut photo = photo("a");
    record(&repository, &photo).await;
    let tenant = photo.facts().tenant.clone();
    repository.forget(&tenant, photo.id()).await.unwrap();
    assert!(found(&repository, &photo).await.is_some());
    photo.delete(NOON, HOUR);
    repository.save(&mut photo).await.unwrap();
    repository.forget(&tenant, photo.id()).await.unwrap();
    assert_eq!(repository.due_for_cleanup(NOON + HOUR, 10).await.unwrap().uploads, []);
    repository.forget(&tenant, photo.id()).await.unwrap();
}

pub async fn what_came_to_nothing_is_forgotten_when_it_was_cleaned_up_long_ago(repository: Repository) {
    let pending = upload("pending");
    let failure = Failure { code: FailureCode::TypeMismatch, detail: "not a photo".to_owned() };
    let (mut aborted, mut expired, mut refused) = (upload("aborted"), upload("expired"), upload("refused"));
    aborted.abort(NOON, HOUR).unwrap();
    expired.expire(NOON, HOUR).unwrap();
    refused.refused(failure, NOON, HOUR).unwrap();
    let mut untidy = upload("untidy");
    untidy.abort(NOON, HOUR).unwrap();
    let stage = Stage::Failed { reason: "cannot be decoded".to_owned() };
    let state = UploadState::Stored { stage, object: Box::new(object()) };
    let unusable = photo("unusable");
    let unusable =
        Upload::restore(unusable.facts().clone(), Progress { state, ..unusable.progress().clone() });
    for (closed, hours) in [(&mut aborted, 3), (&mut expired, 1), (&mut refused, 2)] {
        closed.cleaned_up(NOON + hours * HOUR);
        record(&repository, closed).await;
    }
    let kept = [pending, untidy, photo("photo"), unusable];
    for new in &kept {
        record(&repository, new).await;
    }
    assert_eq!(repository.forget_closed_before(NOON + HOUR, 10).await.unwrap(), 0);
    let later = NOON + HOUR + Duration::from_millis(1);
    assert_eq!(repository.forget_closed_before(later, 10).await.unwrap(), 1);
    assert_eq!(found(&repository, &expired).await, None);
    let last = NOON + 1000 * HOUR;
    assert_eq!(repository.forget_closed_before(last, 1).await.unwrap(), 1, "no more than asked for");
    assert_eq!(found(&repository, &refused).await, None, "the oldest first");
    assert!(found(&repository, &aborted).await.is_some());
    assert_eq!(repository.forget_closed_before(last, 10).await.unwrap(), 1);
    for new in &kept {
        assert!(found(&repository, new).await.is_some(), "{:?}", new.state());
    }
}
