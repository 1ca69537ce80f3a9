//! Upload links: made, used, counted, ended, and good for nothing else.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;

use crate::support::{Answer, PhotoSpec, TestApp, file, file_of, jpeg};

pub const LINKS: &str = "/api/v1/projects/job-7/upload-links";

pub async fn make(app: &TestApp, body: Value) -> Value {
    let answer = app.post(LINKS, body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

pub fn token(made: &Value) -> &str {
    made["token"].as_str().unwrap()
}

pub async fn announce(app: &TestApp, token: &str, files: Value) -> Answer {
    let body = json!({"project_id": "job-7", "files": files});
    app.call(Method::POST, "/api/v1/uploads", token, body).await
}

#[tokio::test]
async fn a_customer_without_an_account_sends_photos_through_a_link() {
    let app = TestApp::start().await;
    let made = make(&app, json!({"label": "Frau Kraus", "max_files": 3, "max_bytes": 100_000})).await;
    let token = token(&made);
    let bytes = jpeg(&PhotoSpec::default());
    let created = announce(&app, token, json!([file_of("a", "roof.jpg", &bytes)])).await;
    let upload = &created.body["uploads"][0];
    assert_eq!(app.put(upload, &bytes).await.status(), 200);
    let id = upload["upload_id"].as_str().unwrap();
    let path = format!("/api/v1/uploads/{id}");
    let photo = app.call(Method::POST, &format!("{path}/complete"), token, Value::Null).await;
    assert_eq!((photo.status, &photo.body["status"]), (200, &json!("uploaded")), "{}", photo.body);
    assert_eq!(app.call(Method::GET, &path, token, Value::Null).await.status, 200);
    let link_id = made["link"]["link_id"].as_str().unwrap();
    assert_eq!(app.record(upload).await.facts().created_by, format!("link:{link_id}"));
    let gallery = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(gallery["photos"][0]["photo_id"], photo.body["photo_id"], "the company sees it");
    assert_eq!(gallery["photos"][0]["created_by"], format!("link:{link_id}"), "and by which link it came");
    assert_eq!(photo.body["created_by"], Value::Null, "who only uploads is not told");
    let listed = app.get(LINKS).await.body["links"][0].clone();
    assert_eq!((&listed["files"], &listed["bytes"]), (&json!(1), &json!(bytes.len())));
    assert_eq!((&listed["label"], &listed["is_open"]), (&json!("Frau Kraus"), &json!(true)));
    assert!(listed.get("token").is_none());
    let me = app.call(Method::GET, "/api/v1/me", token, Value::Null).await.body;
    assert_eq!((&me["projects"], &me["scopes"]), (&json!(["job-7"]), &json!(["upload"])));
}

#[tokio::test]
async fn t10_a_link_brings_so_many_files_and_bytes_and_no_more() {
    let app = TestApp::start().await;
    let made = make(&app, json!({"max_files": 2, "max_bytes": 10_000})).await;
    let send = |name: &str, size: u64| {
        let (app, file) = (&app, file(name, "a.jpg", "image/jpeg", size));
        let token = token(&made).to_owned();
        async move { announce(app, &token, json!([file])).await.body["uploads"][0].clone() }
    };
    assert_eq!(send("large", 10_001).await["error"]["code"], "quota_exceeded");
    assert!(send("a", 4096).await.get("error").is_none());
    assert!(send("b", 4096).await.get("error").is_none());
    let refused = send("c", 1024).await;
    assert!(
        refused["error"]["detail"].as_str().unwrap().contains("upload link may hold 2 files"),
        "{refused}"
    );
    assert!(send("a", 4096).await.get("error").is_none(), "a repetition needs no room");
    let files = json!([file("x", "a.jpg", "image/jpeg", 4096)]);
    let inside = app.post("/api/v1/uploads", json!({"project_id": "job-7", "files": files})).await;
    assert!(inside.body["uploads"][0].get("error").is_none(), "the company's own room is its own");
}

#[tokio::test]
async fn t22_a_link_opens_nothing_but_its_own_uploads() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = app.upload("same-name", &bytes).await;
    let id = photo["photo_id"].as_str().unwrap();
    let one = make(&app, json!({})).await;
    let other = make(&app, json!({})).await;
    let mine = announce(&app, token(&one), json!([file_of("same-name", "roof.jpg", &bytes)])).await;
    let upload = &mine.body["uploads"][0];
    assert_ne!(upload["photo_id"], photo["photo_id"], "a name of its own cannot name another's file");
    let upload_id = upload["upload_id"].as_str().unwrap();
    let parts = json!({"parts": [{"part_number": 1}]});
    for (holder, id) in [(&one, id), (&other, id), (&other, upload_id)] {
        for (method, path, body) in [
            (Method::GET, format!("/api/v1/uploads/{id}"), Value::Null),
            (Method::DELETE, format!("/api/v1/uploads/{id}"), Value::Null),
            (Method::GET, format!("/api/v1/uploads/{id}/parts"), Value::Null),
            (Method::POST, format!("/api/v1/uploads/{id}/parts"), parts.clone()),
            (Method::POST, format!("/api/v1/uploads/{id}/complete"), Value::Null),
            (Method::PATCH, format!("/api/v1/photos/{id}"), json!({"caption": "mine"})),
            (Method::PATCH, format!("/api/v1/photos/{id}/status"), json!({"status": "uploaded"})),
        ] {
            let answer = app.call(method.clone(), &path, token(holder), body).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        }
    }
    for (method, path, body) in [
        (Method::GET, "/api/v1/photos?project_id=job-7".to_owned(), Value::Null),
        (Method::GET, format!("/api/v1/photos/{id}"), Value::Null),
        (Method::DELETE, format!("/api/v1/photos/{id}"), Value::Null),
        (Method::POST, "/api/v1/photos/urls".to_owned(), json!({"photo_ids": [id]})),
        (Method::PATCH, format!("/api/v1/photos/{id}/status"), json!({"status": "processing"})),
        (Method::POST, LINKS.to_owned(), json!({})),
        (Method::GET, LINKS.to_owned(), Value::Null),
    ] {
        let answer = app.call(method.clone(), &path, token(&one), body).await;
        answer.assert_problem(403, "forbidden");
    }
    let elsewhere = json!({"project_id": "job-8", "files": [file("a", "a.jpg", "image/jpeg", 4096)]});
    let answer = app.call(Method::POST, "/api/v1/uploads", token(&one), elsewhere).await;
    answer.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn a_link_ends_when_it_is_revoked_or_expires_and_a_forged_one_never_works() {
    let app = TestApp::start().await;
    let (revoked, expiring) =
        (make(&app, json!({})).await, make(&app, json!({"expires_in_seconds": 60})).await);
    let me = |token: String| {
        let app = &app;
        async move { app.call(Method::GET, "/api/v1/me", &token, Value::Null).await }
    };
    assert_eq!(me(token(&revoked).to_owned()).await.status, 200);
    let path = format!("{LINKS}/{}", revoked["link"]["link_id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(app.delete(&path).await.status, 204);
        me(token(&revoked).to_owned()).await.assert_problem(401, "unauthorized");
    }
    assert_eq!(me(token(&expiring).to_owned()).await.status, 200);
    let good = token(&expiring).to_owned();
    for forged in [
        good.replace("job-7", "job-8"),
        good.replace(".job-7", ""),
        format!("{good}x"),
        format!("wlk_{}.job-7", "A".repeat(43)),
        "wlk_".to_owned(),
        "wlk_' OR 1=1 --.job-7".to_owned(),
    ] {
        me(forged).await.assert_problem(401, "unauthorized");
    }
    app.clock.advance(Duration::from_secs(60));
    me(good).await.assert_problem(401, "unauthorized");
    let links = app.get(LINKS).await.body;
    assert!(links["links"].as_array().unwrap().iter().all(|link| link["is_open"] == false));
}

#[tokio::test]
async fn links_are_made_by_those_who_may_and_within_limits() {
    let app = TestApp::start().await;
    let made = make(&app, json!({})).await;
    assert_eq!(made["link"]["max_files"], 100);
    let id = made["link"]["link_id"].as_str().unwrap();
    for (field, value) in [
        ("expires_in_seconds", json!(59)),
        ("expires_in_seconds", json!(400 * 86_400)),
        ("max_files", json!(0)),
        ("max_bytes", json!(0)),
        ("label", json!("x".repeat(201))),
        ("tenant", json!("other")),
    ] {
        let answer = app.post(LINKS, json!({field: value})).await;
        answer.assert_problem(400, "invalid_request");
    }
    for (tenant, projects) in [("other", &["*"][..]), ("acme", &["job-8"])] {
        let foreign = app.token(tenant, projects, &Scope::ALL);
        let listed = app.call(Method::GET, LINKS, &foreign, Value::Null).await;
        assert!(listed.status == 404 || listed.body["links"] == json!([]), "{}", listed.body);
        let path = format!("{LINKS}/{id}");
        app.call(Method::DELETE, &path, &foreign, Value::Null).await.assert_problem(404, "not_found");
    }
    assert_eq!(app.call(Method::GET, "/api/v1/me", token(&made), Value::Null).await.status, 200);
}
