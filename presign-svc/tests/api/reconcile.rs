//! Record and bucket compared: what does not agree is found, and mended only as far as it is asked for.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use windlass_presign_svc::domain::object_key::{KeyTemplate, ObjectKey};
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::jobs::reconcile::{
    Fate, Finding, FoundObject, ObjectPolicy, Policy, Reconciled, reconcile, runner,
};
use windlass_presign_svc::ports::object_store::{
    MultipartId, ObjectStore as _, PutToSign, SigningWindow, StoreError,
};
use windlass_protocol::UploadId;

use crate::support::{PhotoSpec, TestApp, crc64nvme, file_of, jpeg};

const DAYS: Duration = Duration::from_secs(3 * 86_400);

async fn look(app: &TestApp, objects: ObjectPolicy) -> (Reconciled, Vec<Finding>) {
    let policy = Policy { min_age: Duration::from_secs(86_400), objects, abort_multiparts: true };
    let mut findings = Vec::new();
    let seen = reconcile(&app.app, policy, &mut |finding| findings.push(finding.clone())).await.unwrap();
    (seen, findings)
}

/// Writes an object as nobody's client.
async fn put(app: &TestApp, key: &str, bytes: &[u8]) {
    put_with(app, key, bytes, &[]).await;
}

/// The same with headers that nobody signed.
async fn put_with(app: &TestApp, key: &str, bytes: &[u8], headers: &[(&str, &str)]) {
    let key = ObjectKey::try_from(key.to_owned()).unwrap();
    let put = PutToSign {
        key: &key,
        size_bytes: bytes.len() as u64,
        content_type: "image/jpeg",
        checksum: None,
        only_if_absent: false,
    };
    let window = SigningWindow::beginning_at(time::OffsetDateTime::now_utc(), Duration::from_secs(60));
    let signed = app.store.sign_put(&put, window).await.unwrap();
    let mut signed = json!({"url": signed.url, "headers": signed.headers});
    for (name, value) in headers {
        signed["headers"][name] = json!(value);
    }
    assert_eq!(app.put(&signed, bytes).await.status(), 200);
}

async fn exists(app: &TestApp, key: &str) -> bool {
    match app.store.head(&ObjectKey::try_from(key.to_owned()).unwrap()).await {
        Ok(_) => true,
        Err(StoreError::NotFound) => false,
        Err(error) => panic!("{error}"),
    }
}

fn photo_bytes() -> Vec<u8> {
    jpeg(&PhotoSpec::default())
}

/// A photo with one smaller picture.
async fn upload_with_variant(app: &TestApp, name: &str) -> (Value, String, String) {
    let (bytes, small) = (photo_bytes(), photo_bytes());
    let mut announced = file_of(name, "roof.jpg", &bytes);
    announced["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": small.len(),
                                    "width": 200, "height": 150, "checksum": crc64nvme(&small)}]);
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.put(&upload["variants"][0], &small).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
    let record = app.record(&upload).await;
    let variant = record.variant_key(&record.progress().variants[0]).to_string();
    (upload, record.original_key().to_string(), variant)
}

fn new_folder(app: &TestApp) -> String {
    let now = app.app.clock.now();
    let id: UploadId = app.app.ids.upload_id(now);
    let template = KeyTemplate::parse(KeyTemplate::DEFAULT).unwrap();
    let folder =
        template.folder(&"acme".parse().unwrap(), &"job-7".parse().unwrap(), id.into(), now).unwrap();
    folder.as_str().to_owned()
}

#[tokio::test]
async fn where_all_agree_nothing_is_found() {
    let app = TestApp::start().await;
    upload_with_variant(&app, "a").await;
    app.announce_one(file_of("pending", "b.jpg", &photo_bytes())).await;
    app.clock.advance(DAYS);
    let (seen, findings) = look(&app, ObjectPolicy::Remove).await;
    assert_eq!(findings, []);
    assert_eq!((seen.objects, seen.photos, seen.foreign), (2, 1, 0));
    assert!(seen.is_clean());
}

#[tokio::test]
async fn f52_objects_without_a_record_are_listed_and_shown_to_nobody_until_they_are_adopted() {
    let app = TestApp::start().await;
    let folder = new_folder(&app);
    let (original, small) = (format!("{folder}/original.jpg"), format!("{folder}/thumb_200.jpg"));
    let bytes = photo_bytes();
    put(&app, &original, &bytes).await;
    put(&app, &small, &bytes).await;
    app.clock.advance(DAYS);
    let (seen, findings) = look(&app, ObjectPolicy::List).await;
    assert_eq!((seen.without_record, seen.mended), (2, 0), "{findings:?}");
    assert!(!seen.is_clean());
    let list = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(list["photos"], json!([]), "nobody sees it");

    let (seen, findings) = look(&app, ObjectPolicy::Adopt).await;
    assert_eq!((seen.without_record, seen.mended), (1, 1), "{findings:?}");
    let list = app.get("/api/v1/photos?project_id=job-7").await.body;
    let photo = &list["photos"][0];
    assert!(folder.ends_with(photo["photo_id"].as_str().unwrap()), "{photo}");
    assert_eq!((&photo["size"], &photo["status"]), (&json!(bytes.len()), &json!("uploaded")));
    assert!(photo["url"].as_str().unwrap().contains(&original), "{photo}");
    assert!(photo["variants"]["thumb_200"]["url"].is_string(), "{photo}");
    assert!(look(&app, ObjectPolicy::List).await.0.is_clean());
}

#[tokio::test]
async fn a_photo_whose_original_is_on_the_next_page_of_a_listing_is_adopted_with_all_that_is_its() {
    for page in 1..=4 {
        let app = TestApp::start().await;
        for _ in 0..2 {
            let folder = new_folder(&app);
            for name in ["large", "medium", "original", "thumb_200"] {
                put(&app, &format!("{folder}/{name}.jpg"), &photo_bytes()).await;
            }
        }
        app.clock.advance(DAYS);
        app.store.page.store(page, std::sync::atomic::Ordering::SeqCst);
        let (seen, findings) = look(&app, ObjectPolicy::Adopt).await;
        assert!(seen.is_clean(), "pages of {page}: {findings:?}");
        let photos = app.get("/api/v1/photos?project_id=job-7").await.body["photos"].clone();
        let variants: Vec<_> = photos.as_array().unwrap().iter().map(|photo| &photo["variants"]).collect();
        assert_eq!(variants.len(), 2);
        for variants in variants {
            assert_eq!(variants.as_object().unwrap().len(), 3, "pages of {page}: {variants}");
        }
    }
}

#[tokio::test]
async fn what_is_no_photo_is_not_adopted_and_not_lost() {
    let app = TestApp::start().await;
    let key = format!("{}/original.jpg", new_folder(&app));
    put(&app, &key, &[b'<'; 4096]).await;
    app.clock.advance(DAYS);
    let (seen, findings) = look(&app, ObjectPolicy::Adopt).await;
    assert!(
        matches!(&findings[..], [Finding::WithoutRecord(object)] if matches!(object.fate, Fate::Failed(_)))
    );
    assert_eq!(seen.mended, 0);
    assert!(exists(&app, &key).await);
}

#[tokio::test]
async fn f52_an_original_that_is_refused_at_its_adoption_stays_with_its_smaller_pictures() {
    let app = TestApp::start().await;
    let folder = new_folder(&app);
    let (original, small) = (format!("{folder}/original.jpg"), format!("{folder}/thumb_200.jpg"));
    put_with(&app, &original, &photo_bytes(), &[("content-encoding", "gzip")]).await;
    put(&app, &small, &photo_bytes()).await;
    for _ in 0..2 {
        app.clock.advance(DAYS);
        let (seen, findings) = look(&app, ObjectPolicy::Adopt).await;
        assert_eq!((seen.without_record, seen.mended), (2, 0), "{findings:?}");
        let why = |finding: &Finding| match finding {
            Finding::WithoutRecord(FoundObject { fate: Fate::Failed(why), .. }) => why.clone(),
            other => panic!("{other:?}"),
        };
        assert!(why(&findings[0]).contains("Content-Encoding: gzip"), "{findings:?}");
        app.clock.advance(DAYS);
        assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
        assert!(exists(&app, &original).await && exists(&app, &small).await);
    }
}

#[tokio::test]
async fn only_what_is_old_ours_and_unknown_is_removed() {
    let app = TestApp::start().await;
    let (_, kept, kept_small) = upload_with_variant(&app, "a").await;
    let stray = kept.replace("original.jpg", "nobody_knows.jpg");
    let unknown = format!("{}/original.jpg", new_folder(&app));
    let foreign = "backups/2026/dump.jpg";
    for key in [stray.as_str(), &unknown, foreign] {
        put(&app, key, &photo_bytes()).await;
    }
    let (seen, findings) = look(&app, ObjectPolicy::Remove).await;
    assert_eq!((findings.len(), seen.foreign), (0, 1), "all are young: {findings:?}");
    app.clock.advance(DAYS);
    let (seen, findings) = look(&app, ObjectPolicy::Remove).await;
    assert_eq!((seen.without_record, seen.stray, seen.mended), (1, 1, 1), "{findings:?}");
    assert!(!exists(&app, &unknown).await);
    for key in [kept.as_str(), &kept_small, &stray, foreign] {
        assert!(exists(&app, key).await, "{key} is gone");
    }
}

#[tokio::test]
async fn what_came_late_for_a_closed_upload_is_found_and_removed() {
    let app = TestApp::start().await;
    let bytes = photo_bytes();
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    let path = format!("/api/v1/uploads/{}", upload["upload_id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, 204);
    app.clock.advance(DAYS);
    sweep(&app.app).await.unwrap();
    let key = app.record(&upload).await.original_key().to_string();
    put(&app, &key, &bytes).await;
    let (seen, findings) = look(&app, ObjectPolicy::List).await;
    assert_eq!((seen.left_over, seen.mended), (1, 0), "{findings:?}");
    assert_eq!(look(&app, ObjectPolicy::Remove).await.0.mended, 1);
    assert!(!exists(&app, &key).await);
}

#[tokio::test]
async fn photos_that_lost_their_objects_are_found() {
    let app = TestApp::start().await;
    let (_, original, _) = upload_with_variant(&app, "a").await;
    let (_, _, small) = upload_with_variant(&app, "b").await;
    upload_with_variant(&app, "c").await;
    for key in [&original, &small] {
        app.store.delete(&ObjectKey::try_from(key.clone()).unwrap()).await.unwrap();
    }
    let (seen, findings) = look(&app, ObjectPolicy::List).await;
    assert_eq!((seen.without_original, seen.without_variant, seen.photos), (1, 1, 3), "{findings:?}");
    assert!(
        findings
            .iter()
            .any(|f| matches!(f, Finding::WithoutOriginal { key, .. } if key.as_str() == original))
    );
    assert!(
        findings.iter().any(|f| matches!(f, Finding::WithoutVariant { key, .. } if key.as_str() == small))
    );
}

#[tokio::test]
async fn multipart_uploads_nobody_can_finish_are_aborted_by_the_daily_look_and_told_in_the_metrics() {
    let app = TestApp::start().await;
    let large =
        json!({"client_ref": "a", "filename": "a.mp4", "content_type": "video/mp4", "size": 20 << 20});
    let upload = app.announce_one(large).await;
    let record = app.record(&upload).await;
    let wanted: MultipartId = record.progress().multipart.clone().unwrap();
    let forgotten = app.store.create_multipart(&record.original_key(), "video/mp4").await.unwrap();
    let unknown = ObjectKey::try_from(format!("{}/original.mp4", new_folder(&app))).unwrap();
    app.store.create_multipart(&unknown, "video/mp4").await.unwrap();
    let foreign = ObjectKey::try_from("backups/dump.tar".to_owned()).unwrap();
    app.store.create_multipart(&foreign, "application/x-tar").await.unwrap();
    let (seen, _) = look(&app, ObjectPolicy::List).await;
    assert_eq!(seen.multiparts, 0, "all are young");
    app.pass(DAYS);
    runner::compare(&app.app).await;
    let metrics = app.app.metrics.text(0);
    for line in
        ["windlass_unreconciled{finding=\"multipart\"} 2", "windlass_unreconciled{finding=\"stray\"} 0"]
    {
        assert!(metrics.lines().any(|each| each == line), "{line} is not in\n{metrics}");
    }
    let left = app.store.list_multiparts("", None).await.unwrap().multiparts;
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().any(|multipart| multipart.id == wanted), "{left:?}");
    assert!(left.iter().all(|multipart| multipart.id != forgotten), "{left:?}");
    assert!(left.iter().any(|multipart| multipart.key == foreign.as_str()), "{left:?}");
}

#[tokio::test]
async fn what_belongs_to_a_record_that_cannot_be_read_is_told_and_not_touched() {
    let app = TestApp::start().await;
    let (_, original, small) = upload_with_variant(&app, "spoilt").await;
    let (_, gone, _) = upload_with_variant(&app, "later").await;
    app.store.delete(&ObjectKey::try_from(gone).unwrap()).await.unwrap();
    let film =
        json!({"client_ref": "film", "filename": "a.mp4", "content_type": "video/mp4", "size": 20 << 20});
    app.announce_one(film).await;
    let mut raw =
        SqliteConnection::connect(&format!("sqlite://{}", app.database("test").display())).await.unwrap();
    let spoil = "UPDATE uploads SET variants = 'unreadable' WHERE client_ref IN ('spoilt', 'film')";
    sqlx::query(spoil).execute(&mut raw).await.unwrap();
    app.clock.advance(DAYS);
    for objects in [ObjectPolicy::List, ObjectPolicy::Adopt, ObjectPolicy::Remove] {
        let (seen, findings) = look(&app, objects).await;
        let counts = (seen.photos, seen.unreadable, seen.without_original, seen.found(), seen.mended);
        assert_eq!(counts, (2, 1, 1, 2, 0), "{findings:?}");
        assert!(!seen.is_clean());
    }
    assert!(exists(&app, &original).await && exists(&app, &small).await);
    assert_eq!(app.store.list_multiparts("", None).await.unwrap().multiparts.len(), 1);
}

#[tokio::test]
async fn t13_an_original_that_was_replaced_after_it_was_verified_is_told_of_and_left_as_it_is() {
    let app = TestApp::start().await;
    let (_, same_size, _) = upload_with_variant(&app, "a").await;
    let (_, other_size, variant) = upload_with_variant(&app, "b").await;
    let mut swapped = photo_bytes();
    if let Some(last) = swapped.last_mut() {
        *last ^= 1;
    }
    put(&app, &same_size, &swapped).await;
    put(&app, &other_size, &swapped[..2000]).await;
    let (seen, findings) = look(&app, ObjectPolicy::Remove).await;
    let mut replaced: Vec<&str> = findings
        .iter()
        .map(|finding| match finding {
            Finding::Replaced(object) if object.fate == Fate::Left => object.key.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    replaced.sort_unstable();
    let mut expected = [same_size.as_str(), other_size.as_str()];
    expected.sort_unstable();
    assert_eq!((seen.replaced, replaced), (2, expected.to_vec()), "at once, however young it is");
    assert!(!seen.is_clean());
    for key in [&same_size, &other_size, &variant] {
        assert!(exists(&app, key).await);
    }
}
