//! Metrics: what happens through the API is counted, and only on their own listener.

use windlass_presign_svc::metrics;

use crate::support::{Answer, PhotoSpec, TestApp, jpeg};

#[tokio::test]
async fn requests_and_uploads_are_counted_on_a_listener_of_their_own() {
    let app = TestApp::start().await;
    app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, metrics::router(app.app.clone())).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = Answer::of(http.get(format!("http://{address}/metrics")).send().await.unwrap()).await;
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
async fn t46_the_api_does_not_show_the_metrics() {
    let app = TestApp::start().await;
    app.get("/metrics").await.assert_problem(404, "not_found");
}
