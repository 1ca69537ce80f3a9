//! `GET /api/v1/me`.

use serde_json::{Value, json};
use windlass_presign_svc::app::Settings;
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::domain::quota::{Allowance, Quota};

use crate::support::{TestApp, TestOptions, file, random_bytes, settings};

#[tokio::test]
async fn a_token_says_who_it_is() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/api/v1/me").await.body,
        json!({
            "tenant": "acme",
            "subject": "ann",
            "projects": ["job-7"],
            "scopes": ["upload", "read", "delete", "pipeline", "links"],
            "limits": {
                "photo": {"min_size": 1024, "max_size": 50 << 20},
                "video": {"min_size": 1, "max_size": 1 << 30},
                "document": {"min_size": 1, "max_size": 100 << 20},
                "archive": null,
                "files_per_request": 100,
            },
            "usage": {
                "files": 0, "bytes": 0, "open_uploads": 0,
                "max_files": null, "max_bytes": null, "max_open_uploads": 10_000,
            },
        })
    );
    let all = app.token("other", &["*"], &[Scope::Read]);
    let me = app.call(reqwest::Method::GET, "/api/v1/me", &all, Value::Null).await.body;
    assert_eq!((&me["projects"], &me["scopes"]), (&json!(["*"]), &json!(["read"])));
}

#[tokio::test]
async fn a_token_says_how_much_room_is_left() {
    let tenant = Quota { max_files: Some(10), max_bytes: Some(1 << 20) };
    let allowance = Allowance { tenant, max_open_uploads: Some(5), link: None };
    let settings = Settings { allowance, ..settings() };
    let app = TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await;
    app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    let pdf = [b"%PDF-1.7\n".to_vec(), random_bytes(991, 1)].concat();
    let mut stored = file("b", "b.pdf", "application/pdf", 1000);
    stored["variants"] = json!([]);
    let stored = app.announce_one(stored).await;
    assert_eq!(app.put(&stored, &pdf).await.status(), 200);
    assert_eq!(app.complete(&stored, Value::Null).await.status, 200);
    let usage = json!({
        "files": 2, "bytes": 5096, "open_uploads": 1, "max_files": 10, "max_bytes": 1 << 20, "max_open_uploads": 5,
    });
    assert_eq!(app.get("/api/v1/me").await.body["usage"], usage);
    let others = app.token("other", &["*"], &[Scope::Read]);
    let other = app.call(reqwest::Method::GET, "/api/v1/me", &others, Value::Null).await.body;
    assert_eq!(other["usage"]["files"], 0, "of another company");
}

#[tokio::test]
async fn who_holds_an_upload_link_sees_the_links_room_and_not_the_companys() {
    let app = TestApp::start().await;
    app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    let link = json!({"max_files": 3, "max_bytes": 1 << 20});
    let made = app.post("/api/v1/projects/job-7/upload-links", link).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let token = made.body["token"].as_str().unwrap();
    let me = app.call(reqwest::Method::GET, "/api/v1/me", token, Value::Null).await;
    assert_eq!(me.status, 200, "{}", me.body);
    let usage = &me.body["usage"];
    assert_eq!((&usage["files"], &usage["max_files"]), (&json!(0), &json!(3)), "{usage}");
    assert_eq!(usage["max_open_uploads"], Value::Null);
}
