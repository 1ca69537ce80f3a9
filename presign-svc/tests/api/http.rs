//! What every route has in common: problems, ids, headers, CORS, limits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, file};

async fn send(request: reqwest::RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    for path in ["/api/v1/nothing", "/api/v2/uploads", "/api/v1/", "/api/v1/uploads/x/y/z"] {
        app.get(path).await.assert_problem(404, "not_found");
    }
    let wrong = app.call(Method::PUT, "/api/v1/uploads", &app.ann(), Value::Null).await;
    wrong.assert_problem(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), "POST");
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::start().await;
    let with = |id: &'static str| send(app.http.get(app.url("/healthz")).header("x-request-id", id));
    assert_eq!(with("job-7_a").await.header("x-request-id"), "job-7_a");
    for bad in
        ["", "a b", "<script>", "a;b", "0123456789012345678901234567890123456789012345678901234567890123x"]
    {
        let kept = with(bad).await;
        assert!(kept.header("x-request-id").len() == 32 && kept.header("x-request-id") != bad, "{bad:?}");
    }
}

#[tokio::test]
async fn answers_are_not_cached_sniffed_or_referred_to() {
    let app = TestApp::start().await;
    for path in ["/api/v1/me", "/api/v1/nothing", "/healthz"] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn t39_no_page_of_anybody_shows_ours_in_a_frame() {
    let app = TestApp::start().await;
    let pages = ["/", "/docs/", "/docs/swagger-ui.css", "/openapi.json"];
    let answers = ["/api/v1/me", "/api/v1/nothing", "/api/v1/photos", "/s3/params", "/healthz", "/nothing"];
    for path in pages.into_iter().chain(answers) {
        let answer = app.get(path).await;
        let policy = answer.header("content-security-policy").to_owned();
        let ancestors = policy.split(';').map(str::trim).filter(|part| part.starts_with("frame-ancestors"));
        assert_eq!(ancestors.collect::<Vec<_>>(), ["frame-ancestors 'none'"], "{path}: {policy}");
    }
}

#[tokio::test]
async fn t33_only_listed_origins_may_read_answers() {
    let app = TestApp::start().await;
    for (origin, allowed) in [
        ("https://good.com", true),
        ("https://evil-good.com", false),
        ("https://good.com.evil", false),
        ("http://good.com", false),
        ("null", false),
    ] {
        let preflight = send(
            app.http
                .request(Method::OPTIONS, app.url("/api/v1/uploads"))
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization,content-type"),
        );
        let simple =
            send(app.http.get(app.url("/api/v1/me")).header("origin", origin).bearer_auth(app.ann()));
        for answer in [preflight.await, simple.await] {
            assert_eq!(answer.header("access-control-allow-origin") == origin, allowed, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let app = TestApp::start().await;
    let post = |body: String, content_type: &'static str| {
        let request = app.http.post(app.url("/api/v1/uploads")).bearer_auth(app.ann());
        send(request.header("content-type", content_type).body(body))
    };
    let good = json!({"project_id": "job-7", "files": [file("a", "a.jpg", "image/jpeg", 4096)]}).to_string();
    for bad in ["", "{", "nonsense", "\u{0}"] {
        post(bad.to_owned(), "application/json").await.assert_problem(400, "invalid_json");
    }
    post(format!("{good} x"), "application/json").await.assert_problem(400, "invalid_json");
    post(good.clone(), "text/plain").await.assert_problem(400, "invalid_json");
    assert_eq!(post(good, "application/json; charset=utf-8").await.status, 201);
    let deep = format!("{{\"project_id\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(post(deep, "application/json").await.status, 400);
}

#[tokio::test]
async fn bodies_are_read_up_to_what_their_route_needs() {
    let app = TestApp::start().await;
    let spaces = |length: usize| format!("{{}}{}", " ".repeat(length));
    let post = |path: &str, length: usize| {
        let request = app.http.post(app.url(path)).bearer_auth(app.ann());
        send(request.header("content-type", "application/json").body(spaces(length)))
    };
    post("/api/v1/photos/upload-url", 65_000).await.assert_problem(400, "invalid_request");
    post("/api/v1/photos/upload-url", 66_000).await.assert_problem(413, "request_too_large");
    post("/api/v1/uploads", 1_000_000).await.assert_problem(400, "invalid_request");
    post("/api/v1/uploads", 1_100_000).await.assert_problem(413, "request_too_large");
}
