//! The janitor, with the clock moved on.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::domain::upload::UploadState;
use windlass_presign_svc::jobs::cleanup::{AGAIN, BATCH, Swept, sweep};
use windlass_presign_svc::jobs::retention::forget_closed_uploads;
use windlass_presign_svc::jobs::runner::sweep_all;
use windlass_presign_svc::ports::object_store::StoreError;

use crate::complete_faults::put_foreign_object;
use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{PhotoSpec, TestApp, file, file_of, jpeg};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn an_upload_nobody_finishes_expires_and_leaves_nothing() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    let record = app.record(&upload).await;
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default(), "not yet");
    app.clock.advance(DAY);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
    assert_eq!(app.get(upload["status_url"].as_str().unwrap()).await.body["status"], "expired");
    let multipart = record.progress().multipart.clone().unwrap();
    let listed = app.app.store.list_parts(&record.original_key(), &multipart).await;
    assert!(matches!(listed, Err(StoreError::NoSuchUpload)));
    app.complete(&upload, Value::Null).await.assert_problem(409, "upload_closed");
    app.clock.advance(HOUR);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { cleaned: 1, ..Swept::default() });
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn an_object_that_the_parts_of_an_upload_did_not_become_is_left_and_the_upload_waits() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    put_foreign_object(&app, &upload, &bytes).await;
    let record = app.record(&upload).await;
    let multipart = record.progress().multipart.clone().unwrap();
    for _ in 0..2 {
        app.clock.advance(DAY);
        for _ in 0..2 {
            assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
        }
        assert!(app.app.store.head(&record.original_key()).await.is_ok());
        let parts = app.app.store.list_parts(&record.original_key(), &multipart).await.unwrap();
        assert_eq!(parts.len(), 1, "what is there of it stays as well");
    }
    app.app.store.delete(&record.original_key()).await.unwrap();
    app.clock.advance(DAY);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
}

#[tokio::test]
async fn an_upload_whose_bytes_are_all_there_is_finished_instead() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app.clock.advance(DAY);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
    let photos = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(photos["photos"][0]["photo_id"], upload["photo_id"]);
}

#[tokio::test]
async fn an_upload_whose_object_is_said_to_be_missing_and_is_listed_is_not_given_up() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app.clock.advance(DAY);
    app.store.hides_objects.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { failed: 1, ..Swept::default() });
    app.store.hides_objects.store(false, std::sync::atomic::Ordering::SeqCst);
    app.clock.advance(AGAIN);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
}

#[tokio::test]
async fn an_upload_whose_client_comes_back_while_the_janitor_is_on_its_way_stays_open() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    let path = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    let second = json!({"parts": [{"part_number": 2}]});
    // The bucket's clock is not moved on: to it a URL of today is the one that is good.
    let signed = app.post(&path, second.clone()).await.body["parts"][0].clone();
    app.clock.advance(DAY);
    let asked = app.http.post(app.url(&path)).bearer_auth(app.ann()).json(&second);
    app.uploads.after_next_past_deadline(async move {
        assert_eq!(asked.send().await.unwrap().status(), 200);
    });
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
    assert_eq!(app.put(&signed, &bytes[5 * MIB..]).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200, "its first part was kept");
}

#[tokio::test]
async fn an_upload_that_is_announced_again_outlives_its_deadline() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let announced = file_of("a", "a.jpg", &bytes);
    let upload = app.announce_one(announced.clone()).await;
    app.clock.advance(DAY - HOUR / 30);
    app.announce_one(announced).await;
    app.clock.advance(HOUR / 20);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default(), "its new URL is three minutes old");
    // The bucket's clock was not moved on: to it the first URL is the one that is good.
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
}

#[tokio::test]
async fn bytes_that_arrive_after_the_abort_are_removed() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.delete(upload["status_url"].as_str().unwrap()).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200, "the URL still works");
    let key = app.record(&upload).await.original_key();
    app.clock.advance(HOUR);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { cleaned: 1, ..Swept::default() });
    assert!(matches!(app.app.store.head(&key).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn what_cannot_be_cleaned_now_is_tried_again() {
    let app = TestApp::start().await;
    announce_film(&app, &film(6 * MIB)).await;
    app.clock.advance(DAY);
    app.store.is_down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { failed: 1, ..Swept::default() });
    app.store.is_down.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default(), "not at once");
    app.clock.advance(AGAIN);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
}

#[tokio::test]
async fn an_upload_that_came_to_nothing_is_known_for_a_month_and_then_forgotten() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = app.upload("photo", &bytes).await;
    let upload = app.announce_one(file_of("a", "a.jpg", &[bytes.as_slice(), b"other"].concat())).await;
    let url = upload["status_url"].as_str().unwrap();
    app.delete(url).await;
    app.clock.advance(40 * DAY);
    assert_eq!(forget_closed_uploads(&app.app).await.unwrap(), 0, "something of it may be in the bucket");
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { cleaned: 1, ..Swept::default() });
    app.clock.advance(30 * DAY - HOUR);
    assert_eq!(forget_closed_uploads(&app.app).await.unwrap(), 0);
    assert_eq!(app.get(url).await.body["status"], "aborted");
    app.clock.advance(2 * HOUR);
    assert_eq!(forget_closed_uploads(&app.app).await.unwrap(), 1);
    app.get(url).await.assert_problem(404, "not_found");
    app.delete(url).await.assert_problem(404, "not_found");
    let photos = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(photos["photos"][0]["photo_id"], photo["photo_id"]);
}

#[tokio::test]
async fn a_bug_met_at_one_upload_does_not_keep_the_janitor_from_the_others() {
    let app = TestApp::start().await;
    app.announce(json!([file("a", "a.jpg", "image/jpeg", 4096), file("b", "b.jpg", "image/jpeg", 4096)]))
        .await;
    app.clock.advance(DAY);
    app.store.panics_once.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, failed: 1, ..Swept::default() });
    app.clock.advance(AGAIN);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
}

#[tokio::test]
async fn what_the_janitor_of_another_instance_did_first_is_no_failure() {
    let app = TestApp::start().await;
    app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    app.clock.advance(DAY);
    let other = app.app.clone();
    app.uploads.after_next_past_deadline(async move {
        assert_eq!(sweep(&other).await.unwrap(), Swept { expired: 1, ..Swept::default() });
    });
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
    app.clock.advance(HOUR);
    let other = app.app.clone();
    app.uploads.after_next_due_for_cleanup(async move {
        assert_eq!(sweep(&other).await.unwrap(), Swept { cleaned: 1, ..Swept::default() });
    });
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
}

/// Small photos that nobody sends.
fn announced(count: u32) -> Value {
    (0..count).map(|number| file(&number.to_string(), "a.jpg", "image/jpeg", 4096)).collect()
}

#[tokio::test]
async fn one_upload_that_fails_does_not_keep_the_next_batch_waiting() {
    let app = TestApp::start().await;
    let broken = app.announce_one(file("broken", "a.jpg", "image/jpeg", 4096)).await;
    let id = app.record(&broken).await.id();
    app.uploads.unsavable.lock().unwrap().insert(id);
    app.pass(HOUR);
    let others = app.announce(announced(BATCH)).await;
    app.pass(DAY);
    sweep_all(&app.app).await;
    for upload in &others {
        assert_eq!(*app.record(upload).await.state(), UploadState::Expired);
    }
    assert_eq!(*app.record(&broken).await.state(), UploadState::Pending);
}

#[tokio::test]
async fn a_batch_of_uploads_that_fail_does_not_keep_those_behind_them_waiting() {
    let app = TestApp::start().await;
    for upload in app.announce(announced(BATCH)).await {
        let id = app.record(&upload).await.id();
        app.uploads.unsavable.lock().unwrap().insert(id);
    }
    app.clock.advance(HOUR);
    let token = app.token("other", &["job-7"], &Scope::ALL);
    let request = json!({"project_id": "job-7", "files": announced(1)});
    assert_eq!(app.call(Method::POST, "/api/v1/uploads", &token, request).await.status, 201);
    app.clock.advance(DAY);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { failed: BATCH, ..Swept::default() });
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
    app.uploads.unsavable.lock().unwrap().clear();
    app.clock.advance(AGAIN);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: BATCH, ..Swept::default() });
}

#[tokio::test]
async fn what_instances_that_died_have_left_of_their_turns_is_removed() {
    let app = TestApp::start().await;
    sweep_all(&app.app).await;
    assert!(app.leases.are_tidied.load(std::sync::atomic::Ordering::SeqCst));
}
