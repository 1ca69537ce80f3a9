//! Tokens on the routes: who gets in, and what each scope opens.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;

use crate::support::{Answer, PhotoSpec, TestApp, jpeg};

#[tokio::test]
async fn t34_without_a_valid_token_nobody_gets_in() {
    let app = TestApp::start().await;
    let good = app.ann();
    let with = |value: String| {
        let request = app.http.get(app.url("/api/v1/me")).header("authorization", value);
        async { Answer::of(request.send().await.unwrap()).await }
    };
    let bare = Answer::of(app.http.get(app.url("/api/v1/me")).send().await.unwrap()).await;
    bare.assert_problem(401, "unauthorized");
    assert_eq!(bare.header("www-authenticate"), "Bearer realm=\"windlass\"");
    for bad in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {good}"),
        format!("Bearer {good}x"),
        good.clone(),
    ] {
        with(bad).await.assert_problem(401, "unauthorized");
    }
    assert_eq!(with(format!("bearer {good}")).await.status, 200, "the scheme's case does not count");
    app.clock.advance(Duration::from_secs(3600 + 31));
    let expired = with(format!("Bearer {good}")).await;
    expired.assert_problem(401, "token_expired");
    assert!(expired.header("www-authenticate").contains("invalid_token"));
}

/// What signed GET URLs say in their query, and what only the file itself tells.
const FOR_READERS: [&str; 2] = ["response-content-disposition", "Canary"];

#[tokio::test]
async fn who_may_read_gets_urls_from_every_answer_that_is_a_photo() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec { make: "Canary", ..PhotoSpec::default() })).await;
    let id = photo["photo_id"].as_str().unwrap();
    for (method, path, body, scope) in [
        (Method::POST, format!("/api/v1/uploads/{id}/complete"), Value::Null, Scope::Upload),
        (Method::PATCH, format!("/api/v1/photos/{id}"), json!({"tags": ["roof"]}), Scope::Upload),
        (
            Method::PATCH,
            format!("/api/v1/photos/{id}/status"),
            json!({"status": "processing"}),
            Scope::Pipeline,
        ),
    ] {
        let reader = app.token("acme", &["job-7"], &[scope, Scope::Read]);
        let shown = app.call(method.clone(), &path, &reader, body.clone()).await.body;
        assert!(FOR_READERS.iter().all(|word| shown.to_string().contains(word)), "{method} {path}: {shown}");
        let blind = app.token("acme", &["job-7"], &[scope]);
        let told = app.call(method.clone(), &path, &blind, body).await.body;
        for withheld in ["url", "url_expires_at", "taken_at", "location", "metadata"] {
            assert_eq!(told[withheld], Value::Null, "{method} {path}: {told}");
        }
        assert_eq!(told["variants"], json!({}));
        for same in ["photo_id", "filename", "size", "status", "tags", "width", "height", "status_history"] {
            assert_eq!(told[same], shown[same], "{method} {path}");
        }
    }
}
