//! F52: the database is a copy from before the last photos came, the bucket is as it was: nothing that is not in the
//! record is shown, everything is found, and what the crews sent is adopted or sent on.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use windlass_presign_svc::jobs::arrivals::{self, Looked};
use windlass_presign_svc::jobs::cleanup::{self, Swept};
use windlass_presign_svc::jobs::reconcile::{Finding, ObjectPolicy, Policy, Reconciled, reconcile};
use windlass_presign_svc::ports::object_store::StoreError;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{EventStream, PhotoSpec, TestApp, crc64nvme, file_of, jpeg};

const DAY: Duration = Duration::from_secs(86_400);

/// As `sqlite3 windlass.sqlite ".backup copy.sqlite"` makes it, while the service runs.
async fn back_up(app: &TestApp) {
    let from = format!("sqlite://{}", app.database("test").display());
    let mut connection = SqliteConnection::connect(&from).await.unwrap();
    let copy = app.database("copy").display().to_string();
    sqlx::query("VACUUM INTO $1").bind(copy).execute(&mut connection).await.unwrap();
}

async fn look(app: &TestApp, objects: ObjectPolicy) -> (Reconciled, Vec<Finding>) {
    let policy = Policy { min_age: Duration::from_secs(3600), objects, abort_multiparts: true };
    let mut findings = Vec::new();
    let seen = reconcile(&app.app, policy, &mut |finding| findings.push(finding.clone())).await.unwrap();
    (seen, findings)
}

async fn listed(app: &TestApp) -> Vec<String> {
    let list = app.get("/api/v1/photos?project_id=job-7").await.body;
    list["photos"].as_array().unwrap().iter().map(id_of).collect()
}

fn id_of(photo: &Value) -> String {
    photo["photo_id"].as_str().unwrap().to_owned()
}

/// A photo with a smaller picture.
async fn send_with_thumbnail(app: &TestApp, name: &str, bytes: &[u8]) -> Value {
    let mut announced = file_of(name, "roof.jpg", bytes);
    announced["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": bytes.len(),
                                    "width": 200, "height": 150, "checksum": crc64nvme(bytes)}]);
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload, bytes).await.status(), 200);
    assert_eq!(app.put(&upload["variants"][0], bytes).await.status(), 200);
    app.complete(&upload, Value::Null).await.body
}

#[tokio::test]
async fn f52_on_a_copy_from_before_nothing_is_shown_unasked_and_nothing_that_was_sent_is_lost() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let kept = id_of(&app.upload("kept", &bytes).await);
    let deleted = id_of(&app.upload("deleted", &bytes).await);
    let edited = id_of(&app.upload("edited", &bytes).await);
    let pending = app.announce_one(file_of("pending", "roof.jpg", &bytes)).await;
    back_up(&app).await;

    // What the copy does not know: a caption, a deletion, the end of an upload, and photos.
    let path = format!("/api/v1/photos/{edited}");
    assert_eq!(
        app.call(Method::PATCH, &path, &app.ann(), json!({"caption": "the north side"})).await.status,
        200
    );
    assert_eq!(app.delete(&format!("/api/v1/photos/{deleted}")).await.status, 204);
    assert_eq!(app.put(&pending, &bytes).await.status(), 200);
    assert_eq!(app.complete(&pending, Value::Null).await.status, 200);
    let new = id_of(&app.upload("new", &bytes).await);
    let with_thumbnail = id_of(&send_with_thumbnail(&app, "thumbnail", &bytes).await);
    let told = app.get("/api/v1/photos?project_id=job-7").await.body["latest_event"].as_u64().unwrap();
    app.clock.advance(DAY / 2);
    cleanup::sweep(&app.app).await.unwrap();

    let restored = app.restored("copy").await;
    restored.clock.advance(DAY / 2);
    let mut known = listed(&restored).await;
    known.sort();
    let mut expected = vec![kept.clone(), deleted.clone(), edited.clone()];
    expected.sort();
    assert_eq!(known, expected, "what the record says, and nothing of the bucket's");
    for id in [&new, &with_thumbnail] {
        restored.get(&format!("/api/v1/photos/{id}")).await.assert_problem(404, "not_found");
        let urls = restored.post("/api/v1/photos/urls", json!({"photo_ids": [id]})).await;
        assert!(!urls.body.to_string().contains("X-Amz-Signature"), "{}", urls.body);
    }
    let (token, told) = (restored.ann(), told.to_string());
    let stream = EventStream::open(&restored, "project_id=job-7", Some(&token), Some(&told)).await;
    let mut stream = stream.map_err(|refused| refused.body).unwrap();
    assert!(
        stream.names(2).await.iter().any(|(_, name)| name == "reset"),
        "a page that knows later news is told to look again"
    );

    // A client that asks again for what was acknowledged gets the same photo, not a second one.
    let again = restored.complete(&pending, Value::Null).await;
    assert_eq!((again.status, &again.body["photo_id"]), (200, &pending["photo_id"]), "{}", again.body);

    let (seen, findings) = look(&restored, ObjectPolicy::List).await;
    assert_eq!((seen.without_record, seen.without_original, seen.mended), (3, 1, 0), "{findings:?}");
    let is_deleted = |finding: &Finding| matches!(finding, Finding::WithoutOriginal { photo, .. } if photo.to_string() == deleted);
    assert!(findings.iter().any(is_deleted), "{findings:?}");
    let (seen, findings) = look(&restored, ObjectPolicy::Adopt).await;
    assert_eq!((seen.without_record, seen.mended), (2, 2), "an original brings its pictures: {findings:?}");
    let known = listed(&restored).await;
    for id in [&kept, &edited, &new, &with_thumbnail, &id_of(&pending)] {
        assert!(known.contains(id), "{id} is not among {known:?}");
    }
    let adopted = restored.get(&format!("/api/v1/photos/{with_thumbnail}")).await.body;
    assert_eq!(adopted["size"], bytes.len(), "{adopted}");
    assert!(adopted["variants"]["thumb_200"]["url"].is_string(), "{adopted}");
    let (seen, findings) = look(&restored, ObjectPolicy::List).await;
    assert_eq!((seen.without_record, seen.without_original), (0, 1), "{findings:?}");
}

/// A film that was joined after the copy was made, and the service on the copy.
async fn joined_since(app: &TestApp, bytes: &[u8]) -> (Value, Vec<Value>, TestApp) {
    let film = announce_film(app, bytes).await;
    let parts = send_parts(app, &film, bytes, &[1, 2]).await;
    back_up(app).await;
    assert_eq!(app.complete(&film, Value::Null).await.status, 200);
    let restored = app.restored("copy").await;
    (film, parts, restored)
}

#[tokio::test]
async fn f52_what_was_joined_since_is_known_by_what_the_client_says_of_it() {
    let bytes = film(6 * MIB);
    let app = TestApp::start().await;
    let (film, parts, restored) = joined_since(&app, &bytes).await;
    restored.clock.advance(Duration::from_secs(600));
    assert_eq!(arrivals::look(&restored.app).await.unwrap(), Looked { due: 1, finished: 0 });
    let photo = restored.complete(&film, json!({"parts": parts})).await;
    assert_eq!((photo.status, &photo.body["photo_id"]), (200, &film["photo_id"]), "{}", photo.body);

    let app = TestApp::start().await;
    let (film, _, restored) = joined_since(&app, &bytes).await;
    let photo = restored.complete(&film, json!({"checksum": crc64nvme(&bytes)})).await;
    assert_eq!((photo.status, &photo.body["photo_id"]), (200, &film["photo_id"]), "{}", photo.body);
}

#[tokio::test]
async fn f52_what_was_joined_since_stays_until_its_parts_are_there_again() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let (film, _, restored) = joined_since(&app, &bytes).await;
    let key = restored.record(&film).await.original_key();
    let path = format!("/api/v1/uploads/{}/parts", film["upload_id"].as_str().unwrap());

    restored.complete(&film, Value::Null).await.assert_problem(409, "parts_missing");
    assert_eq!(restored.get(&path).await.body, json!({"parts": []}));
    let kept = restored.app.store.head(&key).await.unwrap();
    assert_eq!(kept.size_bytes, bytes.len() as u64, "nobody has the bytes but the bucket");

    send_parts(&restored, &film, &bytes, &[1, 2]).await;
    let multipart = restored.record(&film).await.progress().multipart.clone().unwrap();
    let photo = restored.complete(&film, Value::Null).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    let after = restored.app.store.head(&key).await.unwrap();
    assert_eq!(after.etag, kept.etag, "the same object, not joined a second time");
    let parts = restored.app.store.list_parts(&key, &multipart).await;
    assert!(matches!(parts, Err(StoreError::NoSuchUpload)), "the parts that were not needed cost nothing");
}

#[tokio::test]
async fn f52_what_was_joined_since_and_its_client_has_forgotten_is_a_photo_at_its_deadline() {
    for asks in [false, true] {
        let app = TestApp::start().await;
        let (film, _, restored) = joined_since(&app, &film(6 * MIB)).await;
        let key = restored.record(&film).await.original_key();
        let kept = restored.app.store.head(&key).await.unwrap();
        if asks {
            // Somebody who has nothing left to send, neither the parts nor what they were.
            restored.complete(&film, Value::Null).await.assert_problem(409, "parts_missing");
        }
        restored.clock.advance(DAY);
        assert_eq!(cleanup::sweep(&restored.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
        assert_eq!(listed(&restored).await, [id_of(&film)]);
        assert_eq!(restored.app.store.head(&key).await.unwrap(), kept, "the object is as it was");
        let open = restored.app.store.list_multiparts("", None).await.unwrap().multiparts;
        assert!(open.is_empty(), "{open:?}");
    }
}
