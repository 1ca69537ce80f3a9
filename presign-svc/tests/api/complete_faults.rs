//! Completing when the store loses answers, loses uploads, or does not answer at all.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::domain::joining::ExpectedObject;
use windlass_presign_svc::jobs::arrivals::{Looked, look};
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::ports::object_store::{PutToSign, SigningWindow};

use crate::complete::assert_is_no_photo;
use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{PhotoSpec, TestApp, file, file_of, jpeg};

/// The store gives up the upload's multipart upload, as a lifecycle rule does.
async fn lose_multipart(app: &TestApp, upload: &Value) {
    let record = app.record(upload).await;
    let multipart = record.progress().multipart.clone().unwrap();
    app.app.store.abort_multipart(&record.original_key(), &multipart).await.unwrap();
}

/// Something is at the upload's key that its parts did not become.
pub async fn put_foreign_object(app: &TestApp, upload: &Value, bytes: &[u8]) {
    let key = app.record(upload).await.original_key();
    let put = PutToSign {
        key: &key,
        size_bytes: bytes.len() as u64,
        content_type: "video/mp4",
        checksum: None,
        only_if_absent: false,
    };
    let lifetime = Duration::from_secs(60);
    let window = SigningWindow::beginning_at(time::OffsetDateTime::now_utc(), lifetime);
    let signed = app.app.store.sign_put(&put, window).await.unwrap();
    let signed = json!({"url": signed.url, "headers": signed.headers});
    assert_eq!(app.put(&signed, bytes).await.status(), 200);
}

#[tokio::test]
async fn f31_a_lost_answer_to_the_join_is_found_to_be_a_success() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    app.store.lose_next_join_answer.store(true, Ordering::SeqCst);
    let lost = app.complete(&upload, Value::Null).await;
    lost.assert_problem(503, "store_unavailable");
    assert_eq!(lost.header("retry-after"), "2");
    let again = app.complete(&upload, Value::Null).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let fetched = app.http.get(again.body["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn f31_a_join_of_which_the_store_tells_nothing_is_kept_and_a_photo_at_its_deadline() {
    let app = TestApp::start().await;
    app.store.tells_no_content.store(true, Ordering::SeqCst);
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    app.store.lose_next_join_answer.store(true, Ordering::SeqCst);
    app.complete(&upload, Value::Null).await.assert_problem(503, "store_unavailable");
    let joined = app.record(&upload).await;
    assert_eq!(joined.progress().expected, Some(ExpectedObject { etag: None, checksum: None }));
    // Its client does not come back.
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(look(&app.app).await.unwrap(), Looked { due: 1, finished: 0 }, "it may come back");
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
    let photos = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(photos["photos"][0]["photo_id"], upload["photo_id"]);
    assert!(app.app.store.head(&joined.original_key()).await.is_ok());
}

#[tokio::test]
async fn f31_a_join_that_was_repeated_removes_nothing_where_the_store_tells_nothing_of_it() {
    let app = TestApp::start().await;
    app.store.tells_no_content.store(true, Ordering::SeqCst);
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    app.store.repeats_next_join.store(true, Ordering::SeqCst);
    app.complete(&upload, Value::Null).await.assert_problem(503, "store_unavailable");
    let key = app.record(&upload).await.original_key();
    assert!(app.app.store.head(&key).await.is_ok(), "the only copy");
    // Its client does not come back.
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
    let there = app.app.store.read_range(&key, 0..bytes.len() as u64, None).await.unwrap();
    assert!(there == bytes);
}

#[tokio::test]
async fn an_object_in_the_way_stays_where_somebody_else_has_worked_on_its_upload_meanwhile() {
    let app = TestApp::start().await;
    app.store.tells_no_content.store(true, Ordering::SeqCst);
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let mut other = bytes.clone();
    other[3 * MIB] ^= 1;
    put_foreign_object(&app, &upload, &other).await;
    // Who has the turn next, because this one's has ended, is at work when this one joins.
    let (service, id) = (app.app.clone(), app.record(&upload).await.id());
    app.uploads.after_next_save(async move {
        let mut upload = service.uploads.find(&"acme".parse().unwrap(), id).await.unwrap().unwrap();
        upload.put_off(service.clock.now(), Duration::from_secs(86_400)).unwrap();
        service.uploads.save(&mut upload).await.unwrap();
    });
    app.complete(&upload, Value::Null).await.assert_problem(503, "unavailable");
    let key = app.record(&upload).await.original_key();
    let there = app.app.store.read_range(&key, 0..bytes.len() as u64, None).await.unwrap();
    assert!(there == other, "nothing is removed");
    let again = app.complete(&upload, Value::Null).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let fetched = app.http.get(again.body["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn f31_an_object_of_the_same_size_is_not_taken_for_ours() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let mut foreign = bytes.clone();
    foreign[3 * MIB] ^= 1;
    put_foreign_object(&app, &upload, &foreign).await;
    lose_multipart(&app, &upload).await;
    let refused = app.complete(&upload, Value::Null).await;
    refused.assert_problem(409, "parts_missing");
    assert_eq!(refused.body["missing_parts"], json!([1, 2]));
    let key = app.record(&upload).await.original_key();
    assert!(app.app.store.head(&key).await.is_ok(), "nothing goes before there is something in its place");
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let photo = app.complete(&upload, Value::Null).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    let fetched = app.http.get(photo.body["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn f33_parts_the_store_gave_up_are_sent_again() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    lose_multipart(&app, &upload).await;
    let path = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.body, json!({"parts": []}));
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
}

#[tokio::test]
async fn while_the_store_is_down_nothing_is_decided_and_nothing_is_told() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    app.store.is_down.store(true, Ordering::SeqCst);
    let down = app.complete(&upload, Value::Null).await;
    down.assert_problem(503, "store_unavailable");
    assert!(!down.body.to_string().contains("canary"));
    app.store.is_down.store(false, Ordering::SeqCst);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
}

#[tokio::test]
async fn f39_a_shorter_object_than_announced_is_refused_and_removed() {
    let app = TestApp::start().await;
    let bytes = film(2 * MIB);
    let upload = app.announce_one(file("a", "a.mp4", "video/mp4", bytes.len() as u64)).await;
    put_foreign_object(&app, &upload, &bytes[..MIB]).await;
    app.complete(&upload, Value::Null).await.assert_problem(422, "size_mismatch");
    assert_is_no_photo(&app, &upload).await;
}

#[tokio::test]
async fn an_object_that_is_replaced_while_it_is_verified_is_looked_at_again() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    app.store.replaced_when_read.store(10, Ordering::SeqCst);
    app.complete(&upload, Value::Null).await.assert_problem(503, "store_unavailable");
    app.store.replaced_when_read.store(2, Ordering::SeqCst);
    let photo = app.complete(&upload, Value::Null).await;
    assert_eq!((photo.status, &photo.body["status"]), (200, &json!("uploaded")), "{}", photo.body);
}

#[tokio::test]
async fn a_smaller_picture_that_is_replaced_while_it_is_looked_at_fails_no_photo() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let small = jpeg(&PhotoSpec { size_bytes: 900, ..PhotoSpec::default() });
    let mut announced = file_of("a", "roof.jpg", &bytes);
    announced["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150}]);
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.body["variants"], json!({}));
    assert_eq!(app.put(&upload["variants"][0], &small).await.status(), 200);
    app.store.replaced_when_read.store(10, Ordering::SeqCst);
    let photo = app.complete(&upload, Value::Null).await;
    assert_eq!((photo.status, &photo.body["variants"]), (200, &json!({})), "{}", photo.body);
    // For a moment only: nobody needs to ask once more.
    app.store.replaced_when_read.store(2, Ordering::SeqCst);
    let again = app.complete(&upload, Value::Null).await;
    assert!(again.body["variants"]["thumb_200"].is_object(), "{}", again.body);
}
