//! Metrics: what happens through the API is counted, and only on their own listener.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::SeqCst;

use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use windlass_presign_svc::api::cors::AllowedOrigins;
use windlass_presign_svc::{api, metrics};

use crate::support::{Answer, PhotoSpec, TestApp, file, jpeg};

#[tokio::test]
async fn requests_and_uploads_are_counted_on_a_listener_of_their_own() {
    let app = TestApp::start().await;
    app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let address = serve_metrics(&app).await;
    let answer = Answer::of(app.http.get(format!("http://{address}/metrics")).send().await.unwrap()).await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.body.as_str().unwrap();
    for line in [
        "windlass_uploads_total{outcome=\"announced\"} 1",
        "windlass_uploads_total{outcome=\"verified\"} 1",
        "windlass_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/uploads\",status=\"201\"} 1",
        "windlass_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/uploads/{upload_id}/complete\",status=\"200\"} 1",
        "windlass_event_streams 0",
    ] {
        assert!(text.lines().any(|each| each == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("acme") && !text.contains("job-7"), "no tenant and no project is a label");
}

#[tokio::test]
async fn a_request_whose_client_hangs_up_is_counted_as_well() {
    let app = TestApp::start().await;
    let mut announced = file("a", "roof.jpg", "image/jpeg", 4096);
    announced["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150}]);
    let upload = app.announce_one(announced).await;
    let request = Request::post("/api/v1/uploads/previews")
        .header(AUTHORIZATION, format!("Bearer {}", app.ann()))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(json!({"upload_ids": [upload["upload_id"]]}).to_string()))
        .unwrap();
    app.store.is_silent.store(true, SeqCst);
    let router = api::router(app.app.clone(), &AllowedOrigins::Exactly(Vec::new()), None);
    let mut asked = Box::pin(router.oneshot(request));
    tokio::select! {
        answer = &mut asked => panic!("{answer:?}"),
        () = app.store.asked_in_silence.notified() => {}
    }
    drop(asked);
    let text = app.app.metrics.text(0);
    let line = "windlass_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/uploads/previews\",status=\"499\"} 1";
    assert!(text.lines().any(|each| each == line), "{line} is not in\n{text}");
}

/// What people leave open, and what scanners ask for.
const INSIDES: [&str; 21] = [
    "/metrics",
    "/api/metrics",
    "/api/v1/metrics",
    "/s3/metrics",
    "/prometheus",
    "/stats",
    "/status",
    "/debug",
    "/debug/vars",
    "/debug/pprof/",
    "/debug/pprof/heap",
    "/tracing",
    "/admin",
    "/admin/",
    "/api/v1/admin",
    "/internal",
    "/actuator/env",
    "/server-status",
    "/env",
    "/.env",
    "/config",
];

#[tokio::test]
async fn t46_the_api_shows_nothing_of_the_inside_and_the_metrics_listener_nothing_else() {
    let app = TestApp::start().await;
    for path in INSIDES {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let answer = app.call(method, path, &app.ann(), Value::Null).await;
            answer.assert_problem(404, "not_found");
        }
    }
    let shown = Answer::of(app.http.get(app.url("/healthz")).send().await.unwrap()).await;
    assert_eq!(shown.status, 200);

    let address = serve_metrics(&app).await;
    let others = [
        "/",
        "/healthz",
        "/readyz",
        "/api/v1/me",
        "/api/v1/photos",
        "/openapi.json",
        "/docs/",
        "/demo/token",
    ];
    for path in INSIDES.into_iter().chain(others).filter(|path| *path != "/metrics") {
        let asked = app.http.get(format!("http://{address}{path}")).bearer_auth(app.ann());
        assert_eq!(Answer::of(asked.send().await.unwrap()).await.status, 404, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let asked = app.http.request(method.clone(), format!("http://{address}/metrics"));
        assert_eq!(Answer::of(asked.send().await.unwrap()).await.status, 405, "{method}");
    }
}

/// The metrics on a port of their own.
async fn serve_metrics(app: &TestApp) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = metrics::router(app.app.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
