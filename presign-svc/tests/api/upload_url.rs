//! `POST /api/v1/photos/upload-url`.

use serde_json::{Value, json};

use crate::support::{PhotoSpec, TestApp, jpeg};

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
