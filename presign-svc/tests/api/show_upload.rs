//! `GET /api/v1/uploads/{upload_id}`.

use serde_json::Value;

use crate::support::{Answer, PhotoSpec, TestApp, file_of, jpeg};

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
