//! The laws of [`UploadRepository`].

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;
use windlass_presign_svc::adapters::system::RandomIds;
use windlass_presign_svc::domain::announce::{FileClaim, TransferChoice, accept_file};
use windlass_presign_svc::domain::filter::{PageMark, PhotoFilter};
use windlass_presign_svc::domain::joining::ExpectedObject;
use windlass_presign_svc::domain::limits::Limits;
use windlass_presign_svc::domain::media_type::MediaType;
use windlass_presign_svc::domain::object_key::KeyTemplate;
use windlass_presign_svc::domain::photo_facts::record_of;
use windlass_presign_svc::domain::quota::Allowance;
use windlass_presign_svc::domain::stored::MultipartId;
use windlass_presign_svc::domain::upload::{
    Announcement, Progress, Stage, Upload, UploadState, VerifiedObject,
};
use windlass_presign_svc::domain::variant::{Variant, VariantClaim, accept_variants};
use windlass_presign_svc::domain::verify::{Failure, FailureCode};
use windlass_presign_svc::ports::ids::IdSource as _;
use windlass_presign_svc::ports::uploads::{
    KnownPhotos, ListedPhoto, PhotoQuery, PhotoVersion, Recorded, RepositoryError, ShownPhoto,
    UploadRepository,
};
use windlass_protocol::metadata::{GpsReading, TakenAt};
use windlass_protocol::{Checksum, PhotoMetadata, UploadStatus};

pub type Repository = Arc<dyn UploadRepository>;

/// One source for all, so that uploads sort as they were made.
static IDS: LazyLock<RandomIds> = LazyLock::new(RandomIds::new);

pub const NOON: OffsetDateTime = datetime!(2026-11-21 12:00:00.123 UTC);
pub const HOUR: Duration = Duration::from_secs(3600);

pub fn metadata() -> PhotoMetadata {
    PhotoMetadata {
        make: Some("Make \"'; DROP TABLE uploads; --".to_owned()),
        width: Some(4048),
        height: Some(3036),
        display_orientation: 6,
        taken_at: Some(TakenAt {
            local: "2026-11-20T16:34:23".to_owned(),
            offset: Some("+01:00".to_owned()),
        }),
        location: Some(GpsReading {
            latitude: Some(-33.5),
            longitude: Some(151.25),
            altitude_m: Some(0.1),
            ..GpsReading::default()
        }),
        ..PhotoMetadata::default()
    }
}

pub fn upload_of(tenant: &str, project: &str, client_ref: Option<&str>, size_bytes: u64) -> Upload {
    let (tenant, project) = (tenant.parse().unwrap(), project.parse().unwrap());
    let id = IDS.upload_id(NOON);
    let claim = FileClaim {
        filename: "Dach 🏗 'a'.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        size_bytes,
        checksum: Some(Checksum::Crc64Nvme([7; 8])),
        metadata: Some(metadata()),
        preferred_part_size_bytes: None,
    };
    let variant = VariantClaim {
        name: "thumb_200".to_owned(),
        content_type: "image/webp".to_owned(),
        size_bytes: 900,
        width: 200,
        height: 150,
        checksum: Some(Checksum::Sha256([9; 32])),
    };
    let template = KeyTemplate::parse(KeyTemplate::DEFAULT).unwrap();
    let facts = Announcement {
        folder: template.folder(&tenant, &project, id.into(), NOON).unwrap(),
        id,
        tenant,
        project,
        created_by: "ann".to_owned(),
        file: accept_file(claim, &Limits::default(), TransferChoice::BySize).unwrap(),
        created_at: NOON,
    };
    let client_ref = client_ref.map(|name| name.parse().unwrap());
    Upload::announce(facts, client_ref, accept_variants(vec![variant], 8).unwrap(), NOON + 24 * HOUR)
}

pub fn upload(client_ref: &str) -> Upload {
    upload_of("acme", "job-7", Some(client_ref), 4096)
}

pub fn object() -> VerifiedObject {
    VerifiedObject {
        size_bytes: 4096,
        etag: "\"0123\"".to_owned(),
        media_type: MediaType::JPEG,
        checksum: Some(Checksum::Crc32c([1; 4])),
        metadata: Some(metadata()),
        verified_at: NOON + HOUR,
    }
}

pub fn photo(client_ref: &str) -> Upload {
    let mut photo = upload(client_ref);
    photo.verified(object(), photo.progress().variants.clone(), NOON).unwrap();
    photo
}

/// Its smaller picture is in the store, and its original is not.
pub fn preview(upload: &mut Upload) {
    let variants = upload.progress().variants.iter().cloned();
    let stored = variants.map(|variant| Variant { is_stored: true, ..variant }).collect();
    upload.previewed(stored, NOON).unwrap();
}

pub async fn record(repository: &Repository, upload: &Upload) {
    let recorded = repository.insert(vec![upload.clone()], &Allowance::default()).await.unwrap();
    assert_eq!(recorded, [Recorded::New(upload.clone())]);
}

pub async fn found(repository: &Repository, upload: &Upload) -> Option<Upload> {
    repository.find(&upload.facts().tenant, upload.id()).await.unwrap()
}

/// A page, of which nothing was known.
pub struct Page {
    pub photos: Vec<Upload>,
    pub next: Option<PageMark>,
}

/// Knows photos in these versions.
pub struct Known(pub Vec<PhotoVersion>);

impl Known {
    pub fn shown(version: &PhotoVersion) -> ShownPhoto {
        ShownPhoto { json: format!("{version:?}").into(), url_expires_at: None }
    }
}

impl KnownPhotos for Known {
    fn find(&self, version: &PhotoVersion) -> Option<ShownPhoto> {
        self.0.contains(version).then(|| Self::shown(version))
    }
}

/// A page, as whoever knows nothing gets it: with photos that are known it is the same.
pub async fn page(repository: &Repository, query: &PhotoQuery<'_>) -> Page {
    let nothing: Arc<dyn KnownPhotos> = Arc::new(());
    let page = repository.list_photos(query, &nothing).await.unwrap();
    let recorded = |photo| match photo {
        ListedPhoto::Recorded(photo) => *photo,
        ListedPhoto::Known(photo) => panic!("{photo:?} is known"),
    };
    let photos: Vec<Upload> = page.photos.into_iter().map(recorded).collect();
    let known: Arc<dyn KnownPhotos> = Arc::new(Known(photos.iter().map(PhotoVersion::of).collect()));
    let again = repository.list_photos(query, &known).await.unwrap();
    let expected: Vec<ListedPhoto> =
        photos.iter().map(|photo| ListedPhoto::Known(Known::shown(&PhotoVersion::of(photo)))).collect();
    assert_eq!((again.photos, again.next), (expected, page.next));
    Page { photos, next: page.next }
}

pub async fn listed(repository: &Repository, query: &PhotoQuery<'_>) -> Vec<Upload> {
    page(repository, query).await.photos
}

pub async fn what_is_recorded_is_found_as_it_was(repository: Repository) {
    for new in [upload("small"), upload_of("acme", "job-7", None, 20 << 20)] {
        record(&repository, &new).await;
        assert_eq!(found(&repository, &new).await, Some(new));
    }
    repository.check().await.unwrap();
}

pub async fn every_state_survives_being_stored(repository: Repository) {
    let failure = Failure { code: FailureCode::TypeMismatch, detail: "not a photo".to_owned() };
    let stored = |stage: Stage| UploadState::Stored { stage, object: Box::new(object()) };
    let states = [
        UploadState::Pending,
        stored(Stage::Uploaded),
        stored(Stage::Processing),
        stored(Stage::Completed),
        stored(Stage::Failed { reason: "cannot be decoded".to_owned() }),
        stored(Stage::Quarantined),
        UploadState::Refused(failure),
        UploadState::Aborted,
        UploadState::Expired,
    ];
    for state in states {
        let new = upload_of("acme", "job-7", None, 20 << 20);
        record(&repository, &new).await;
        let progress = Progress {
            state: state.clone(),
            multipart: Some(MultipartId("upload-id".to_owned())),
            expected: Some(ExpectedObject {
                etag: Some("\"abc-4\"".to_owned()),
                checksum: Some(Checksum::Crc64Nvme([3; 8])),
            }),
            piece_size_bytes: Some(131_072),
            assembly_due_at: Some(NOON + 3 * HOUR),
            look_due_at: Some(NOON + HOUR),
            updated_at: NOON + HOUR,
            cleanup_due_at: Some(NOON + 2 * HOUR),
            ..new.progress().clone()
        };
        let mut changed = Upload::restore(new.facts().clone(), progress);
        repository.save(&mut changed).await.unwrap();
        assert_eq!(changed.progress().version, 2);
        let came_to_nothing =
            matches!(state, UploadState::Refused(_) | UploadState::Aborted | UploadState::Expired);
        let mut facts = new.facts().clone();
        // What is claimed of a photo that there will never be nobody needs.
        facts.file.claimed_metadata = facts.file.claimed_metadata.filter(|_| !came_to_nothing);
        let expected = Upload::restore(facts, changed.progress().clone());
        assert_eq!(found(&repository, &new).await, Some(expected), "{state:?}");
    }
}

pub async fn nothing_is_found_across_tenants(repository: Repository) {
    let mut mine = photo("a");
    record(&repository, &mine).await;
    let other = "other".parse().unwrap();
    assert_eq!(repository.find(&other, mine.id()).await.unwrap(), None);
    let query = PhotoQuery {
        tenant: &other,
        project: &mine.facts().project,
        filter: &PhotoFilter::default(),
        after: None,
        limit: 10,
    };
    assert_eq!(listed(&repository, &query).await, []);
    mine.delete(NOON, HOUR);
    repository.save(&mut mine).await.unwrap();
    repository.forget(&other, mine.id()).await.unwrap();
    assert_eq!(
        repository.due_for_cleanup(NOON + HOUR, 10).await.unwrap().uploads.len(),
        1,
        "not another's to forget"
    );
    // Same id, other tenant: no change reaches the row.
    let facts = Announcement { tenant: other.clone(), ..mine.facts().clone() };
    let mut forged = Upload::restore(facts, mine.progress().clone());
    assert!(matches!(repository.save(&mut forged).await, Err(RepositoryError::Stale)));
}

pub async fn a_client_ref_is_taken_once_per_project(repository: Repository) {
    let first = upload("a");
    record(&repository, &first).await;
    let again =
        repository.insert(vec![upload("a"), upload("b"), upload("b")], &Allowance::default()).await.unwrap();
    assert_eq!(again[0], Recorded::Existing(first));
    let Recorded::New(b) = &again[1] else { panic!("b is new") };
    assert_eq!(again[2], Recorded::Existing(b.clone()));
    for elsewhere in
        [upload_of("acme", "job-8", Some("a"), 4096), upload_of("other", "job-7", Some("a"), 4096)]
    {
        record(&repository, &elsewhere).await;
    }
    for _ in 0..2 {
        record(&repository, &upload_of("acme", "job-7", None, 4096)).await;
    }
}

pub async fn a_batch_is_recorded_whole_or_not_at_all(repository: Repository) {
    let taken = upload("a");
    record(&repository, &taken).await;
    let fresh = upload("b");
    let same_id = Upload::announce(taken.facts().clone(), Some("c".parse().unwrap()), Vec::new(), NOON);
    assert!(repository.insert(vec![fresh.clone(), same_id], &Allowance::default()).await.is_err());
    assert_eq!(found(&repository, &fresh).await, None);
}

pub async fn a_freed_client_ref_can_be_taken_again(repository: Repository) {
    let mut first = upload("a");
    record(&repository, &first).await;
    first.abort(NOON, HOUR).unwrap();
    repository.save(&mut first).await.unwrap();
    record(&repository, &upload("a")).await;
}

pub async fn a_stale_change_is_refused(repository: Repository) {
    let mut one = upload("a");
    record(&repository, &one).await;
    let mut other = one.clone();
    one.abort(NOON, HOUR).unwrap();
    repository.save(&mut one).await.unwrap();
    other.verified(object(), Vec::new(), NOON).unwrap();
    assert!(matches!(repository.save(&mut other).await, Err(RepositoryError::Stale)));
    let recorded = found(&repository, &one).await.unwrap();
    assert_eq!(recorded.progress(), one.progress());
    one.cleaned_up(NOON);
    repository.save(&mut one).await.unwrap();
}

pub async fn of_racing_changes_one_wins(repository: Repository) {
    let new = upload("a");
    record(&repository, &new).await;
    let racers = (0..20).map(|n| {
        let (repository, mut racer) = (repository.clone(), new.clone());
        tokio::spawn(async move {
            racer
                .about_to_join(ExpectedObject { etag: Some(format!("\"{n}\"")), checksum: None }, NOON)
                .unwrap();
            repository.save(&mut racer).await.map(|()| racer)
        })
    });
    let outcomes = futures::future::join_all(racers).await;
    let mut winners: Vec<Upload> = outcomes.into_iter().filter_map(|outcome| outcome.unwrap().ok()).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(found(&repository, &new).await, winners.pop());
}

pub async fn photos_are_listed_newest_first_in_pages(repository: Repository) {
    let ids = RandomIds::new();
    let mut made = Vec::new();
    for _ in 0..5 {
        let template = photo("template");
        let facts = Announcement { id: ids.upload_id(NOON), ..template.facts().clone() };
        let progress = Progress { client_ref: None, ..template.progress().clone() };
        let photo = Upload::restore(facts, progress);
        record(&repository, &photo).await;
        made.push(photo);
    }
    made.reverse();
    let (tenant, project) = (&made[0].facts().tenant, &made[0].facts().project);
    let filter = PhotoFilter::default();
    let mut query = PhotoQuery { tenant, project, filter: &filter, after: None, limit: 2 };
    let mut seen = Vec::new();
    loop {
        let page = page(&repository, &query).await;
        seen.extend(page.photos);
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

pub async fn only_visible_photos_are_listed(repository: Repository) {
    let stage = |client_ref: &str, stage: Stage| {
        let photo = photo(client_ref);
        let state = UploadState::Stored { stage, object: Box::new(object()) };
        Upload::restore(photo.facts().clone(), Progress { state, ..photo.progress().clone() })
    };
    let mut deleted = photo("deleted");
    deleted.delete(NOON, HOUR);
    let hidden = [upload("pending"), deleted];
    let locked = stage("quarantined", Stage::Quarantined);
    let shown = [stage("completed", Stage::Completed), photo("uploaded"), locked];
    for new in hidden.iter().chain(&shown) {
        record(&repository, new).await;
    }
    let (tenant, project) = (&shown[0].facts().tenant, &shown[0].facts().project);
    let filter = PhotoFilter::default();
    let all = PhotoQuery { tenant, project, filter: &filter, after: None, limit: 10 };
    assert_eq!(listed(&repository, &all).await.len(), 3, "a quarantined one is listed, and given to nobody");
    let filter = PhotoFilter { status: Some(UploadStatus::Completed), ..PhotoFilter::default() };
    let completed = PhotoQuery { filter: &filter, ..all };
    let totals = repository.photo_totals(tenant, project).await.unwrap();
    assert_eq!((totals.uploaded, totals.completed, totals.processing, totals.failed), (1, 1, 0, 0));
    assert_eq!(totals.quarantined, 1);
    assert_eq!(listed(&repository, &completed).await, [shown[0].clone()]);
    assert_eq!(found(&repository, &hidden[1]).await, None, "deleted");
}

pub async fn whatever_a_client_claims_of_its_photo_can_be_recorded(repository: Repository) {
    let mut odd = upload("odd");
    record(&repository, &odd).await;
    // Characters of three bytes each, in an order that cannot be compressed.
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4E00 + (*state >> 16) % 0x5000)
    };
    let make = (0..1400).scan(1, |state, _| next(state)).collect();
    let taken_at = TakenAt { local: "a\0b".to_owned(), offset: None };
    let claim = PhotoMetadata { make: Some(make), taken_at: Some(taken_at), ..metadata() };
    let object = VerifiedObject { metadata: record_of(None, Some(&claim)), ..object() };
    odd.verified(object, Vec::new(), NOON).unwrap();
    repository.save(&mut odd).await.unwrap();
    assert_eq!(found(&repository, &odd).await, Some(odd));
}

pub async fn the_janitor_finds_what_is_due_and_nothing_else(repository: Repository) {
    let pending = upload("pending");
    let mut closed = upload("closed");
    closed.abort(NOON, HOUR).unwrap();
    for new in [&pending, &closed, &photo("photo")] {
        record(&repository, new).await;
    }
    let deadline = NOON + 24 * HOUR;
    let before = deadline - Duration::from_millis(1);
    assert_eq!(repository.past_deadline(before, 10).await.unwrap().uploads, []);
    assert_eq!(repository.past_deadline(deadline, 10).await.unwrap().uploads, std::slice::from_ref(&pending));
    assert_eq!(repository.due_for_cleanup(NOON, 10).await.unwrap().uploads, []);
    assert_eq!(repository.due_for_cleanup(NOON + HOUR, 10).await.unwrap().uploads, [closed.clone()]);
    closed.cleaned_up(NOON + HOUR);
    repository.save(&mut closed).await.unwrap();
    assert_eq!(repository.due_for_cleanup(NOON + HOUR, 10).await.unwrap().uploads, []);
    record(&repository, &upload("later")).await;
    assert_eq!(repository.past_deadline(deadline, 1).await.unwrap().uploads.len(), 1);
}

pub async fn those_of_a_list_that_are_there_are_found(repository: Repository) {
    let (one, two) = (upload("a"), photo("b"));
    let mut deleted = photo("deleted");
    deleted.delete(NOON, HOUR);
    let foreign = upload_of("other", "job-7", None, 4096);
    for new in [&one, &two, &deleted, &foreign] {
        record(&repository, new).await;
    }
    let nobodys = "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap();
    let asked = [two.id(), foreign.id(), one.id(), nobodys, deleted.id(), one.id()];
    let tenant = &one.facts().tenant;
    let mut many = repository.find_many(tenant, &asked).await.unwrap();
    many.sort_by_key(|upload| upload.id());
    let mut expected = vec![one.clone(), two.clone()];
    expected.sort_by_key(|upload| upload.id());
    assert_eq!(many, expected);
    assert_eq!(repository.find_many(tenant, &[]).await.unwrap(), []);
}
