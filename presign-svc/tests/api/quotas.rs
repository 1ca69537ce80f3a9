//! T10, T15: quotas are reserved when a file is announced, however many are announced at once, and given
//! back when it is given up.

use serde_json::{Value, json};
use windlass_presign_svc::app::Settings;
use windlass_presign_svc::domain::quota::{Allowance, Quota};

use crate::support::{Answer, TestApp, TestOptions, file, settings};

const SIZE: u64 = 4096;

fn bytes(max_bytes: u64) -> Allowance {
    let tenant = Quota { max_files: None, max_bytes: Some(max_bytes) };
    Allowance { tenant, ..Allowance::default() }
}

async fn start(allowance: Allowance) -> TestApp {
    let settings = Settings { allowance, ..settings() };
    TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await
}

async fn create(app: &TestApp, client_ref: &str) -> Value {
    let files = json!([file(client_ref, "a.jpg", "image/jpeg", SIZE)]);
    let answer: Answer = app.post("/api/v1/uploads", json!({"project_id": "job-7", "files": files})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["uploads"][0].clone()
}

#[tokio::test]
async fn t10_a_hundred_announcements_at_once_never_exceed_the_quota() {
    let app = start(bytes(10 * SIZE + 1)).await;
    let names: Vec<String> = (0..100).map(|n| format!("r{n}")).collect();
    let entries = futures::future::join_all(names.iter().map(|name| create(&app, name))).await;
    let (refused, accepted): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.get("error").is_some());
    assert_eq!(accepted.len(), 10);
    for entry in refused {
        assert_eq!(
            (&entry["error"]["code"], &entry["error"]["status"]),
            (&json!("quota_exceeded"), &json!(403))
        );
    }
    let url =
        json!({"project_id": "job-7", "file_name": "a.jpg", "file_size": SIZE, "mime_type": "image/jpeg"});
    app.post("/api/v1/photos/upload-url", url).await.assert_problem(403, "quota_exceeded");
    app.delete(accepted[0]["status_url"].as_str().unwrap()).await;
    assert!(create(&app, "again").await.get("error").is_none(), "an abort gives its room back");
    assert!(create(&app, "more").await.get("error").is_some());
}

#[tokio::test]
async fn t15_only_so_many_uploads_may_stay_open() {
    let app = start(Allowance { max_open_uploads: Some(2), ..Allowance::default() }).await;
    for name in ["a", "b"] {
        assert!(create(&app, name).await.get("error").is_none());
    }
    assert_eq!(create(&app, "c").await["error"]["code"], "quota_exceeded");
    assert!(create(&app, "a").await.get("error").is_none(), "a repetition opens nothing");
}
