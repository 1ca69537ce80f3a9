//! T10, T15: quotas are reserved when a file is announced, however many are announced at once, and given
//! back when it is given up.

use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::app::Settings;
use windlass_presign_svc::domain::quota::{Allowance, Quota};
use windlass_presign_svc::jobs::cleanup::sweep;
use windlass_presign_svc::ports::object_store::ObjectStore as _;

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

/// T15: as many multipart uploads as may be open, which nobody will ever finish. The row has ten thousand, which
/// take minutes here; what they cost is the same for each.
#[tokio::test]
async fn t15_a_thousand_orphans_are_the_most_there_can_be_and_are_gone_after_their_deadline() {
    const MOST: usize = 1_000;
    const FILES: usize = 100;
    let app = start(Allowance { max_open_uploads: Some(MOST as u64), ..Allowance::default() }).await;
    let batch = async |number: usize| -> Vec<Value> {
        let files = (0..FILES).map(|file| {
            json!({"client_ref": format!("{number}-{file}"), "filename": "a.mp4", "content_type": "video/mp4",
                   "size": 20 << 20})
        });
        app.announce(files.collect()).await
    };
    for number in 0..MOST / FILES {
        let entries = batch(number).await;
        assert!(entries.iter().all(|entry| entry.get("error").is_none()), "{entries:?}");
    }
    assert!(batch(MOST / FILES).await.iter().all(|entry| entry["error"]["code"] == "quota_exceeded"));
    let me = app.get("/api/v1/me").await.body;
    assert_eq!(me["usage"]["open_uploads"], MOST, "{me}");
    assert_eq!(multiparts(&app).await, MOST, "none was opened for those that were refused");

    app.clock.advance(Duration::from_secs(86_401));
    let mut expired = 0;
    while expired < MOST {
        let swept = sweep(&app.app).await.unwrap();
        assert!(swept.expired > 0 && swept.failed == 0, "{swept:?} after {expired}");
        expired += swept.expired as usize;
    }
    assert_eq!(multiparts(&app).await, 0);
    assert_eq!(app.get("/api/v1/me").await.body["usage"]["open_uploads"], 0);
    assert!(create(&app, "after").await.get("error").is_none(), "there is room again");
}

async fn multiparts(app: &TestApp) -> usize {
    let (mut count, mut after) = (0, None);
    loop {
        let page = app.store.list_multiparts("", after.as_ref()).await.unwrap();
        count += page.multiparts.len();
        after = page.next;
        if after.is_none() {
            return count;
        }
    }
}
