//! The demo page and its tokens.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, TestApp};

#[tokio::test]
async fn a_demo_token_works_in_its_project_only() {
    let app = TestApp::start().await;
    let answer = Answer::of(app.http.get(app.url("/demo/token?project=demo")).send().await.unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "", "no other page may read it");
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.body["token"].as_str().unwrap();
    let me = app.call(Method::GET, "/api/v1/me", token, Value::Null).await.body;
    assert_eq!((me["tenant"].as_str(), me["projects"][0].as_str()), (Some("demo"), Some("demo")));
    let foreign = app.call(Method::GET, "/api/v1/photos?project_id=job-7", token, Value::Null).await;
    foreign.assert_problem(404, "not_found");
    for bad in ["", "?project=..", "?project=demo&tenant=acme"] {
        let refused =
            Answer::of(app.http.get(app.url(&format!("/demo/token{bad}"))).send().await.unwrap()).await;
        refused.assert_problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_page_of_a_foreign_name_that_was_pointed_here_gets_no_token() {
    let app = TestApp::start().await;
    let asked_as = |host: &'static str| {
        let request = app.http.get(app.url("/demo/token?project=demo")).header("host", host);
        async { Answer::of(request.send().await.unwrap()).await }
    };
    for foreign in ["evil.com", "evil.com:8080", "127.0.0.1.evil.com", "localhost.evil.com", "evil-good.com"]
    {
        asked_as(foreign).await.assert_problem(403, "forbidden");
    }
    for own in ["localhost:8080", "192.168.1.5:8080", "[::1]:8080", "tablet.local:8080", "good.com"] {
        assert_eq!(asked_as(own).await.status, 200, "{own}");
    }
}

#[tokio::test]
async fn no_file_outside_the_site_is_served() {
    let app = TestApp::start().await;
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "/.%00", "/nothing.js"] {
        let answer = Answer::of(app.http.get(app.url(path)).send().await.unwrap()).await;
        answer.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_not_there_for_any_method() {
    let app = TestApp::start().await;
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = app.call(method, "/nothing", &app.ann(), Value::Null).await;
        answer.assert_problem(404, "not_found");
    }
    app.call(Method::POST, "/", &app.ann(), Value::Null).await.assert_problem(405, "method_not_allowed");
}
