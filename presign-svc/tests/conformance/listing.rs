//! The laws of lists of photos: filters, search, pages and totals.

use std::sync::Arc;

use windlass_presign_svc::adapters::system::RandomIds;
use windlass_presign_svc::domain::description::Description;
use windlass_presign_svc::domain::filter::{BoundingBox, PhotoFilter, TakenRange, search_words, whole_term};
use windlass_presign_svc::domain::media_type::MediaType;
use windlass_presign_svc::domain::upload::pipeline::Verdict;
use windlass_presign_svc::domain::upload::{Announcement, Progress, Upload, UploadState, VerifiedObject};
use windlass_presign_svc::ports::ids::IdSource as _;
use windlass_presign_svc::ports::uploads::{KnownPhotos, ListedPhoto, PhotoQuery, PhotoVersion};
use windlass_protocol::metadata::{GpsReading, TakenAt};
use windlass_protocol::photo::MediaKind;
use windlass_protocol::{PhotoMetadata, UploadStatus};

use crate::uploads::{HOUR, Known, NOON, Repository, object, page, photo, preview, record, upload};

/// A photo of `job-7` as it is saved when it was verified: with its terms.
async fn stored(repository: &Repository, caption: &str, tags: &[&str], object: VerifiedObject) -> Upload {
    let mut new = upload(caption);
    record(repository, &new).await;
    new.verified(object, Vec::new(), NOON).unwrap();
    repository.save(&mut new).await.unwrap();
    describe(repository, &mut new, caption, tags).await;
    new
}

async fn describe(repository: &Repository, upload: &mut Upload, caption: &str, tags: &[&str]) {
    let tags = tags.iter().map(ToString::to_string).collect();
    upload.describe(Description { caption: Some(caption.to_owned()), tags }, NOON);
    repository.save(upload).await.unwrap();
}

fn taken(local: &str, offset: Option<&str>, place: Option<(f64, f64)>) -> PhotoMetadata {
    PhotoMetadata {
        make: Some("Google".to_owned()),
        model: Some("Pixel 2".to_owned()),
        taken_at: Some(TakenAt { local: local.to_owned(), offset: offset.map(str::to_owned) }),
        location: place.map(|(latitude, longitude)| GpsReading {
            latitude: Some(latitude),
            longitude: Some(longitude),
            ..GpsReading::default()
        }),
        ..PhotoMetadata::default()
    }
}

fn video() -> VerifiedObject {
    let media_type = MediaType::ALL.into_iter().find(|media| media.kind() == MediaKind::Video).unwrap();
    VerifiedObject { media_type, metadata: None, ..object() }
}

/// The captions of what is found.
async fn captions(repository: &Repository, filter: &PhotoFilter) -> Vec<String> {
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let query = PhotoQuery { tenant: &tenant, project: &project, filter, after: None, limit: 50 };
    let page = page(repository, &query).await;
    assert_eq!(page.next, None);
    page.photos.iter().filter_map(|photo| photo.progress().description.caption.clone()).collect()
}

fn search(text: &str) -> PhotoFilter {
    PhotoFilter { words: search_words(text).unwrap(), ..PhotoFilter::default() }
}

fn tagged(tag: &str) -> PhotoFilter {
    PhotoFilter { tag: Some(whole_term(tag).unwrap()), ..PhotoFilter::default() }
}

fn by(camera: &str) -> PhotoFilter {
    PhotoFilter { camera: Some(whole_term(camera).unwrap()), ..PhotoFilter::default() }
}

fn between(from: Option<&str>, to: Option<&str>) -> PhotoFilter {
    PhotoFilter { taken: TakenRange::parse(from, to).unwrap(), ..PhotoFilter::default() }
}

fn within(bounds: &str) -> PhotoFilter {
    PhotoFilter { place: Some(BoundingBox::parse(bounds).unwrap()), ..PhotoFilter::default() }
}

pub async fn every_filter_finds_what_it_names_and_nothing_else(repository: Repository) {
    let zurich = taken("2026-11-20T16:34:23", Some("+01:00"), Some((47.3, 8.5)));
    let fiji = taken("2026-11-21T00:10:00", None, Some((-17.7, 179.9)));
    let of = |metadata| VerifiedObject { metadata: Some(metadata), ..object() };
    stored(&repository, "Türsturz north", &["Roof Leak"], of(zurich)).await;
    stored(&repository, "cellar 0042", &["roof", "Straße"], of(fiji)).await;
    let mut film = stored(&repository, "walk", &[], video()).await;
    film.advance(Verdict::Processing, NOON).unwrap();
    repository.save(&mut film).await.unwrap();
    let (door, cellar) = ("Türsturz north", "cellar 0042");
    let kind = |kind| PhotoFilter { kind: Some(kind), ..PhotoFilter::default() };
    let sent = |by: &str| PhotoFilter { sender: Some(by.to_owned()), ..PhotoFilter::default() };
    let status = |status| PhotoFilter { status: Some(status), ..PhotoFilter::default() };
    for (filter, found) in [
        (PhotoFilter::default(), &["walk", cellar, door][..]),
        (kind(MediaKind::Photo), &[cellar, door]),
        (kind(MediaKind::Video), &["walk"]),
        (kind(MediaKind::Archive), &[]),
        (status(UploadStatus::Processing), &["walk"]),
        (status(UploadStatus::Failed), &[]),
        (sent("ann"), &["walk", cellar, door]),
        (sent("Ann"), &[]),
        (sent("ben"), &[]),
        (PhotoFilter { sender: sent("ann").sender, ..tagged("roof") }, &[cellar]),
        (PhotoFilter { sender: sent("ben").sender, ..tagged("roof") }, &[]),
        (tagged("roof LEAK"), &[door]),
        (tagged("roof"), &[cellar]),
        (tagged("ROO"), &[]),
        (by("google pixel 2"), &[cellar, door]),
        (by("Pixel 2"), &[cellar, door]),
        (by("pixel"), &[]),
        (search("tursturz"), &[door]),
        (search("roo"), &[cellar, door]),
        (search("nor roo"), &[door]),
        (search("north cellar"), &[]),
        (search("0042"), &[cellar]),
        (search("pix dach"), &[cellar, door]),
        (between(Some("2026-11-20"), Some("2026-11-20")), &[door]),
        (between(Some("2026-11-20T15:34:23Z"), Some("2026-11-20T15:34:23Z")), &[door]),
        (between(Some("2026-11-20T16:00:00Z"), None), &[cellar]),
        (between(None, Some("2026-11-19")), &[]),
        (within("8.4,47.2,8.6,47.4"), &[door]),
        (within("179,-20,-179,-10"), &[cellar]),
        (within("-180,-90,180,90"), &[cellar, door]),
        (PhotoFilter { kind: Some(MediaKind::Photo), ..search("pixel") }, &[cellar, door]),
        (PhotoFilter { place: within("8,47,9,48").place, ..tagged("roof leak") }, &[door]),
        (PhotoFilter { camera: by("pixel 2").camera, ..tagged("straße") }, &[cellar]),
    ] {
        assert_eq!(captions(&repository, &filter).await, found, "{filter:?}");
    }
}

pub async fn a_change_is_found_by_its_new_words_only(repository: Repository) {
    let mut one = stored(&repository, "first", &["roof"], object()).await;
    describe(&repository, &mut one, "second", &["cellar", "roof"]).await;
    assert_eq!(captions(&repository, &search("first")).await, [""; 0]);
    for filter in [search("second"), search("cell roof"), tagged("roof"), tagged("cellar")] {
        assert_eq!(captions(&repository, &filter).await, ["second"], "{filter:?}");
    }
    one.delete(NOON, HOUR);
    repository.save(&mut one).await.unwrap();
    assert_eq!(captions(&repository, &search("second")).await, [""; 0]);
    repository.forget(&one.facts().tenant, one.id()).await.unwrap();
    assert_eq!(captions(&repository, &tagged("roof")).await, [""; 0]);
}

pub async fn what_has_changed_since_it_was_known_is_read(repository: Repository) {
    let still = stored(&repository, "still", &["roof"], object()).await;
    let mut moved = stored(&repository, "moved", &["roof"], object()).await;
    let mut gone = stored(&repository, "gone", &["roof"], object()).await;
    let known: Arc<dyn KnownPhotos> = Arc::new(Known([&still, &moved, &gone].map(PhotoVersion::of).into()));
    describe(&repository, &mut moved, "moved on", &["roof"]).await;
    gone.delete(NOON, HOUR);
    repository.save(&mut gone).await.unwrap();
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    for filter in [PhotoFilter::default(), tagged("roof"), search("mov")] {
        let query =
            PhotoQuery { tenant: &tenant, project: &project, filter: &filter, after: None, limit: 50 };
        let mut listed = repository.list_photos(&query, &known).await.unwrap().photos.into_iter();
        assert_eq!(listed.next(), Some(ListedPhoto::Recorded(Box::new(moved.clone()))), "{filter:?}");
        let last = ListedPhoto::Known(Known::shown(&PhotoVersion::of(&still)));
        assert_eq!(listed.next(), (filter.words.is_empty()).then_some(last), "{filter:?}");
        assert_eq!(listed.next(), None);
    }
}

pub async fn pages_under_every_filter_hold_each_photo_once(repository: Repository) {
    let (mut made, metadata) = (Vec::new(), taken("2026-11-20T16:34:23", None, Some((1.0, 1.0))));
    for n in 0..5 {
        let object = VerifiedObject { metadata: Some(metadata.clone()), ..object() };
        made.push(stored(&repository, &format!("number {n}, numbered"), &["roof"], object).await.id());
    }
    made.reverse();
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let day = || between(Some("2026-11-20"), None);
    let filters = [
        search("number"),
        // Each has two words that begin so.
        search("numb"),
        search("numb roof"),
        PhotoFilter { taken: day().taken, ..search("numb") },
        PhotoFilter { taken: day().taken, ..within("0,0,2,2") },
        PhotoFilter { place: within("0,0,2,2").place, ..tagged("roof") },
        PhotoFilter { camera: by("google").camera, status: Some(UploadStatus::Uploaded), ..day() },
        tagged("roof"),
        by("google"),
        day(),
        between(None, Some("2026-11-21T00:00:00Z")),
        within("0,0,2,2"),
        PhotoFilter { taken: day().taken, ..tagged("roof") },
        PhotoFilter { kind: Some(MediaKind::Photo), ..day() },
        PhotoFilter { kind: Some(MediaKind::Photo), ..PhotoFilter::default() },
        PhotoFilter { status: Some(UploadStatus::Uploaded), ..PhotoFilter::default() },
        PhotoFilter { sender: Some("ann".to_owned()), ..PhotoFilter::default() },
        PhotoFilter { sender: Some("ann".to_owned()), ..day() },
    ];
    for filter in &filters {
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..made.len() {
            let query = PhotoQuery { tenant: &tenant, project: &project, filter, after, limit: 2 };
            let page = page(&repository, &query).await;
            seen.extend(page.photos.iter().map(Upload::id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, made, "{filter:?}");
    }
}

pub async fn filters_and_totals_keep_to_their_tenant_and_project(repository: Repository) {
    let template = stored(&repository, "mine", &["roof"], object()).await;
    let ids = RandomIds::new();
    for (tenant, project) in [("other", "job-7"), ("acme", "job-8")] {
        let facts = Announcement {
            id: ids.upload_id(NOON),
            tenant: tenant.parse().unwrap(),
            project: project.parse().unwrap(),
            ..template.facts().clone()
        };
        let progress = Progress { client_ref: None, version: 1, ..template.progress().clone() };
        let mut foreign = Upload::restore(facts, progress);
        record(&repository, &foreign).await;
        describe(&repository, &mut foreign, "foreign", &["roof"]).await;
    }
    let sent = PhotoFilter { sender: Some("ann".to_owned()), ..PhotoFilter::default() };
    for filter in [search("roof"), tagged("roof"), by("google"), within("-180,-90,180,90"), sent] {
        let found = captions(&repository, &filter).await;
        assert!(found.iter().all(|caption| caption == "mine"), "{filter:?}: {found:?}");
    }
    assert_eq!(captions(&repository, &tagged("roof")).await, ["mine"]);
    for (tenant, project, photos) in
        [("acme", "job-7", 1), ("other", "job-7", 1), ("acme", "job-8", 1), ("other", "job-8", 0)]
    {
        let totals = repository.photo_totals(&tenant.parse().unwrap(), &project.parse().unwrap()).await;
        assert_eq!(totals.unwrap().uploaded, photos, "{tenant}/{project}");
    }
}

pub async fn totals_follow_every_change(repository: Repository) {
    let mut one = stored(&repository, "one", &[], object()).await;
    let two = photo("two");
    record(&repository, &two).await;
    record(&repository, &upload("pending")).await;
    let (tenant, project) = (one.facts().tenant.clone(), one.facts().project.clone());
    let totals = async || {
        let totals = repository.photo_totals(&tenant, &project).await.unwrap();
        (totals.uploaded, totals.processing, totals.completed, totals.failed)
    };
    assert_eq!(totals().await, (2, 0, 0, 0));
    for (verdict, expected) in [
        (Verdict::Processing, (1, 1, 0, 0)),
        (Verdict::Failed { reason: "dark".to_owned() }, (1, 0, 0, 1)),
        (Verdict::Processing, (1, 1, 0, 0)),
        (Verdict::Completed, (1, 0, 1, 0)),
    ] {
        one.advance(verdict, NOON).unwrap();
        repository.save(&mut one).await.unwrap();
        assert_eq!(totals().await, expected);
    }
    assert!(matches!(one.state(), UploadState::Stored { .. }));
    one.delete(NOON, HOUR);
    repository.save(&mut one).await.unwrap();
    assert_eq!(totals().await, (1, 0, 0, 0));
    repository.forget(&tenant, one.id()).await.unwrap();
    assert_eq!(totals().await, (1, 0, 0, 0));
}

pub async fn what_is_on_its_way_is_listed_in_its_place_for_those_who_ask(repository: Repository) {
    let (mut made, mut arriving) = (Vec::new(), Vec::new());
    for n in 0..6 {
        let new = upload(&format!("photo-{n}"));
        record(&repository, &new).await;
        let mut new = new;
        if n % 2 == 0 {
            new.verified(object(), Vec::new(), NOON).unwrap();
        } else {
            preview(&mut new);
        }
        repository.save(&mut new).await.unwrap();
        made.push(new.id());
        arriving.extend((n % 2 == 1).then_some(new));
    }
    record(&repository, &upload("nothing of it is there")).await;
    made.reverse();
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let asked = PhotoFilter { with_arriving: true, ..PhotoFilter::default() };
    let found = async |filter: &PhotoFilter, limit| {
        let mut query = PhotoQuery { tenant: &tenant, project: &project, filter, after: None, limit };
        let mut ids = Vec::new();
        loop {
            let page = page(&repository, &query).await;
            ids.extend(page.photos.iter().map(Upload::id));
            query.after = page.next;
            if page.next.is_none() {
                return ids;
            }
        }
    };
    for limit in 1..=7 {
        assert_eq!(found(&asked, limit).await, made, "{limit} at a time");
    }
    let others: Vec<_> =
        made.iter().copied().filter(|id| arriving.iter().all(|one| one.id() != *id)).collect();
    assert_eq!(found(&PhotoFilter::default(), 2).await, others, "nobody else sees them");
    let only = PhotoFilter { status: Some(UploadStatus::PendingUpload), ..PhotoFilter::default() };
    let mut on_their_way: Vec<_> = arriving.iter().map(Upload::id).collect();
    on_their_way.reverse();
    assert_eq!(found(&only, 2).await, on_their_way);
    assert_eq!(found(&PhotoFilter { kind: Some(MediaKind::Photo), ..asked.clone() }, 4).await, made);
    assert_eq!(found(&PhotoFilter { kind: Some(MediaKind::Video), ..asked.clone() }, 4).await, []);
    assert_eq!(found(&PhotoFilter { sender: Some("ann".to_owned()), ..asked.clone() }, 4).await, made);
    assert_eq!(found(&PhotoFilter { sender: Some("ben".to_owned()), ..asked.clone() }, 4).await, []);
    for (tenant, project) in [("other", "job-7"), ("acme", "job-8")] {
        let (tenant, project) = (tenant.parse().unwrap(), project.parse().unwrap());
        let query = PhotoQuery { tenant: &tenant, project: &project, filter: &asked, after: None, limit: 9 };
        assert_eq!(page(&repository, &query).await.photos, []);
    }
    let (stored, aborted) = (&mut arriving.remove(0), &mut arriving.remove(0));
    stored.verified(object(), stored.progress().variants.clone(), NOON).unwrap();
    aborted.abort(NOON, HOUR).unwrap();
    repository.save(stored).await.unwrap();
    repository.save(aborted).await.unwrap();
    made.retain(|id| *id != aborted.id());
    assert_eq!(found(&asked, 3).await, made);
    assert_eq!(found(&only, 3).await, [arriving[0].id()]);
    assert_eq!(repository.find(&tenant, stored.id()).await.unwrap().as_ref(), Some(&*stored));
}
