//! Which changes may follow which.

use time::macros::datetime;

use super::pipeline::{MAX_CHANGES, Verdict};
use super::*;
use crate::domain::announce::{FileClaim, TransferChoice, accept_file};
use crate::domain::limits::Limits;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::PhotoFolder;
use crate::domain::variant::{VariantClaim, accept_variants};
use crate::domain::verify::FailureCode;

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
const DAY: Duration = Duration::from_secs(86_400);
const LIFETIME: Duration = Duration::from_secs(900);

pub(crate) fn pending() -> Upload {
    let claim = FileClaim {
        filename: "a.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        size_bytes: 4096,
        checksum: None,
        metadata: None,
        preferred_part_size_bytes: None,
    };
    let facts = Announcement {
        id: "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        project: "job-7".parse().unwrap(),
        created_by: "ann".to_owned(),
        file: accept_file(claim, &Limits::default(), TransferChoice::BySize).unwrap(),
        folder: PhotoFolder::try_from("acme/job-7/x".to_owned()).unwrap(),
        created_at: NOON,
    };
    Upload::announce(facts, Some("ref-1".parse().unwrap()), Vec::new(), NOON + DAY)
}

fn object() -> VerifiedObject {
    VerifiedObject {
        etag: "\"e\"".to_owned(),
        size_bytes: 4096,
        media_type: MediaType::JPEG,
        checksum: None,
        metadata: None,
        verified_at: NOON,
    }
}

fn failure() -> Failure {
    Failure { code: FailureCode::SizeMismatch, detail: "a.jpg: too short".to_owned() }
}

#[test]
fn a_photo_can_neither_be_aborted_nor_expire_nor_be_verified_again() {
    let mut upload = pending();
    upload.verified(object(), Vec::new(), NOON).unwrap();
    assert_eq!(upload.status(), UploadStatus::Uploaded);
    let before = upload.clone();
    assert!(upload.abort(NOON, LIFETIME).is_err());
    assert!(upload.expire(NOON, LIFETIME).is_err());
    assert!(upload.refused(failure(), NOON, LIFETIME).is_err());
    assert!(upload.multipart_opened(MultipartId("m".to_owned()), NOON).is_err());
    assert!(upload.verified(object(), Vec::new(), NOON).is_err());
    assert_eq!(upload, before);
}

#[test]
fn a_closed_upload_takes_no_bytes_and_frees_its_client_ref() {
    let closings: [fn(&mut Upload); 3] = [
        |u| u.abort(NOON, LIFETIME).unwrap(),
        |u| u.expire(NOON, LIFETIME).unwrap(),
        |u| u.refused(failure(), NOON, LIFETIME).unwrap(),
    ];
    for close in closings {
        let mut upload = pending();
        close(&mut upload);
        assert_eq!(upload.progress().client_ref, None);
        assert_eq!(upload.progress().cleanup_due_at, Some(NOON + LIFETIME), "after the last URL died");
        let refused = upload.about_to_join(ExpectedObject { etag: None, checksum: None }, NOON).unwrap_err();
        assert_eq!(refused.from, upload.status());
        assert!(upload.verified(object(), Vec::new(), NOON).is_err());
    }
}

#[test]
fn aborting_twice_is_aborting_once() {
    let mut upload = pending();
    upload.abort(NOON, LIFETIME).unwrap();
    let once = upload.clone();
    upload.abort(NOON + LIFETIME, LIFETIME).unwrap();
    assert_eq!(upload, once);
}

#[test]
fn a_refusal_says_where_the_upload_stands() {
    let mut upload = pending();
    upload.verified(object(), Vec::new(), NOON).unwrap();
    let error = upload.abort(NOON, LIFETIME).unwrap_err();
    assert_eq!(error.to_string(), "an upload that is uploaded cannot become aborted");
}

#[test]
fn another_reason_is_another_failure_and_the_last_fifty_changes_are_kept() {
    let failed = |reason: &str| Verdict::Failed { reason: reason.to_owned() };
    let mut upload = pending();
    upload.verified(object(), Vec::new(), NOON).unwrap();
    upload.advance(failed("no memory"), NOON).unwrap();
    let once = upload.clone();
    upload.advance(failed("no memory"), NOON + LIFETIME).unwrap();
    assert_eq!(upload, once, "said again");
    upload.advance(failed("no disk"), NOON + LIFETIME).unwrap();
    assert!(upload.news().len() > once.news().len());
    let reasons = |upload: &Upload| -> Vec<Option<String>> {
        upload.statuses().into_iter().map(|change| change.reason).collect()
    };
    assert_eq!(reasons(&upload), [None, None, Some("no memory".to_owned()), Some("no disk".to_owned())]);
    for attempt in 0..MAX_CHANGES {
        upload.advance(failed(&attempt.to_string()), NOON).unwrap();
    }
    let kept = reasons(&upload);
    assert_eq!(
        (kept.len(), kept[2].as_deref()),
        (2 + MAX_CHANGES, Some("0")),
        "announced, verified and those"
    );
}

#[test]
fn what_is_shown_before_it_has_arrived_is_told_once_and_so_is_that_it_does_not_come() {
    let claim = VariantClaim {
        name: "thumb_200".to_owned(),
        content_type: "image/jpeg".to_owned(),
        size_bytes: 900,
        width: 200,
        height: 150,
        checksum: None,
    };
    let announced = accept_variants(vec![claim], 8).unwrap();
    let stored: Vec<Variant> =
        announced.iter().map(|variant| Variant { is_stored: true, ..variant.clone() }).collect();
    let facts = pending().facts().clone();
    let mut upload = Upload::announce(facts, None, announced.clone(), NOON + DAY);
    upload.previewed(announced, NOON).unwrap();
    assert!(!upload.is_arriving() && upload.news().is_empty());
    upload.previewed(stored.clone(), NOON).unwrap();
    upload.previewed(stored.clone(), NOON).unwrap();
    assert!(upload.is_arriving());
    let mut refused = upload.clone();
    upload.verified(object(), stored.clone(), NOON).unwrap();
    assert!(!upload.is_arriving());
    refused.refused(failure(), NOON, LIFETIME).unwrap();
    assert!(!refused.is_arriving());
    let kinds = |upload: &Upload| upload.news().iter().map(|news| news.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&upload), [EventKind::Arriving, EventKind::Created]);
    assert_eq!(kinds(&refused), [EventKind::Arriving, EventKind::Withdrawn]);
    assert_eq!(refused.news()[1].reason.as_deref(), Some("a.jpg: too short"));
    assert!(refused.previewed(stored, NOON).is_err(), "what is closed is not shown");
}
