//! The laws of quotas: what is in use is always the sum over the uploads.

use std::sync::Arc;

use windlass_presign_svc::domain::announce::SizeClaim;
use windlass_presign_svc::domain::quota::{Allowance, Holder, InUse, Quota, QuotaExceeded, Usage, charge_of};
use windlass_presign_svc::domain::upload::pipeline::Verdict;
use windlass_presign_svc::domain::upload::{Announcement, Upload, VerifiedObject};
use windlass_presign_svc::ports::uploads::{Recorded, UploadRepository};
use windlass_protocol::{TenantId, UploadLinkId};

use crate::uploads::{HOUR, NOON, object, upload, upload_of};

const LINK: &str = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";

pub fn link_id() -> UploadLinkId {
    LINK.parse().unwrap()
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub fn by_link(client_ref: &str) -> Upload {
    let upload = upload(client_ref);
    let facts = Announcement { created_by: format!("link:{LINK}"), ..upload.facts().clone() };
    Upload::restore(facts, upload.progress().clone())
}

fn files(max_files: u64) -> Allowance {
    let quota = Quota { max_files: Some(max_files), max_bytes: None };
    Allowance { tenant: quota, ..Allowance::default() }
}

async fn in_use<R: UploadRepository + ?Sized>(repository: &R) -> InUse {
    repository.in_use(&tenant(), Some(link_id())).await.unwrap()
}

async fn record<R: UploadRepository + ?Sized>(repository: &R, upload: &Upload) {
    let recorded = repository.insert(vec![upload.clone()], &Allowance::default()).await.unwrap();
    assert_eq!(recorded, [Recorded::New(upload.clone())]);
}

pub async fn what_is_in_use_follows_every_change_of_an_upload(repository: Arc<dyn UploadRepository>) {
    let none = Usage::default();
    assert_eq!(in_use(&*repository).await, InUse::default());
    let mut one = by_link("a");
    let bytes = charge_of(&one);
    assert_eq!(bytes, 4096 + 900, "with its variant");
    record(&*repository, &one).await;
    record(&*repository, &upload_of("acme", "job-8", None, 5000)).await;
    record(&*repository, &upload_of("other", "job-7", None, 5000)).await;
    let open = Usage { open_files: 1, open_bytes: bytes, ..none };
    let with_other = Usage { open_files: 2, open_bytes: bytes + 5900, ..none };
    assert_eq!(in_use(&*repository).await, InUse { tenant: with_other, link: open });

    one.verified(object(), one.progress().variants.clone(), NOON).unwrap();
    repository.save(&mut one).await.unwrap();
    let stored = Usage { stored_files: 1, stored_bytes: bytes, ..none };
    assert_eq!(in_use(&*repository).await.link, stored);
    one.delete(NOON, HOUR);
    repository.save(&mut one).await.unwrap();
    repository.forget(&tenant(), one.id()).await.unwrap();
    assert_eq!(in_use(&*repository).await.link, none);

    for close in [Upload::abort, Upload::expire] {
        let mut closed = by_link("b");
        record(&*repository, &closed).await;
        assert_eq!(in_use(&*repository).await.link, open);
        close(&mut closed, NOON, HOUR).unwrap();
        repository.save(&mut closed).await.unwrap();
        assert_eq!(in_use(&*repository).await.link, none, "{:?}", closed.status());
        closed.cleaned_up(NOON);
        repository.save(&mut closed).await.unwrap();
        assert_eq!(in_use(&*repository).await.link, none, "once");
    }
    let unchanged = repository.in_use(&"other".parse().unwrap(), None).await.unwrap();
    assert_eq!(unchanged.tenant.open_files, 1);
}

pub async fn a_size_that_was_not_known_is_settled_by_what_is_stored(repository: Arc<dyn UploadRepository>) {
    let announced = by_link("a");
    let mut file = announced.facts().file.clone();
    file.size_claim = SizeClaim::AtMost;
    let facts = Announcement { file, ..announced.facts().clone() };
    let mut one = Upload::restore(facts, announced.progress().clone());
    record(&*repository, &one).await;
    assert_eq!(in_use(&*repository).await.link.open_bytes, 4096 + 900, "the most it may have");

    let stored = VerifiedObject { size_bytes: 1500, ..object() };
    one.verified(stored, one.progress().variants.clone(), NOON).unwrap();
    repository.save(&mut one).await.unwrap();
    let settled = Usage { stored_files: 1, stored_bytes: 1500 + 900, ..Usage::default() };
    assert_eq!(in_use(&*repository).await, InUse { tenant: settled, link: settled });
    let found = repository.find(&tenant(), one.id()).await.unwrap().unwrap();
    assert_eq!((found.size_bytes(), &found), (1500, &one));

    one.advance(Verdict::Processing, NOON).unwrap();
    repository.save(&mut one).await.unwrap();
    assert_eq!(in_use(&*repository).await.link, settled, "counted once");
    one.delete(NOON, HOUR);
    repository.save(&mut one).await.unwrap();
    assert_eq!(in_use(&*repository).await, InUse::default());
}

pub async fn racing_announcements_never_exceed_a_quota(repository: Arc<dyn UploadRepository>) {
    let one = charge_of(&upload("x"));
    let quota = Quota { max_files: None, max_bytes: Some(10 * one + one / 2) };
    let allowance = Allowance { tenant: quota, ..Allowance::default() };
    let racers = (0..100).map(|n| {
        let (repository, allowance) = (repository.clone(), allowance.clone());
        tokio::spawn(async move { repository.insert(vec![upload(&format!("r{n}"))], &allowance).await })
    });
    let outcomes = futures::future::join_all(racers).await;
    let is_new = |recorded: &Recorded| matches!(recorded, Recorded::New(_));
    let accepted = outcomes.into_iter().flat_map(|outcome| outcome.unwrap().unwrap()).filter(is_new).count();
    assert_eq!(accepted, 10);
    assert_eq!(in_use(&*repository).await.tenant.bytes(), 10 * one);
}

pub async fn of_a_batch_as_much_is_recorded_as_fits(repository: Arc<dyn UploadRepository>) {
    let first = upload("a");
    record(&*repository, &first).await;
    let batch = vec![upload("b"), upload("a"), upload("c"), upload("d")];
    let recorded = repository.insert(batch.clone(), &files(3)).await.unwrap();
    let over = QuotaExceeded::Files { holder: Holder::Tenant, max_files: 3 };
    assert_eq!(
        recorded,
        [
            Recorded::New(batch[0].clone()),
            Recorded::Existing(first.clone()),
            Recorded::New(batch[2].clone()),
            Recorded::OverQuota(over),
        ]
    );
    let again = repository.insert(vec![upload("a")], &files(1)).await.unwrap();
    assert_eq!(again, [Recorded::Existing(first)], "a repetition needs no room");
    assert_eq!(in_use(&*repository).await.tenant.open_files, 3);
}

/// The same files are announced, finished, given up and announced again, all at once.
pub async fn announcements_and_ends_that_race_leave_the_sum_over_the_uploads(
    repository: Arc<dyn UploadRepository>,
) {
    let allowance = files(12);
    let racers = (0..60).map(|n| {
        let (repository, allowance) = (repository.clone(), allowance.clone());
        tokio::spawn(async move {
            let upload = upload(&format!("r{}", n % 10));
            let recorded = repository.insert(vec![upload], &allowance).await.unwrap();
            let Some(Recorded::New(mut upload)) = recorded.into_iter().next() else { return };
            match n % 3 {
                0 => upload.abort(NOON, HOUR).unwrap(),
                1 => upload.verified(object(), Vec::new(), NOON).unwrap(),
                _ => return,
            }
            repository.save(&mut upload).await.unwrap();
            if n % 2 == 0 && upload.object().is_some() {
                upload.delete(NOON, HOUR);
                repository.save(&mut upload).await.unwrap();
            }
        })
    });
    for racer in racers.collect::<Vec<_>>() {
        racer.await.unwrap();
    }
    let in_use = in_use(&*repository).await.tenant;
    let project = "job-7".parse().unwrap();
    let photos = repository.photo_totals(&tenant(), &project).await.unwrap();
    assert_eq!(in_use.stored_files, photos.uploaded);
    let open = repository.past_deadline(NOON + 25 * HOUR, 100).await.unwrap().uploads;
    assert_eq!(in_use.open_files, open.len() as u64);
    assert_eq!(in_use.bytes(), in_use.files() * charge_of(&upload("x")));
    assert!(in_use.files() <= 12);
}

/// Many who have room, some who have none and some who repeat themselves, all at once.
pub async fn who_has_no_room_is_no_matter_of_those_who_announce_at_the_same_time(
    repository: Arc<dyn UploadRepository>,
) {
    let known = upload("known");
    record(&*repository, &known).await;
    let announce = |upload: Upload, allowance: Allowance| {
        let repository = repository.clone();
        tokio::spawn(async move { repository.insert(vec![upload], &allowance).await.unwrap().remove(0) })
    };
    let (mut full, mut repeated, mut fitting) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..40 {
        full.push(announce(upload(&format!("more-{n}")), files(1)));
        repeated.push(announce(upload("known"), files(1)));
        // Each name twice: whichever comes second needs no room.
        fitting.push(announce(upload_of("other", "job-7", Some(&format!("r{}", n % 20)), 4096), files(20)));
    }
    let over = QuotaExceeded::Files { holder: Holder::Tenant, max_files: 1 };
    for full in full {
        assert_eq!(full.await.unwrap(), Recorded::OverQuota(over));
    }
    for repeated in repeated {
        assert_eq!(repeated.await.unwrap(), Recorded::Existing(known.clone()));
    }
    let (mut new, mut existing) = (Vec::new(), Vec::new());
    for fitting in fitting {
        match fitting.await.unwrap() {
            Recorded::New(upload) => new.push(upload),
            Recorded::Existing(upload) => existing.push(upload),
            Recorded::OverQuota(exceeded) => panic!("there was room for each name: {exceeded}"),
        }
    }
    assert_eq!((new.len(), existing.len()), (20, 20));
    assert!(existing.iter().all(|upload| new.contains(upload)), "the second is told of the first");
    assert_eq!(in_use(&*repository).await.tenant.open_files, 1);
    let other = repository.in_use(&"other".parse().unwrap(), None).await.unwrap();
    assert_eq!(other.tenant.open_files, 20);
}
