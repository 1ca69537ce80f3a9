//! `POST /api/v1/photos/upload-url`.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::app::Settings;
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::jobs::notice::look;

use crate::support::{Answer, PhotoSpec, TestApp, TestOptions, file, file_of, jpeg, settings};

fn request(name: &str, size: usize, mime: &str) -> Value {
    json!({"project_id": "job-7", "file_name": name, "file_size": size, "mime_type": mime})
}

#[tokio::test]
async fn one_put_and_an_empty_complete_make_a_photo() {
    let app = TestApp::start().await;
    // More than 5 MiB: still one PUT.
    let bytes = jpeg(&PhotoSpec { size_bytes: 6 << 20, ..PhotoSpec::default() });
    let answer = app.post("/api/v1/photos/upload-url", request("roof.jpg", bytes.len(), "image/jpeg")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["expires_in_seconds"], 900, "as X-Amz-Expires says");
    let signed = json!({"url": answer.body["upload_url"], "headers": answer.body["headers"]});
    assert!(!answer.body["s3_url"].as_str().unwrap().contains('?'));
    assert_eq!(app.put(&signed, &bytes).await.status(), 200);
    let photo = app.complete(&answer.body, Value::Null).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    assert_eq!(photo.body["filename"], "roof.jpg");
    let state = app.get(answer.body["status_url"].as_str().unwrap()).await;
    assert_eq!(state.body["status"], "uploaded");
}

#[tokio::test]
async fn a_refused_file_is_the_whole_answer() {
    let app = TestApp::start().await;
    for (request, status, code) in [
        (request("a.jpg", 0, "image/jpeg"), 400, "file_too_small"),
        (request("a.jpg", 51 << 20, "image/jpeg"), 413, "file_too_large"),
        (request("a.html", 4096, "text/html"), 415, "type_not_allowed"),
        (
            json!({"project_id": "job-7", "file_name": "a.jpg", "mime_type": "image/jpeg"}),
            400,
            "invalid_request",
        ),
        (
            json!({"project_id": "job-8", "file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"}),
            403,
            "forbidden",
        ),
    ] {
        app.post("/api/v1/photos/upload-url", request).await.assert_problem(status, code);
    }
}

/// A service for clients that know nothing of Windlass.
async fn plain() -> TestApp {
    let settings = Settings { plain_clients: true, ..settings() };
    TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await
}

#[tokio::test]
async fn a_plain_client_says_no_size_sends_only_its_type_and_never_calls_again() {
    let app = plain().await;
    let bytes = jpeg(&PhotoSpec::default());
    let answer = app.post("/api/v1/photos/upload-url", json!({"file_name": "roof.jpg"})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["headers"], json!({"content-type": "image/jpeg"}));
    let url = answer.body["upload_url"].as_str().unwrap();
    let html =
        app.http.put(url).header("content-type", "text/html").body(bytes.clone()).send().await.unwrap();
    assert_eq!(html.status(), 403, "the type is signed");
    let sent =
        app.http.put(url).header("content-type", "image/jpeg").body(bytes.clone()).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    app.clock.advance(Duration::from_secs(1));
    look(&app.app).await;
    let photos = app.get("/api/v1/photos").await.body;
    assert_eq!(photos["photos"][0]["photo_id"], answer.body["photo_id"], "of the token's only project");
    assert_eq!(photos["photos"][0]["size"], bytes.len());
}

#[tokio::test]
async fn a_plain_client_names_no_type_of_its_json() {
    let (app, strict) = (plain().await, TestApp::start().await);
    let send = async |app: &TestApp, path: &str, content_type: Option<&'static str>, body: &Value| {
        let request = app.http.post(app.url(path)).bearer_auth(app.ann()).body(body.to_string());
        let request = content_type.into_iter().fold(request, |to, value| to.header("content-type", value));
        Answer::of(request.send().await.unwrap()).await
    };
    let one = request("roof.jpg", 4096, "image/jpeg");
    let several = json!({"project_id": "job-7", "files": [file("a", "a.jpg", "image/jpeg", 4096)]});
    for (path, body) in [("/api/v1/photos/upload-url", &one), ("/api/v1/uploads", &several)] {
        // What browsers say of a body that a page names no type of, and what other clients do.
        for untyped in [Some("text/plain;charset=UTF-8"), None] {
            let answer = send(&app, path, untyped, body).await;
            assert_eq!(answer.status, 201, "{path} {untyped:?}: {}", answer.body);
            send(&strict, path, untyped, body).await.assert_problem(400, "invalid_json");
        }
        let form = Some("application/x-www-form-urlencoded");
        send(&app, path, form, body).await.assert_problem(400, "invalid_json");
    }
    // A body that may be absent: what completes is read as well, whatever its type.
    let announced = app.announce_one(file("b", "b.jpg", "image/jpeg", 4096)).await;
    let complete = format!("/api/v1/uploads/{}/complete", announced["upload_id"].as_str().unwrap());
    let parts = json!({"parts": []});
    for untyped in [Some("text/plain;charset=UTF-8"), None] {
        send(&app, &complete, untyped, &parts).await.assert_problem(409, "bytes_missing");
    }
}

#[tokio::test]
async fn a_plain_clients_page_may_name_its_tenant_beside_the_token() {
    let (app, strict) = (plain().await, TestApp::start().await);
    let allowed = async |app: &TestApp| {
        let asked = app
            .http
            .request(Method::OPTIONS, app.url("/api/v1/uploads"))
            .header("origin", "https://good.com")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type,x-tenant-id");
        let answer = Answer::of(asked.send().await.unwrap()).await;
        answer.header("access-control-allow-headers").split(',').any(|name| name == "x-tenant-id")
    };
    assert!(allowed(&app).await);
    assert!(!allowed(&strict).await, "nobody else asks for it");
}

#[tokio::test]
async fn what_a_process_that_ended_awaited_is_found_by_the_janitor_once_its_url_is_dead() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let answer = app.post("/api/v1/photos/upload-url", request("roof.jpg", bytes.len(), "image/jpeg")).await;
    app.put(&json!({"url": answer.body["upload_url"], "headers": answer.body["headers"]}), &bytes).await;
    app.post("/api/v1/photos/upload-url", request("never.jpg", 4096, "image/jpeg")).await;
    // Nobody looks in time.
    app.clock.advance(Duration::from_secs(1800));
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, expired: 1, ..Swept::default() });
}

#[tokio::test]
async fn smaller_pictures_that_come_after_their_photo_are_noticed_as_well() {
    let app = plain().await;
    let (bytes, small) = (jpeg(&PhotoSpec::default()), jpeg(&PhotoSpec::default()));
    let mut announced = file_of("a", "roof.jpg", &bytes);
    announced["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": small.len(),
                                    "width": 200, "height": 150}]);
    let upload = app.announce_one(announced).await;
    let shown = async || {
        let photos = app.get("/api/v1/photos?project_id=job-7").await.body["photos"].clone();
        photos[0]["variants"]["thumb_200"]["url"].is_string()
    };
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    app.clock.advance(Duration::from_secs(1));
    look(&app.app).await;
    assert!(!shown().await);
    assert_eq!(app.app.awaited.count(), 1);
    assert_eq!(app.put(&upload["variants"][0], &small).await.status(), 200);
    app.clock.advance(Duration::from_secs(1));
    look(&app.app).await;
    assert!(shown().await);
    assert_eq!(app.app.awaited.count(), 0);
}

#[tokio::test]
async fn what_a_plain_client_sends_too_much_of_is_removed() {
    let app = plain().await;
    let answer = app.post("/api/v1/photos/upload-url", json!({"file_name": "roof.jpg"})).await.body;
    let bytes = jpeg(&PhotoSpec { size_bytes: (50 << 20) + 1, ..PhotoSpec::default() });
    let put = app.http.put(answer["upload_url"].as_str().unwrap()).header("content-type", "image/jpeg");
    assert_eq!(put.body(bytes).send().await.unwrap().status(), 200);
    app.complete(&answer, Value::Null).await.assert_problem(422, "size_mismatch");
    let key = app.record(&answer).await.original_key();
    assert!(app.app.store.head(&key).await.is_err());
}

#[tokio::test]
async fn uploaded_may_be_said_of_a_file_as_a_status() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let answer =
        app.post("/api/v1/photos/upload-url", request("roof.jpg", bytes.len(), "image/jpeg")).await.body;
    let path = format!("/api/v1/photos/{}/status", answer["photo_id"].as_str().unwrap());
    let say =
        async |status: &str| app.call(Method::PATCH, &path, &app.ann(), json!({"status": status})).await;
    say("uploaded").await.assert_problem(409, "bytes_missing");
    say("processing").await.assert_problem(404, "not_found");
    app.put(&json!({"url": answer["upload_url"], "headers": answer["headers"]}), &bytes).await;
    let photo = say("uploaded").await;
    assert_eq!((photo.status, photo.body["status"].as_str()), (200, Some("uploaded")), "{}", photo.body);
    assert_eq!(say("processing").await.body["status"], "processing");
    assert_eq!(say("uploaded").await.body["status"], "processing", "it was verified before");
    let others = app.token("other", &["*"], &Scope::ALL);
    app.call(Method::PATCH, &path, &others, json!({"status": "uploaded"}))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn who_covers_many_projects_says_which() {
    let app = TestApp::start().await;
    let many = app.token("acme", &["job-7", "job-8"], &Scope::ALL);
    let body = json!({"file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"});
    let refused = app.call(Method::POST, "/api/v1/photos/upload-url", &many, body).await;
    refused.assert_problem(400, "invalid_request");
    let listed = app.call(Method::GET, "/api/v1/photos", &many, Value::Null).await;
    listed.assert_problem(400, "invalid_request");
    assert_eq!(listed.body["field"], "project_id");
}
