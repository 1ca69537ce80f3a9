//! The janitor, with the clock moved on.

use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::ports::object_store::StoreError;

use crate::complete_faults::put_foreign_object;
use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{PhotoSpec, TestApp, file_of, jpeg};

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
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
}
