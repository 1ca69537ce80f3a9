//! `PATCH /api/v1/photos/{photo_id}` and `/status`, and what the list finds afterwards.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::ports::events::{EventLog as _, Replay};

use crate::support::{Answer, PhotoSpec, TestApp, crc64nvme, file_of, jpeg};

async fn patch(app: &TestApp, path: &str, body: Value) -> Answer {
    app.call(Method::PATCH, path, &app.ann(), body).await
}

async fn path_of_new(app: &TestApp, client_ref: &str, name: &str) -> String {
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of(client_ref, name, &bytes)).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
    format!("/api/v1/photos/{}", upload["photo_id"].as_str().unwrap())
}

async fn names(app: &TestApp, filter: &str) -> Vec<String> {
    let page = app.get(&format!("/api/v1/photos?project_id=job-7&{filter}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let photos = page.body["photos"].as_array().unwrap();
    photos.iter().map(|photo| photo["filename"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn caption_and_tags_are_kept_in_one_spelling_and_what_is_absent_stays() {
    let app = TestApp::start().await;
    let path = path_of_new(&app, "a", "a.jpg").await;
    let body = json!({"caption": " Tu\u{308}r \r\n cracked ", "tags": ["North", " north", "roof"]});
    let photo = patch(&app, &path, body).await.body;
    assert_eq!(photo["caption"], "T\u{fc}r\ncracked");
    assert_eq!(photo["tags"], json!(["North", "roof"]));
    let photo = patch(&app, &path, json!({"caption": null})).await.body;
    assert_eq!((&photo["caption"], &photo["tags"]), (&Value::Null, &json!(["North", "roof"])));
    assert_eq!(app.get(&path).await.body["tags"], json!(["North", "roof"]));
}

#[tokio::test]
async fn a_description_that_is_wrong_or_reaches_further_is_refused() {
    let app = TestApp::start().await;
    let path = path_of_new(&app, "a", "a.jpg").await;
    for (body, field) in [
        (json!({"caption": "x".repeat(1001)}), "caption"),
        (json!({"tags": ["a,b"]}), "tags[0]"),
        (json!({"tags": "a"}), "tags"),
        (json!({"status": "completed"}), "status"),
        (json!({"tenant": "other"}), "tenant"),
        (json!({"filename": "b.jpg"}), "filename"),
    ] {
        let refused = patch(&app, &path, body).await;
        refused.assert_problem(400, "invalid_request");
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    let reader = app.token("acme", &["job-7"], &[Scope::Read]);
    app.call(Method::PATCH, &path, &reader, json!({"tags": []})).await.assert_problem(403, "forbidden");
    let foreign = app.token("other", &["*"], &Scope::ALL);
    app.call(Method::PATCH, &path, &foreign, json!({"tags": []})).await.assert_problem(404, "not_found");
    let status = format!("{path}/status");
    let processing = json!({"status": "processing"});
    app.call(Method::PATCH, &status, &foreign, processing).await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn while_another_instance_works_on_a_photo_nothing_is_changed() {
    let app = TestApp::start().await;
    let path = path_of_new(&app, "a", "a.jpg").await;
    app.leases.are_busy.store(true, Ordering::SeqCst);
    let tags = json!({"tags": ["roof"]});
    patch(&app, &path, tags).await.assert_problem(503, "unavailable");
    let processing = json!({"status": "processing"});
    patch(&app, &format!("{path}/status"), processing).await.assert_problem(503, "unavailable");
    app.delete(&path).await.assert_problem(503, "unavailable");
    app.leases.are_busy.store(false, Ordering::SeqCst);
    let photo = app.get(&path).await.body;
    assert_eq!((&photo["tags"], &photo["status"]), (&json!([]), &json!("uploaded")));
}

#[tokio::test]
async fn the_pipeline_goes_forward_and_each_change_has_its_time() {
    let app = TestApp::start().await;
    let path = path_of_new(&app, "a", "a.jpg").await;
    let status = format!("{path}/status");
    assert_eq!(patch(&app, &status, json!({"status": "processing"})).await.status, 200);
    patch(&app, &status, json!({"status": "failed"})).await.assert_problem(400, "invalid_request");
    let failed = json!({"status": "failed", "reason": "cannot be decoded"});
    assert_eq!(patch(&app, &status, failed).await.body["status_reason"], "cannot be decoded");
    let otherwise = json!({"status": "failed", "reason": "no memory"});
    assert_eq!(patch(&app, &status, otherwise).await.body["status_reason"], "no memory");
    patch(&app, &status, json!({"status": "completed"})).await.assert_problem(409, "invalid_transition");
    assert_eq!(patch(&app, &status, json!({"status": "processing"})).await.status, 200);
    assert_eq!(patch(&app, &status, json!({"status": "completed"})).await.status, 200);
    assert_eq!(patch(&app, &status, json!({"status": "completed"})).await.status, 200, "said again");
    patch(&app, &status, json!({"status": "processing"})).await.assert_problem(409, "invalid_transition");
    let photo = app.get(&path).await.body;
    let history = photo["status_history"].as_array().unwrap();
    let statuses: Vec<_> = history.iter().map(|change| change["status"].as_str().unwrap()).collect();
    let expected =
        ["pending_upload", "uploaded", "processing", "failed", "failed", "processing", "completed"];
    assert_eq!(statuses, expected);
    assert!(history.iter().all(|change| change["at"].is_string()));
    let uploader = app.token("acme", &["job-7"], &[Scope::Upload, Scope::Read, Scope::Delete]);
    let body = json!({"status": "completed"});
    app.call(Method::PATCH, &status, &uploader, body).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn a_quarantined_photo_is_listed_and_given_to_nobody() {
    let app = TestApp::start().await;
    let (bytes, small) = (jpeg(&PhotoSpec::default()), jpeg(&PhotoSpec::default()));
    let mut file = file_of("a", "a.jpg", &bytes);
    file["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": small.len(),
                               "width": 200, "height": 150, "checksum": crc64nvme(&small)}]);
    let upload = app.announce_one(file).await;
    app.put(&upload, &bytes).await;
    app.put(&upload["variants"][0], &small).await;
    let photo = app.complete(&upload, Value::Null).await.body;
    assert_eq!(photo["variants"].as_object().unwrap().len(), 1);
    let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    let status = format!("{path}/status");
    for (body, code) in [
        (json!({"status": "quarantined", "reason": ""}), "invalid_request"),
        (json!({"status": "quarantined", "reason": "x".repeat(501)}), "invalid_request"),
    ] {
        patch(&app, &status, body).await.assert_problem(400, code);
    }
    // A scanner may find it long after everything was done.
    assert_eq!(patch(&app, &status, json!({"status": "completed"})).await.status, 200);
    let before = app.get("/api/v1/photos?project_id=job-7").await;
    let locked = json!({"status": "quarantined", "reason": "Eicar-Test-Signature"});
    for _ in 0..2 {
        let answer = patch(&app, &status, locked.clone()).await;
        assert_eq!((answer.status, &answer.body["url"]), (200, &Value::Null), "{}", answer.body);
    }
    let list = app.get("/api/v1/photos?project_id=job-7").await;
    assert_ne!(list.header("etag"), before.header("etag"), "no answer from before is given again");
    let filtered = app.get("/api/v1/photos?project_id=job-7&status=quarantined").await.body;
    for photo in [&list.body["photos"][0], &filtered["photos"][0], &app.get(&path).await.body] {
        assert_eq!((&photo["status"], &photo["status_reason"]), (&locked["status"], &locked["reason"]));
        assert_eq!((&photo["url"], &photo["url_expires_at"]), (&Value::Null, &Value::Null));
        assert_eq!(photo["variants"], json!({}));
        assert!(!photo.to_string().contains("X-Amz"), "{photo}");
    }
    assert_eq!(
        (&list.body["totals"]["quarantined"], &list.body["totals"]["completed"]),
        (&json!(1), &json!(0))
    );
    let urls = app.post("/api/v1/photos/urls", json!({"photo_ids": [photo["photo_id"]]})).await;
    let error = &urls.body["photos"][0]["error"];
    assert_eq!(error["code"], "upload_closed", "{}", urls.body);
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains("quarantined") && !detail.contains("anew"), "{detail}");
    let again = app.complete(&upload, Value::Null).await;
    assert_eq!((again.status, &again.body["url"]), (200, &Value::Null), "{}", again.body);
    for status_of_a_sound_one in ["processing", "completed"] {
        let answer = patch(&app, &status, json!({"status": status_of_a_sound_one})).await;
        answer.assert_problem(409, "invalid_transition");
    }
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let Replay::Events(events) = app.app.events.since(&tenant, &project, 0, 10).await.unwrap() else {
        panic!()
    };
    let told = events.last().unwrap();
    assert_eq!(told.news.reason.as_deref(), Some("Eicar-Test-Signature"));
    assert_eq!(events.len(), 3, "created, completed, quarantined once");
    assert_eq!(app.delete(&path).await.status, 204);
    assert_eq!(app.get(&path).await.status, 404);
}

#[tokio::test]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let app = TestApp::start().await;
    let roof = path_of_new(&app, "a", "IMG_0042.jpg").await;
    path_of_new(&app, "b", "cellar.jpg").await;
    let body = json!({"caption": "Türsturz north", "tags": ["Roof Leak"]});
    assert_eq!(patch(&app, &roof, body).await.status, 200);
    for (filter, found) in [
        ("label=roof%20LEAK", &["IMG_0042.jpg"][..]),
        ("label=roof", &[]),
        ("q=tursturz", &["IMG_0042.jpg"]),
        ("q=nor%20roo", &["IMG_0042.jpg"]),
        ("q=0042", &["IMG_0042.jpg"]),
        ("q=jpg", &["cellar.jpg", "IMG_0042.jpg"]),
        ("q=north%20cellar", &[]),
        ("camera=windlass", &["cellar.jpg", "IMG_0042.jpg"]),
        ("camera=windlass&label=Roof%20Leak&q=img&kind=photo&status=uploaded", &["IMG_0042.jpg"]),
        ("kind=video", &[]),
        ("taken_from=2026-11-20&taken_to=2026-11-20", &["cellar.jpg", "IMG_0042.jpg"]),
        ("taken_from=2026-11-20T16:34:24", &[]),
        ("taken_to=2026-11-20T16:34:23Z&label=roof%20leak", &["IMG_0042.jpg"]),
        ("taken_to=2026-11-19", &[]),
        ("bbox=-180,-90,180,90", &[]),
    ] {
        assert_eq!(names(&app, filter).await, found, "{filter}");
    }
    for filter in ["q=%20", "bbox=1,2,3", "taken_from=soon", "label=", "camera=", "kind=song"] {
        let refused = app.get(&format!("/api/v1/photos?project_id=job-7&{filter}")).await;
        refused.assert_problem(400, "invalid_request");
        assert_eq!(refused.body["field"], filter.split('=').next().unwrap(), "{}", refused.body);
    }
}

#[tokio::test]
async fn pages_under_a_filter_hold_every_photo_once() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let path = path_of_new(&app, &n.to_string(), &format!("{n}.jpg")).await;
        assert_eq!(patch(&app, &path, json!({"tags": ["roof"]})).await.status, 200);
    }
    for filter in ["label=roof", "q=jpg", "camera=windlass", "taken_from=2026-01-01", "kind=photo"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/photos?project_id=job-7&limit=2&{filter}{cursor}");
            let page = app.get(&path).await.body;
            let photos = page["photos"].as_array().unwrap();
            seen.extend(photos.iter().map(|photo| photo["filename"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, ["4.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"], "{filter}");
    }
}

#[tokio::test]
async fn many_photos_get_fresh_urls_at_once_and_a_foreign_one_stops_none() {
    let app = TestApp::start().await;
    let mine = path_of_new(&app, "a", "a.jpg").await;
    let id = mine.rsplit('/').next().unwrap();
    let nobodys = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";
    let ask = |extra: u32| json!({"photo_ids": [id, nobodys, "../x"], "expires_in_seconds": extra});
    let answer = app.post("/api/v1/photos/urls", ask(120)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let photos = answer.body["photos"].as_array().unwrap();
    let fetched = app.http.get(photos[0]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.status(), 200);
    for refused in &photos[1..] {
        assert_eq!(refused["error"]["code"], "not_found", "{refused}");
    }
    let url = app.post("/api/v1/photos/urls", ask(999_999)).await.body["photos"][0]["url"].to_string();
    assert!(url.contains("X-Amz-Expires=7200"), "lowered to what the service gives: {url}");
    for (body, field) in [(json!({"photo_ids": []}), "photo_ids"), (ask(5), "expires_in_seconds")] {
        let refused = app.post("/api/v1/photos/urls", body).await;
        refused.assert_problem(400, "invalid_request");
        assert_eq!(refused.body["field"], field);
    }
    // The letter case of a UUID does not count (RFC 9562, section 4).
    let shouted = app.post("/api/v1/photos/urls", json!({"photo_ids": [id.to_uppercase()]})).await.body;
    assert_eq!(shouted["photos"][0]["photo_id"], id, "{shouted}");
    let foreign = app.token("other", &["*"], &Scope::ALL);
    let told = app.call(Method::POST, "/api/v1/photos/urls", &foreign, ask(120)).await.body;
    assert_eq!(told["photos"][0]["error"]["code"], "not_found", "{told}");
}

#[tokio::test]
async fn what_happens_is_recorded_in_order_for_its_own_project_only() {
    let app = TestApp::start().await;
    let path = path_of_new(&app, "a", "a.jpg").await;
    patch(&app, &path, json!({"tags": ["roof"]})).await;
    patch(&app, &path, json!({"tags": ["roof"]})).await;
    patch(&app, &format!("{path}/status"), json!({"status": "processing"})).await;
    assert_eq!(app.delete(&path).await.status, 204);
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let log = app.uploads.events();
    let Replay::Events(events) = log.since(&tenant, &project, 0, 10).await.unwrap() else {
        panic!("all events are kept")
    };
    let told: Vec<_> = events.iter().map(|event| (event.number, event.news.kind.as_str())).collect();
    let expected = [(1, "photo.created"), (2, "photo.updated"), (3, "photo.status"), (4, "photo.deleted")];
    assert_eq!(told, expected, "to change nothing is no news");
    assert_eq!(log.latest(&tenant, &project).await.unwrap(), 4);
    assert_eq!(log.latest(&"other".parse().unwrap(), &project).await.unwrap(), 0);
    assert_eq!(log.since(&tenant, &project, 5, 10).await.unwrap(), Replay::Lost, "never given out");
}
