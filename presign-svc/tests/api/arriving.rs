//! Photos whose original is on its way: `POST /api/v1/uploads/previews`, and how they are listed, told of and gone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::jobs::cleanup::sweep;
use windlass_presign_svc::ports::object_store::StoreError;

use crate::support::{EventStream, PhotoSpec, TestApp, crc64nvme, file_of, jpeg, random_bytes};

const LIST: &str = "/api/v1/photos?project_id=job-7";

fn small() -> Vec<u8> {
    jpeg(&PhotoSpec { width: 200, height: 150, size_bytes: 2_000, ..PhotoSpec::default() })
}

fn variant(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "content_type": "image/jpeg", "size": bytes.len(), "width": 200, "height": 150,
        "checksum": crc64nvme(bytes)})
}

/// Announces a photo with two smaller pictures.
async fn announce(app: &TestApp, client_ref: &str) -> Value {
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of(client_ref, "roof.jpg", &bytes);
    announced["variants"] = json!([variant("thumb_200", &small()), variant("web_1920", &small())]);
    let told = ["incomplete", "call_us"].map(|code| json!({"code": code, "message": "Pay at example.org."}));
    announced["metadata"] = json!({"make": "a claim", "display_orientation": 6, "width": 4048, "height": 3036,
        "taken_at": {"local": "Pay at example.org."}, "warnings": told});
    app.announce_one(announced).await
}

async fn send_picture(app: &TestApp, upload: &Value, index: usize) {
    assert_eq!(app.put(&upload["variants"][index], &small()).await.status(), 200);
}

async fn report(app: &TestApp, token: &str, uploads: &[&Value]) -> Value {
    let ids: Vec<_> = uploads.iter().map(|upload| upload["upload_id"].clone()).collect();
    let answer = app.call(Method::POST, "/api/v1/uploads/previews", token, json!({"upload_ids": ids})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["uploads"].clone()
}

/// A photo of which the thumbnail is there and was reported.
async fn arriving(app: &TestApp, client_ref: &str) -> Value {
    let upload = announce(app, client_ref).await;
    send_picture(app, &upload, 0).await;
    let seen = report(app, &app.ann(), &[&upload]).await;
    assert_eq!(seen[0]["variants"], json!(["thumb_200"]), "{seen}");
    upload
}

async fn listed(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.get(&format!("{LIST}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["photos"].as_array().unwrap().clone()
}

async fn ids(app: &TestApp, query: &str) -> Vec<Value> {
    listed(app, query).await.into_iter().map(|photo| photo["photo_id"].clone()).collect()
}

async fn watch(app: &TestApp) -> EventStream {
    let stream = EventStream::open(app, "project_id=job-7&last_event_id=0", Some(&app.ann()), None).await;
    let mut stream = stream.map_err(|refused| refused.body).unwrap();
    assert_eq!(stream.next().await.unwrap().name, "ready");
    stream
}

#[tokio::test]
async fn it_is_shown_to_those_who_ask_from_its_first_picture_on_and_becomes_a_photo() {
    let app = TestApp::start().await;
    let mut stream = watch(&app).await;
    let upload = announce(&app, "a").await;
    let id = upload["photo_id"].as_str().unwrap();
    assert_eq!(report(&app, &app.ann(), &[&upload]).await[0]["variants"], json!([]), "nothing is there yet");
    assert_eq!(listed(&app, "&arriving=true").await, [Value::Null; 0]);
    send_picture(&app, &upload, 0).await;
    let seen = report(&app, &app.ann(), &[&upload]).await;
    let told = json!([{"upload_id": id, "status": "pending_upload", "variants": ["thumb_200"]}]);
    assert_eq!(seen, told);
    assert_eq!(report(&app, &app.ann(), &[&upload, &upload]).await, told, "again, and twice");
    let news = stream.next().await.unwrap();
    assert_eq!((news.id, news.name.as_str()), (1, "photo.arriving"));
    assert_eq!((&news.data["photo_id"], &news.data["status"]), (&json!(id), &json!("pending_upload")));

    let photo = listed(&app, "&arriving=true").await.remove(0);
    assert_eq!((&photo["photo_id"], &photo["status"]), (&json!(id), &json!("pending_upload")));
    assert_eq!((&photo["url"], &photo["uploaded_at"]), (&Value::Null, &Value::Null));
    assert_eq!((&photo["filename"], &photo["kind"]), (&json!("roof.jpg"), &json!("photo")));
    assert_eq!((&photo["metadata"]["make"], &photo["width"]), (&json!("a claim"), &json!(3036)));
    assert_eq!((&photo["taken_at"], &photo["metadata"]["taken_at"]), (&Value::Null, &Value::Null));
    let incomplete =
        json!([{"code": "incomplete", "message": "The file is incomplete: part of the picture is missing."}]);
    assert_eq!(photo["metadata"]["warnings"], incomplete, "the service's own words");
    assert_eq!(photo["variants"].as_object().unwrap().keys().collect::<Vec<_>>(), ["thumb_200"]);
    assert!(photo["url_expires_at"].is_string());
    let picture = app.http.get(photo["variants"]["thumb_200"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(picture.bytes().await.unwrap(), small());
    let path = format!("/api/v1/photos/{id}");
    assert_eq!(app.get(&format!("{path}?arriving=true")).await.body["status"], "pending_upload");

    send_picture(&app, &upload, 1).await;
    report(&app, &app.ann(), &[&upload]).await;
    assert_eq!(stream.names(1).await, [(2, "photo.arriving".to_owned())]);
    let photo = app.get(&format!("{path}?arriving=true")).await.body;
    assert_eq!(photo["variants"].as_object().unwrap().len(), 2);

    let bytes = jpeg(&PhotoSpec::default());
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    let stored = app.complete(&upload, Value::Null).await.body;
    assert_eq!((&stored["status"], &stored["metadata"]["make"]), (&json!("uploaded"), &json!("Windlass")));
    assert_eq!(stored["metadata"]["warnings"], incomplete);
    assert_eq!(stored["variants"].as_object().unwrap().len(), 2, "what was found before is not lost");
    assert_eq!(stream.names(1).await, [(3, "photo.created".to_owned())]);
    assert_eq!(ids(&app, "&arriving=true").await, [json!(id)], "once");
    assert_eq!(listed(&app, "&status=pending_upload").await, [Value::Null; 0]);
    let late = report(&app, &app.ann(), &[&upload]).await;
    assert_eq!(late[0]["status"], "uploaded", "a late report changes nothing");
}

#[tokio::test]
async fn whoever_does_not_ask_never_sees_it() {
    let app = TestApp::start().await;
    let upload = arriving(&app, "a").await;
    let id = upload["photo_id"].as_str().unwrap();
    for query in
        ["", "&arriving=false", "&status=uploaded", "&arriving=true&q=roof", "&arriving=true&status=failed"]
    {
        assert_eq!(listed(&app, query).await, [Value::Null; 0], "{query}");
    }
    for query in ["&arriving=true&kind=photo", "&status=pending_upload", "&status=pending_upload&kind=photo"]
    {
        assert_eq!(ids(&app, query).await, [json!(id)], "{query}");
    }
    assert_eq!(listed(&app, "&arriving=true&kind=video").await, [Value::Null; 0]);
    let totals = app.get(LIST).await.body["totals"].clone();
    assert_eq!(
        totals,
        json!({"uploaded": 0, "processing": 0, "completed": 0, "failed": 0, "quarantined": 0})
    );
    let path = format!("/api/v1/photos/{id}");
    app.get(&path).await.assert_problem(404, "not_found");
    app.delete(&path).await.assert_problem(404, "not_found");
    let caption = json!({"caption": "north"});
    app.call(Method::PATCH, &path, &app.ann(), caption).await.assert_problem(404, "not_found");
    let urls = app.post("/api/v1/photos/urls", json!({"photo_ids": [id]})).await.body;
    assert_eq!(urls["photos"][0]["error"]["code"], "not_found");
}

#[tokio::test]
async fn pages_hold_what_is_stored_and_what_is_on_its_way_once_newest_first() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut made = Vec::new();
    for n in 0..3 {
        made.push(app.upload(&format!("stored-{n}"), &bytes).await["photo_id"].clone());
        made.push(arriving(&app, &format!("arriving-{n}")).await["photo_id"].clone());
    }
    made.reverse();
    for limit in 1..=6 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("{LIST}&arriving=true&limit={limit}{cursor}")).await.body;
            seen.extend(page["photos"].as_array().unwrap().iter().map(|photo| photo["photo_id"].clone()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, made, "{limit} at a time");
    }
}

#[tokio::test]
async fn what_does_not_come_is_gone_for_whoever_saw_it() {
    let app = TestApp::start().await;
    let mut stream = watch(&app).await;
    // Given up.
    let aborted = arriving(&app, "a").await;
    assert_eq!(app.delete(aborted["status_url"].as_str().unwrap()).await.status, 204);
    // Its original is not what was announced.
    let wrong = arriving(&app, "b").await;
    let mut noise = random_bytes(20_000, 5);
    noise[0] = 0;
    assert_eq!(app.put(&wrong, &noise).await.status(), 200);
    app.complete(&wrong, Value::Null).await.assert_problem(422, "type_mismatch");
    // Never finished.
    let expired = arriving(&app, "c").await;
    let record = app.record(&expired).await;
    app.clock.advance(Duration::from_secs(86_401));
    assert_eq!(sweep(&app.app).await.unwrap().expired, 1);
    assert_eq!(listed(&app, "&arriving=true").await, [Value::Null; 0]);
    let key = record.variant_key(&record.progress().variants[0]);
    assert!(matches!(app.app.store.head(&key).await, Err(StoreError::NotFound)));
    let mut told = Vec::new();
    for _ in 0..6 {
        let news = stream.next().await.unwrap();
        told.push((
            news.name,
            news.data["photo_id"].clone(),
            news.data["status"].clone(),
            news.data["reason"].is_string(),
        ));
    }
    let expected: Vec<_> =
        [(&aborted, "aborted", false), (&wrong, "failed", true), (&expired, "expired", false)]
            .into_iter()
            .flat_map(|(upload, status, has_reason)| {
                let id = &upload["photo_id"];
                [
                    ("photo.arriving".to_owned(), id.clone(), json!("pending_upload"), false),
                    ("photo.withdrawn".to_owned(), id.clone(), json!(status), has_reason),
                ]
            })
            .collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_upload_that_was_never_shown_goes_in_silence() {
    let app = TestApp::start().await;
    let upload = announce(&app, "a").await;
    send_picture(&app, &upload, 0).await;
    assert_eq!(app.delete(upload["status_url"].as_str().unwrap()).await.status, 204);
    assert_eq!(app.get(LIST).await.body["latest_event"], 0);
    let late = report(&app, &app.ann(), &[&upload]).await;
    assert_eq!((&late[0]["status"], &late[0]["variants"]), (&json!("aborted"), &json!([])));
}

#[tokio::test]
async fn bytes_that_are_no_picture_are_not_shown() {
    let app = TestApp::start().await;
    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    let mut announced = file_of("a", "a.jpg", &jpeg(&PhotoSpec::default()));
    announced["variants"] = json!([variant("thumb_200", &page)]);
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload["variants"][0], &page).await.status(), 200);
    assert_eq!(report(&app, &app.ann(), &[&upload]).await[0]["variants"], json!([]));
    assert_eq!(listed(&app, "&arriving=true").await, [Value::Null; 0]);
}

#[tokio::test]
async fn foreign_uploads_are_neither_looked_at_nor_shown() {
    let app = TestApp::start().await;
    let upload = announce(&app, "a").await;
    send_picture(&app, &upload, 0).await;
    for (tenant, project) in [("other", "*"), ("other", "job-7"), ("acme", "job-8")] {
        let token = app.token(tenant, &[project], &Scope::ALL);
        assert_eq!(report(&app, &token, &[&upload]).await, json!([]), "{tenant}/{project}");
    }
    assert_eq!(listed(&app, "&arriving=true").await, [Value::Null; 0], "nobody looked");
    let arriving = arriving(&app, "b").await;
    let id = arriving["photo_id"].as_str().unwrap();
    let other = app.token("other", &["*"], &Scope::ALL);
    let foreign = app.call(Method::GET, &format!("{LIST}&arriving=true"), &other, Value::Null).await;
    assert_eq!(foreign.body["photos"], json!([]));
    for token in [other, app.token("acme", &["job-8"], &Scope::ALL)] {
        let path = format!("/api/v1/photos/{id}?arriving=true");
        app.call(Method::GET, &path, &token, Value::Null).await.assert_problem(404, "not_found");
    }
    let reader = app.token("acme", &["job-7"], &[Scope::Read]);
    let body = json!({"upload_ids": [id]});
    let refused = app.call(Method::POST, "/api/v1/uploads/previews", &reader, body).await;
    refused.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn a_report_that_is_wrong_is_refused_and_one_the_store_cannot_answer_may_come_again() {
    let app = TestApp::start().await;
    let nobodys = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";
    for (body, field) in [
        (json!({"upload_ids": []}), "upload_ids"),
        (json!({"upload_ids": vec![nobodys; 101]}), "upload_ids"),
        (json!({"upload_ids": [nobodys], "tenant": "other"}), "tenant"),
    ] {
        let refused = app.post("/api/v1/uploads/previews", body).await;
        refused.assert_problem(400, "invalid_request");
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    let unknown = app.post("/api/v1/uploads/previews", json!({"upload_ids": [nobodys]})).await;
    assert_eq!(unknown.body["uploads"], json!([]));
    let upload = announce(&app, "a").await;
    send_picture(&app, &upload, 0).await;
    app.store.is_down.store(true, Ordering::SeqCst);
    let body = json!({"upload_ids": [upload["upload_id"]]});
    app.post("/api/v1/uploads/previews", body).await.assert_problem(503, "store_unavailable");
    app.store.is_down.store(false, Ordering::SeqCst);
    app.store.replaced_when_read.store(1, Ordering::SeqCst);
    assert_eq!(report(&app, &app.ann(), &[&upload]).await[0]["variants"], json!([]), "replaced meanwhile");
    assert_eq!(report(&app, &app.ann(), &[&upload]).await[0]["variants"], json!(["thumb_200"]));
}
