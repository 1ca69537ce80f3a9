//! `GET /api/v1/photos`.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;

use crate::support::{PhotoSpec, TestApp, file_of, jpeg};

#[tokio::test]
async fn pages_hold_every_photo_once_newest_first() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(app.upload(&n.to_string(), &bytes).await["photo_id"].clone());
    }
    app.announce_one(file_of("pending", "a.jpg", &bytes)).await;
    made.reverse();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("/api/v1/photos?project_id=job-7&limit=3{cursor}")).await.body;
        let photos = page["photos"].as_array().unwrap();
        assert!(photos.len() <= 3);
        seen.extend(photos.iter().map(|photo| photo["photo_id"].clone()));
        if seen.len() == 3 {
            // One more arrives between the pages: nothing is shown twice or left out.
            app.upload("late", &bytes).await;
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn urls_stay_the_same_so_that_browsers_cache_them() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let listed = app.get("/api/v1/photos?project_id=job-7").await.body;
    let shown = app.get(&format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap())).await.body;
    // A window may end between two of the requests.
    let again = app.get("/api/v1/photos?project_id=job-7").await.body;
    let url = &listed["photos"][0]["url"];
    assert!(url == &shown["url"] || again["photos"][0]["url"] == shown["url"]);
    let fetched = app.http.get(url.as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.headers()["cache-control"], "private, max-age=7200");
}

#[tokio::test]
async fn a_status_filters() {
    let app = TestApp::start().await;
    app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let of = |status: &str| format!("/api/v1/photos?project_id=job-7&status={status}");
    assert_eq!(app.get(&of("uploaded")).await.body["photos"].as_array().unwrap().len(), 1);
    let totals = json!({"uploaded": 1, "processing": 0, "completed": 0, "failed": 0, "quarantined": 0});
    let none = json!({"photos": [], "next_cursor": null, "totals": totals, "latest_event": 1});
    assert_eq!(app.get(&of("completed")).await.body, none);
}

#[tokio::test]
async fn ones_own_photos_are_found_by_ones_subject() {
    let app = TestApp::start().await;
    let ben = app.token_of("auth0|ben +1&", "acme", &["job-7"], &Scope::ALL);
    let bytes = jpeg(&PhotoSpec::default());
    let anns = app.upload("a", &bytes).await["photo_id"].clone();
    let files = json!([file_of("b", "a.jpg", &bytes)]);
    let body = json!({"project_id": "job-7", "files": files});
    let announced = app.call(Method::POST, "/api/v1/uploads", &ben, body).await.body["uploads"][0].clone();
    assert_eq!(app.put(&announced, &bytes).await.status(), 200);
    let bens = app.complete(&announced, json!(null)).await.body["photo_id"].clone();
    let me = app.call(Method::GET, "/api/v1/me", &ben, json!(null)).await.body["subject"].clone();
    for (sender, expected) in [
        (me.as_str().unwrap(), vec![bens.clone()]),
        ("ann", vec![anns.clone()]),
        ("Ann", vec![]),
        ("ann' OR '1'='1", vec![]),
    ] {
        let mut url = reqwest::Url::parse(&app.url("/api/v1/photos")).unwrap();
        url.query_pairs_mut().append_pair("project_id", "job-7").append_pair("created_by", sender);
        let page: Value = serde_json::from_str(
            &app.http.get(url).bearer_auth(app.ann()).send().await.unwrap().text().await.unwrap(),
        )
        .unwrap();
        let found: Vec<_> =
            page["photos"].as_array().unwrap().iter().map(|photo| &photo["photo_id"]).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{sender}");
    }
}

#[tokio::test]
async fn a_query_that_is_wrong_is_refused() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("project_id=job-7&limit=0", "limit"),
        ("project_id=job-7&limit=101", "limit"),
        ("project_id=job-7&limit=many", "limit"),
        ("project_id=job-7&cursor=nonsense", "cursor"),
        ("project_id=job-7&status=lost", "status"),
        ("project_id=job-7&tenant=other", "tenant"),
        ("project_id=job-7&created_by=", "created_by"),
        ("project_id=job-7&created_by=a%00b", "created_by"),
        (&format!("project_id=job-7&created_by={}", "x".repeat(256)), "created_by"),
        ("project_id=..", "project_id"),
    ] {
        let refused = app.get(&format!("/api/v1/photos?{query}")).await;
        refused.assert_problem(400, "invalid_request");
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    app.get("/api/v1/photos?project_id=job-8").await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn nothing_new_is_not_said_of_urls_that_may_be_dead() {
    let app = TestApp::start().await;
    app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let path = "/api/v1/photos?project_id=job-7";
    let again = async |etag: &str| {
        let request = app.http.get(app.url(path)).bearer_auth(app.ann()).header("if-none-match", etag);
        request.send().await.unwrap().status().as_u16()
    };
    // The signatures, and with them the answer, are others every quarter of an hour.
    app.clock.stop();
    let long_lived = app.get(path).await;
    assert_eq!(again(long_lived.header("etag")).await, 304);
    assert_eq!(again(&format!("W/\"x.99\", {}", long_lived.header("etag"))).await, 304);
    app.upload("b", &jpeg(&PhotoSpec::default())).await;
    assert_eq!(again(long_lived.header("etag")).await, 200, "there is a new photo");
    app.store.urls_are_short_lived.store(true, std::sync::atomic::Ordering::SeqCst);
    app.upload("c", &jpeg(&PhotoSpec::default())).await;
    let short_lived = app.get(path).await;
    assert_eq!(again(short_lived.header("etag")).await, 200, "new ones would live longer");
}

#[tokio::test]
async fn photos_that_were_shown_before_are_shown_as_they_are_now() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let path_of = |photo: &Value| format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    let mut made = Vec::new();
    for name in ["still", "renamed", "done", "gone"] {
        made.push(app.upload(name, &bytes).await);
    }
    let list = async || app.get("/api/v1/photos?project_id=job-7").await.body["photos"].clone();
    assert_eq!(list().await.as_array().unwrap().len(), 4);
    let [_, renamed, done, gone] = &made[..] else { panic!("{made:?}") };
    let change = async |photo: &Value, rest: &str, body: Value| {
        let changed = app.call(Method::PATCH, &format!("{}{rest}", path_of(photo)), &app.ann(), body).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
    };
    change(renamed, "", json!({"caption": "the gutter"})).await;
    change(done, "/status", json!({"status": "processing"})).await;
    let deleted = app.call(Method::DELETE, &path_of(gone), &app.ann(), Value::Null).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    made.pop();
    made.push(app.upload("new", &bytes).await);
    // A window of URLs may end between two of the requests.
    for attempt in 0..2 {
        let listed = list().await;
        let mut each = Vec::new();
        for photo in made.iter().rev() {
            each.push(app.get(&path_of(photo)).await.body);
        }
        if listed == Value::from(each.clone()) {
            assert_eq!(
                (&listed[2]["caption"], &listed[1]["status"]),
                (&json!("the gutter"), &json!("processing"))
            );
            return;
        }
        assert_eq!(attempt, 0, "{listed:#} is not {each:#?}");
    }
}
