//! `GET /api/v1/uploads/{upload_id}`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PhotoSpec, TestApp, file, file_of, jpeg};

async fn get_if_changed(app: &TestApp, path: &str, etag: &str) -> Answer {
    let request = app.http.get(app.url(path)).bearer_auth(app.ann()).header("if-none-match", etag);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn polling_costs_nothing_while_nothing_changes() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    let path = upload["status_url"].as_str().unwrap();
    let pending = app.get(path).await;
    assert_eq!(
        (pending.body["status"].as_str(), pending.body["progress_percent"].as_u64()),
        (Some("pending_upload"), Some(0))
    );
    let etag = pending.header("etag").to_owned();
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let unchanged = get_if_changed(&app, path, &known).await;
        assert_eq!((unchanged.status, unchanged.header("etag")), (304, etag.as_str()), "{known}");
    }
    app.put(&upload, &bytes).await;
    app.complete(&upload, Value::Null).await;
    let done = get_if_changed(&app, path, &etag).await;
    assert_eq!(done.status, 200);
    assert_eq!(
        (done.body["status"].as_str(), done.body["progress_percent"].as_u64()),
        (Some("uploaded"), Some(100))
    );
    assert_ne!(done.header("etag"), etag);
}

#[tokio::test]
async fn what_is_no_upload_is_not_found() {
    let app = TestApp::start().await;
    for path in ["nonsense", "0192f0c1-2c5d-7c1e-9f00-0123456789ab", "..%2f..", "%00", "%ff"] {
        app.get(&format!("/api/v1/uploads/{path}")).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn whoever_watches_an_upload_in_parts_sees_how_much_is_there() {
    let app = TestApp::start().await;
    let bytes = vec![7; 12 << 20];
    let upload = app.announce_one(file("film", "walk.mp4", "video/mp4", bytes.len() as u64)).await;
    let path = upload["status_url"].as_str().unwrap();
    let percent = async || app.get(path).await.body["progress_percent"].as_u64().unwrap();
    assert_eq!(percent().await, 0);
    let part_size = upload["part_size"].as_u64().unwrap() as usize;
    let after_one = (part_size * 100 / bytes.len()) as u64;
    for (part, bytes) in upload["parts"].as_array().unwrap().iter().zip(bytes.chunks(part_size)) {
        assert_eq!(app.put(part, bytes).await.status(), 200);
        if part["part_number"] == 1 {
            assert_eq!(percent().await, 0, "the bucket was asked a moment ago");
            app.clock.advance(Duration::from_secs(10));
            assert_eq!(percent().await, after_one);
            let known = app.get(path).await;
            assert_eq!(get_if_changed(&app, path, known.header("etag")).await.status, 304);
            app.store.is_down.store(true, Ordering::SeqCst);
            app.clock.advance(Duration::from_secs(10));
            assert_eq!(percent().await, after_one, "what was known last, while the bucket does not answer");
            app.store.is_down.store(false, Ordering::SeqCst);
            assert_eq!(get_if_changed(&app, path, known.header("etag")).await.status, 304);
        }
    }
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(percent().await, 99, "all parts are there, and nobody has put them together");
    let foreign = app.token("other", &["*"], &windlass_presign_svc::auth::Scope::ALL);
    app.call(Method::GET, path, &foreign, json!(null)).await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn a_bucket_that_is_away_or_silent_is_asked_once_by_all_who_watch() {
    let app = TestApp::start().await;
    let upload = app.announce_one(file("film", "walk.mp4", "video/mp4", 12 << 20)).await;
    let path = upload["status_url"].as_str().unwrap();
    for fault in [&app.store.is_down, &app.store.is_silent] {
        fault.store(true, Ordering::SeqCst);
        app.clock.advance(Duration::from_secs(10));
        let before = app.store.lists.load(Ordering::SeqCst);
        let answers = futures::future::join_all((0..20).map(|_| app.get(path))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "whoever asks is answered");
        for _ in 0..3 {
            assert_eq!(app.get(path).await.body["progress_percent"], 0);
        }
        assert_eq!(app.store.lists.load(Ordering::SeqCst) - before, 1);
        fault.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_the_pipeline_gave_up_is_told_with_its_reason_and_as_no_fault_of_the_service() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app.complete(&upload, Value::Null).await;
    let path = format!("/api/v1/photos/{}/status", upload["photo_id"].as_str().unwrap());
    let failed = json!({"status": "failed", "reason": "cannot be decoded"});
    assert_eq!(app.call(Method::PATCH, &path, &app.ann(), failed).await.status, 200);
    let state = app.get(upload["status_url"].as_str().unwrap()).await.body;
    assert_eq!(state["status"], "failed");
    assert_eq!(
        (&state["error"]["code"], &state["error"]["detail"]),
        (&json!("upload_closed"), &json!("cannot be decoded"))
    );
    // Whoever would go on sending it is told that it has arrived, and not to announce it anew.
    let parts = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    let listed = app.get(&parts).await;
    let signed = app.post(&parts, json!({"parts": [{"part_number": 1}]})).await;
    let aborted = app.delete(upload["status_url"].as_str().unwrap()).await;
    for refused in [listed, signed, aborted] {
        refused.assert_problem(409, "upload_closed");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("is a photo now") && !detail.contains("anew"), "{detail}");
    }
}
