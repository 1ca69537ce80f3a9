//! `unless_stored` of `POST /api/v1/uploads`: the same photo chosen again, by whom, and what nobody learns by it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::{Caller, ProjectAccess, Scope, TokenGrant};
use windlass_presign_svc::ports::clock::Clock as _;

use crate::complete_faults::put_foreign_object;
use crate::complete_parts::{MIB, film, send_parts};
use crate::support::{PhotoSpec, TestApp, crc64nvme, file, file_of, jpeg};

/// Announces a file that is not wanted twice, and answers its entry.
async fn choose(app: &TestApp, token: &str, project: &str, client_ref: &str, bytes: &[u8]) -> Value {
    let mut file = file_of(client_ref, "roof.jpg", bytes);
    file["unless_stored"] = json!(crc64nvme(bytes));
    let body = json!({"project_id": project, "files": [file]});
    let answer = app.call(Method::POST, "/api/v1/uploads", token, body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["uploads"][0].clone()
}

/// Of somebody else than Ann.
fn token_of(app: &TestApp, subject: &str) -> String {
    let caller = Caller {
        tenant: "acme".parse().unwrap(),
        subject: subject.to_owned(),
        projects: ProjectAccess::All,
        scopes: Scope::ALL.into(),
        link: None,
    };
    let grant = TokenGrant { caller, lifetime: Duration::from_secs(3600) };
    app.app.tokens.mint(&grant, app.clock.now()).unwrap()
}

fn is_new(upload: &Value, photo: &Value) -> bool {
    upload.get("already_stored").is_none()
        && upload["status"] == "pending_upload"
        && upload["photo_id"] != photo["photo_id"]
}

/// A photo, as its upload was answered.
async fn stored(app: &TestApp, client_ref: &str, bytes: &[u8]) -> Value {
    let upload = app.announce_one(file_of(client_ref, "roof.jpg", bytes)).await;
    assert_eq!(app.put(&upload, bytes).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
    upload
}

/// What is chosen is new, and once it was sent it can be fetched; answers which photo it is.
async fn assert_sent_again(app: &TestApp, client_ref: &str, bytes: &[u8], lost: &Value) -> Value {
    let again = choose(app, &app.ann(), "job-7", client_ref, bytes).await;
    assert!(is_new(&again, lost), "{again}");
    assert_eq!(app.put(&again, bytes).await.status(), 200);
    let photo = app.complete(&again, Value::Null).await;
    assert_eq!((photo.status, &photo.body["photo_id"]), (200, &again["photo_id"]), "{}", photo.body);
    let fetched = app.http.get(photo.body["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
    photo.body["photo_id"].clone()
}

#[tokio::test]
async fn the_same_photo_chosen_again_is_answered_with_the_one_that_is_there() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = app.upload("a", &bytes).await;
    let again = choose(&app, &app.ann(), "job-7", "b", &bytes).await;
    assert_eq!((&again["already_stored"], &again["photo_id"]), (&json!(true), &photo["photo_id"]));
    assert_eq!((&again["client_ref"], &again["status"]), (&json!("b"), &json!("uploaded")));
    assert_eq!((again.get("url"), &again["variants"]), (None, &json!([])), "nothing is wanted");
    assert_eq!(app.complete(&again, Value::Null).await.body["photo_id"], photo["photo_id"]);
    let in_use = app.app.uploads.in_use(&"acme".parse().unwrap(), None).await.unwrap().tenant;
    assert_eq!((in_use.open_bytes, in_use.stored_bytes), (0, bytes.len() as u64), "nothing was recorded");

    let known = choose(&app, &app.ann(), "job-7", "a", &bytes).await;
    assert_eq!((known.get("already_stored"), &known["photo_id"]), (None, &photo["photo_id"]), "its own name");
    assert!(is_new(&app.announce_one(file_of("c", "roof.jpg", &bytes)).await, &photo), "who does not ask");
    let other = jpeg(&PhotoSpec { make: "Other", ..PhotoSpec::default() });
    assert!(is_new(&choose(&app, &app.ann(), "job-7", "d", &other).await, &photo), "other bytes");

    let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, 204);
    assert!(is_new(&choose(&app, &app.ann(), "job-7", "e", &bytes).await, &photo), "it was deleted");
}

#[tokio::test]
async fn a_photo_that_the_bucket_has_lost_is_taken_again() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = stored(&app, "a", &bytes).await;
    app.app.store.delete(&app.record(&photo).await.original_key()).await.unwrap();
    let sent = assert_sent_again(&app, "b", &bytes, &photo).await;
    let third = choose(&app, &app.ann(), "job-7", "c", &bytes).await;
    assert_eq!((&third["already_stored"], &third["photo_id"]), (&json!(true), &sent), "once, and no more");
}

#[tokio::test]
async fn a_photo_in_whose_place_the_bucket_has_something_else_is_taken_again() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = stored(&app, "a", &bytes).await;
    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    put_foreign_object(&app, &photo, &other).await;
    assert_sent_again(&app, "b", &bytes, &photo).await;
}

#[tokio::test]
async fn a_photo_whose_object_has_another_entity_tag_since_the_bucket_was_copied_is_there() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = app.announce_one(file("a", "site.mp4", "video/mp4", bytes.len() as u64)).await;
    let parts = send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let body = json!({"parts": parts, "checksum": crc64nvme(&bytes)});
    assert_eq!(app.complete(&upload, body).await.status, 200);
    let tag = async || app.app.store.head(&app.record(&upload).await.original_key()).await.unwrap().etag;
    let before = tag().await;
    // In one request: its tag is no longer made of those of its parts.
    put_foreign_object(&app, &upload, &bytes).await;
    assert_ne!(tag().await, before);
    let mut again = file("b", "copy.mp4", "video/mp4", bytes.len() as u64);
    again["unless_stored"] = json!(crc64nvme(&bytes));
    let again = app.announce_one(again).await;
    assert_eq!((&again["already_stored"], &again["photo_id"]), (&json!(true), &upload["photo_id"]));
}

#[tokio::test]
async fn while_the_bucket_does_not_answer_a_photo_is_neither_called_stored_nor_recorded_twice() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = app.upload("a", &bytes).await;
    let mut again = file_of("b", "roof.jpg", &bytes);
    again["unless_stored"] = json!(crc64nvme(&bytes));
    for (other, fault) in [("c", &app.store.is_down), ("d", &app.store.is_silent)] {
        fault.store(true, SeqCst);
        let files = app.announce(json!([again, file_of(other, "other.jpg", &bytes)])).await;
        assert_eq!(files[0]["error"]["code"], "store_unavailable", "{files:?}");
        assert_eq!(files[1]["status"], "pending_upload", "the others go on: {files:?}");
        fault.store(false, SeqCst);
    }
    let again = choose(&app, &app.ann(), "job-7", "b", &bytes).await;
    assert_eq!((&again["already_stored"], &again["photo_id"]), (&json!(true), &photo["photo_id"]));
}

#[tokio::test]
async fn one_photo_about_which_the_bucket_is_silent_holds_up_no_other() {
    let app = TestApp::start().await;
    let mut files = Vec::new();
    for number in 0..20 {
        let bytes = jpeg(&PhotoSpec { width: 4000 + number, ..PhotoSpec::default() });
        app.upload(&format!("first-{number}"), &bytes).await;
        let mut again = file_of(&format!("again-{number}"), "roof.jpg", &bytes);
        again["unless_stored"] = json!(crc64nvme(&bytes));
        files.push(again);
    }
    app.store.is_silent_once.store(true, SeqCst);
    let answers = app.announce(json!(files)).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer["already_stored"] != true).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["error"]["code"], "store_unavailable");
}

#[tokio::test]
async fn the_bucket_is_asked_once_for_each_photo_that_was_stored_before() {
    let app = TestApp::start().await;
    let stored = jpeg(&PhotoSpec::default());
    app.upload("a", &stored).await;
    let other = jpeg(&PhotoSpec { make: "Other", ..PhotoSpec::default() });
    let files: Vec<Value> = [("b", &stored), ("c", &other), ("d", &stored)]
        .map(|(client_ref, bytes)| {
            let mut file = file_of(client_ref, "roof.jpg", bytes);
            file["unless_stored"] = json!(crc64nvme(bytes));
            file
        })
        .into();
    let before = app.store.looks.load(SeqCst);
    let answers = app.announce(json!(files)).await;
    let known: Vec<bool> = answers.iter().map(|upload| upload["already_stored"] == true).collect();
    assert_eq!((known, app.store.looks.load(SeqCst) - before), (vec![true, false, true], 2));
}

#[tokio::test]
async fn an_upload_that_is_known_by_its_name_goes_on_though_its_bytes_were_stored_meanwhile() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let first = choose(&app, &app.ann(), "job-7", "phone", &bytes).await;
    let photo = app.upload("tablet", &bytes).await;
    let again = choose(&app, &app.ann(), "job-7", "phone", &bytes).await;
    assert!(is_new(&again, &photo));
    assert_eq!(again["upload_id"], first["upload_id"]);
}

#[tokio::test]
async fn a_file_that_was_sent_in_parts_is_known_again() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = app.announce_one(file("a", "site.mp4", "video/mp4", bytes.len() as u64)).await;
    let parts = send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let done = app.complete(&upload, json!({"parts": parts, "checksum": crc64nvme(&bytes)})).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let mut again = file("b", "copy.mp4", "video/mp4", bytes.len() as u64);
    again["unless_stored"] = json!(crc64nvme(&bytes));
    let files = app.announce(json!([again, file("c", "c.jpg", "image/jpeg", 4096)])).await;
    assert_eq!((&files[0]["already_stored"], &files[0]["photo_id"]), (&json!(true), &upload["photo_id"]));
    assert!(is_new(&files[1], &files[0]), "each has its own answer");
}

#[tokio::test]
async fn t21_nobody_learns_of_photos_that_others_have_made() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = app.upload("a", &bytes).await;
    let bob = token_of(&app, "bob");
    assert!(is_new(&choose(&app, &bob, "job-7", "b", &bytes).await, &photo), "another person");
    let ann = token_of(&app, "ann");
    assert!(is_new(&choose(&app, &ann, "job-8", "c", &bytes).await, &photo), "another project");
    let elsewhere = app.token("other", &["job-7"], &[Scope::Upload]);
    assert!(is_new(&choose(&app, &elsewhere, "job-7", "d", &bytes).await, &photo), "another company");
    let own = choose(&app, &ann, "job-7", "e", &bytes).await;
    assert_eq!(own["already_stored"], true, "but she herself does, whatever her token");
}

#[tokio::test]
async fn t22_those_who_hold_a_link_learn_nothing_not_even_of_each_other() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let inside = app.upload("a", &bytes).await;
    let made = app.post("/api/v1/projects/job-7/upload-links", json!({})).await.body;
    let token = made["token"].as_str().unwrap();
    let first = choose(&app, token, "job-7", "b", &bytes).await;
    assert!(is_new(&first, &inside));
    assert_eq!(app.put(&first, &bytes).await.status(), 200);
    let path = format!("/api/v1/uploads/{}/complete", first["upload_id"].as_str().unwrap());
    assert_eq!(app.call(Method::POST, &path, token, Value::Null).await.status, 200);
    assert!(is_new(&choose(&app, token, "job-7", "c", &bytes).await, &first), "another holder of the link");
}

#[tokio::test]
async fn a_content_that_is_no_checksum_refuses_its_file_only() {
    let app = TestApp::start().await;
    let mut bad = file("bad", "a.jpg", "image/jpeg", 4096);
    bad["unless_stored"] = json!("?");
    let uploads = app.announce(json!([bad, file("good", "b.jpg", "image/jpeg", 4096)])).await;
    assert_eq!(uploads[0]["error"]["field"], "unless_stored", "{uploads:?}");
    assert_eq!(uploads[1]["status"], "pending_upload");
}
