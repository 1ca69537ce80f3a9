//! `GET /healthz`, `GET /readyz`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Answer, TestApp};

#[tokio::test]
async fn ready_means_that_the_store_answers() {
    let app = TestApp::start().await;
    let get = |path: &'static str| {
        let app = &app;
        async move { Answer::of(app.http.get(app.url(path)).send().await.unwrap()).await }
    };
    assert_eq!((get("/healthz").await.status, get("/readyz").await.status), (200, 200));
    app.store.is_down.store(true, Ordering::SeqCst);
    assert_eq!(get("/healthz").await.status, 200);
    get("/readyz").await.assert_problem(503, "store_unavailable");
}

#[tokio::test]
async fn f36_a_clock_that_is_wrong_is_said_and_makes_the_service_not_ready() {
    let app = TestApp::start().await;
    let get = |path: &'static str| {
        let app = &app;
        async move { Answer::of(app.http.get(app.url(path)).send().await.unwrap()).await }
    };
    assert_eq!(
        get("/healthz").await.body["clock_skew_seconds"],
        serde_json::Value::Null,
        "nothing is known yet"
    );
    assert_eq!(get("/readyz").await.status, 200);
    assert!(get("/healthz").await.body["clock_skew_seconds"].as_i64().unwrap().abs() <= 2);
    app.clock.advance(Duration::from_secs(20 * 60));
    let refused = get("/readyz").await;
    refused.assert_problem(503, "unavailable");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("seconds ahead of the bucket's") && detail.contains("NTP"), "{detail}");
    let health = get("/healthz").await;
    assert_eq!(health.status, 200, "the process itself is well");
    assert!((1195..=1205).contains(&health.body["clock_skew_seconds"].as_i64().unwrap()), "{}", health.body);
}
