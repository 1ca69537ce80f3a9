//! The description of the API and the page that shows it.

use reqwest::Method;
use serde_json::Value;

use windlass_presign_svc::app::Settings;

use crate::support::{Answer, TestApp, TestOptions, settings};

async fn fetch(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.http.get(app.url(path)).send().await.unwrap()).await
}

#[tokio::test]
async fn every_described_operation_is_there() {
    let app = TestApp::start().await;
    let description = fetch(&app, "/openapi.json").await;
    assert_eq!(description.header("content-type"), "application/json");
    for (path, item) in description.body["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let nobodys = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";
            let path = path.replace("{upload_id}", nobodys).replace("{photo_id}", nobodys);
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = app.http.request(method.clone(), app.url(&path));
            let answer = Answer::of(request.send().await.unwrap()).await;
            answer.assert_problem(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn the_page_comes_whole_from_the_service_and_nowhere_else() {
    let app = TestApp::start().await;
    let page = fetch(&app, "/docs/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html"));
    let Value::String(html) = &page.body else { panic!("no page") };
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    for part in html.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        assert!(!part.contains("//"), "{part}");
        let name = part.trim_start_matches("./").trim_start_matches('/').trim_start_matches("docs/");
        assert_eq!(fetch(&app, &format!("/docs/{name}")).await.status, 200, "{part}");
    }
    // The last one is no text.
    for nothing in ["/docs/nothing.js", "/docs/%FF"] {
        fetch(&app, nothing).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn neither_is_there_where_it_is_turned_off() {
    let settings = Settings { api_docs: false, ..settings() };
    let app = TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await;
    for path in ["/openapi.json", "/docs", "/docs/", "/docs/swagger-ui.css"] {
        fetch(&app, path).await.assert_problem(404, "not_found");
    }
    assert_eq!(fetch(&app, "/healthz").await.status, 200);
}
