//! Companion's contract (`/s3/…`), as Uppy's clients speak it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::app::Settings;
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::domain::quota::{Allowance, Quota};
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::jobs::notice::look;

use crate::complete_parts::{MIB, film};
use crate::support::{Answer, PhotoSpec, TestApp, TestOptions, form_body, jpeg, settings};

const SECOND: Duration = Duration::from_secs(1);
/// By then a form of unknown size, which may have 50 MiB, has come at 64 kbit/s, or does not come.
const LONG_DEAD: Duration = Duration::from_secs(125 * 60);

/// What `@uppy/aws-s3` 5 asks for a small photo.
const PARAMS: &str = "/s3/params?filename=roof.jpg&type=image%2Fjpeg&metadata%5Bname%5D=roof.jpg\
                      &metadata%5Btype%5D=image%2Fjpeg&metadata%5Bproject_id%5D=job-7";

pub async fn send_form(app: &TestApp, params: &Value, file: &[u8]) -> reqwest::Response {
    let (content_type, body) = form_body(&params["fields"], file);
    let request = app.http.post(params["url"].as_str().unwrap()).header("content-type", content_type);
    request.header("origin", "https://good.com").body(body).send().await.unwrap()
}

pub async fn params(app: &TestApp, path: &str) -> Value {
    let answer = app.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

pub async fn photos(app: &TestApp) -> Vec<Value> {
    let answer = app.get("/api/v1/photos?project_id=job-7").await;
    answer.body["photos"].as_array().unwrap().clone()
}

/// Opens a multipart upload and answers it with its path and the query that goes with each request.
async fn open(app: &TestApp, body: Value) -> (Value, String, String) {
    let created = app.post("/s3/multipart", body).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let path = format!("/s3/multipart/{}", created.body["uploadId"].as_str().unwrap());
    let query = format!("key={}", created.body["key"].as_str().unwrap());
    (created.body, path, query)
}

/// Signs a part and sends it; answers it as complete wants it.
async fn send_part(app: &TestApp, path: &str, query: &str, number: usize, bytes: &[u8]) -> Value {
    let signed = app.get(&format!("{path}/{number}?{query}")).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    let url = signed.body["url"].as_str().unwrap();
    let answer = app.http.put(url).body(bytes.to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    json!({"PartNumber": number, "ETag": answer.headers()["etag"].to_str().unwrap()})
}

#[tokio::test]
async fn a_form_becomes_a_photo_without_anybody_saying_so() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let params = params(&app, PARAMS).await;
    assert_eq!((params["method"].as_str(), params["expires"].as_u64()), (Some("POST"), Some(900)));
    let answer = send_form(&app, &params, &bytes).await;
    assert_eq!(answer.status(), 201);
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap().to_owned();
    assert!(exposed.contains("ETag") && exposed.contains("Location"), "{exposed}");
    let key = params["fields"]["key"].as_str().unwrap();
    assert!(answer.headers()["location"].to_str().unwrap().ends_with(key));
    assert!(answer.headers().contains_key("etag"));

    look(&app.app).await;
    assert!(photos(&app).await.is_empty(), "it is not looked for yet");
    app.clock.advance(SECOND);
    look(&app.app).await;
    let [photo] = &photos(&app).await[..] else { panic!("no photo") };
    assert_eq!(
        (photo["filename"].as_str(), photo["size"].as_u64()),
        (Some("roof.jpg"), Some(bytes.len() as u64))
    );
    assert!(photo["metadata"]["make"].is_string(), "{photo}");
    let fetched = app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
    assert_eq!(app.app.awaited.count(), 0);
}

#[tokio::test]
async fn a_form_that_comes_late_is_looked_for_again_and_one_that_never_comes_expires() {
    let app = TestApp::start().await;
    let late = params(&app, PARAMS).await;
    params(&app, PARAMS).await;
    for _ in 0..3 {
        app.clock.advance(SECOND);
        look(&app.app).await;
    }
    assert_eq!(app.app.awaited.count(), 2);
    send_form(&app, &late, &jpeg(&PhotoSpec::default())).await;
    app.clock.advance(10 * SECOND);
    look(&app.app).await;
    assert_eq!((photos(&app).await.len(), app.app.awaited.count()), (1, 1));
    app.clock.advance(LONG_DEAD);
    look(&app.app).await;
    assert_eq!(app.app.awaited.count(), 0, "its form is dead");
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
    let in_use = app.app.uploads.in_use(&"acme".parse().unwrap(), None).await.unwrap().tenant;
    assert_eq!((in_use.open_files, in_use.open_bytes, in_use.stored_files), (0, 0, 1));
}

#[tokio::test]
async fn what_a_process_that_ended_awaited_is_found_by_the_janitor() {
    let app = TestApp::start().await;
    let params = params(&app, PARAMS).await;
    send_form(&app, &params, &jpeg(&PhotoSpec::default())).await;
    // Nobody looks in time.
    app.clock.advance(LONG_DEAD);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
    assert_eq!(photos(&app).await.len(), 1);
}

#[tokio::test]
async fn a_form_with_other_content_than_its_type_is_removed_and_never_shown() {
    let app = TestApp::start().await;
    let params = params(&app, PARAMS).await;
    assert_eq!(send_form(&app, &params, &[b'<'; 4096]).await.status(), 201);
    app.clock.advance(SECOND);
    look(&app.app).await;
    assert!(photos(&app).await.is_empty());
    let key = params["fields"]["key"].as_str().unwrap().to_owned();
    let gone = app.app.store.head(&key.try_into().unwrap()).await;
    assert!(gone.is_err(), "{gone:?}");
}

#[tokio::test]
async fn the_store_takes_a_form_only_within_the_limits_of_its_kind() {
    let app = TestApp::start().await;
    let unknown = params(&app, PARAMS).await;
    assert_eq!(send_form(&app, &unknown, &[0xff; 1000]).await.status(), 400, "no photo is so small");
    let bytes = jpeg(&PhotoSpec::default());
    let known = params(&app, &format!("{PARAMS}&metadata%5Bsize%5D={}", bytes.len())).await;
    assert_eq!(send_form(&app, &known, &bytes[..bytes.len() - 1]).await.status(), 400);
    assert_eq!(send_form(&app, &known, &[&bytes[..], &[0]].concat()).await.status(), 400);
    assert_eq!(send_form(&app, &known, &bytes).await.status(), 201);
    let over = app.get(&format!("{PARAMS}&metadata%5Bsize%5D={}", 51 * MIB)).await;
    over.assert_problem(413, "file_too_large");
}

#[tokio::test]
async fn a_form_opens_nothing_but_what_it_was_signed_for() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let signed = params(&app, PARAMS).await;
    let other = params(&app, PARAMS).await;
    let changes = [
        ("key", other["fields"]["key"].clone()),
        ("Content-Type", json!("text/html")),
        ("policy", other["fields"]["policy"].clone()),
        ("x-amz-signature", other["fields"]["x-amz-signature"].clone()),
        ("x-amz-credential", json!("other/20260922/us-east-1/s3/aws4_request")),
        ("acl", json!("public-read")),
        ("x-amz-meta-owner", json!("me")),
        ("success_action_redirect", json!("https://evil.example")),
    ];
    for (name, value) in changes {
        let mut changed = signed.clone();
        changed["fields"][name] = value;
        let status = send_form(&app, &changed, &bytes).await.status();
        assert!(status.is_client_error(), "{name}: {status}");
    }
    for name in ["policy", "x-amz-signature", "x-amz-date", "key", "Content-Type"] {
        let mut changed = signed.clone();
        changed["fields"].as_object_mut().unwrap().remove(name);
        let status = send_form(&app, &changed, &bytes).await.status();
        assert!(status.is_client_error(), "without {name}: {status}");
    }
    assert_eq!(send_form(&app, &signed, &bytes).await.status(), 201);
}

#[tokio::test]
async fn parts_are_signed_listed_and_become_a_photo_at_once() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let wanted = json!({"filename": "site.mp4", "type": "video/mp4", "metadata": {"project_id": "job-7", "name": "x"}});
    let (created, path, query) = open(&app, wanted).await;
    let batch = app.get(&format!("{path}/batch?{query}&partNumbers=1,2,3")).await;
    assert_eq!(batch.body["presignedUrls"].as_object().unwrap().len(), 3, "{}", batch.body);
    let mut parts = Vec::new();
    for (number, chunk) in (1..).zip(bytes.chunks(5 * MIB)) {
        parts.push(send_part(&app, &path, &query, number, chunk).await);
    }
    let listed = app.get(&format!("{path}?{query}")).await.body;
    assert_eq!(listed[2], json!({"PartNumber": 3, "Size": MIB, "ETag": parts[2]["ETag"]}));

    let done = app.post(&format!("{path}/complete?{query}"), json!({"parts": parts})).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.body["key"], created["key"]);
    assert!(done.body["location"].as_str().unwrap().ends_with(created["key"].as_str().unwrap()));
    let [photo] = &photos(&app).await[..] else { panic!("no photo") };
    assert_eq!(photo["size"], bytes.len());
    let fetched = app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
    let again = app.post(&format!("{path}/complete?{query}"), json!({"parts": parts})).await;
    assert_eq!(again.body, done.body, "its answer was lost");
    let in_use = app.app.uploads.in_use(&"acme".parse().unwrap(), None).await.unwrap().tenant;
    assert_eq!((in_use.open_bytes, in_use.stored_bytes), (0, bytes.len() as u64));
}

#[tokio::test]
async fn a_lost_answer_of_the_store_while_joining_is_made_good() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let (_, path, query) = open(&app, json!({"filename": "site.mp4", "type": "video/mp4"})).await;
    let first = send_part(&app, &path, &query, 1, &bytes[..5 * MIB]).await;
    let parts = json!({"parts": [first, send_part(&app, &path, &query, 2, &bytes[5 * MIB..]).await]});
    app.store.lose_next_join_answer.store(true, SeqCst);
    let lost = app.post(&format!("{path}/complete?{query}"), parts.clone()).await;
    lost.assert_problem(503, "store_unavailable");
    let done = app.post(&format!("{path}/complete?{query}"), parts).await;
    assert_eq!((done.status, photos(&app).await.len()), (200, 1), "{}", done.body);
}

#[tokio::test]
async fn parts_that_are_no_file_are_refused() {
    let app = TestApp::start().await;
    let bytes = film(12 * MIB);
    let (_, path, query) = open(&app, json!({"filename": "site.mp4", "type": "video/mp4"})).await;
    let one = send_part(&app, &path, &query, 1, &bytes[..5 * MIB]).await;
    let two = send_part(&app, &path, &query, 2, &bytes[5 * MIB..]).await;
    let complete = |parts: Value| {
        let (app, url) = (&app, format!("{path}/complete?{query}"));
        async move { app.post(&url, json!({"parts": parts})).await }
    };
    complete(json!([])).await.assert_problem(409, "parts_missing");
    let gap = complete(json!([two])).await;
    gap.assert_problem(409, "parts_missing");
    assert_eq!(gap.body["missing_parts"], json!([1]));
    let other = json!({"PartNumber": 2, "ETag": "\"00000000000000000000000000000000\""});
    complete(json!([one, other])).await.assert_problem(409, "parts_missing");
    let uneven = complete(json!([one, two])).await;
    uneven.assert_problem(422, "size_mismatch");
    assert_eq!(uneven.body["message"], uneven.body["detail"], "Uppy shows the sentence");
    assert!(photos(&app).await.is_empty());

    let photo = json!({"filename": "a.jpg", "type": "image/jpeg", "metadata": {"size": "2000"}});
    let (_, path, query) = open(&app, photo).await;
    let part = send_part(&app, &path, &query, 1, &jpeg(&PhotoSpec::default())).await;
    let over = app.post(&format!("{path}/complete?{query}"), json!({"parts": [part]})).await;
    over.assert_problem(422, "size_mismatch");
}

#[tokio::test]
async fn an_upload_is_given_up() {
    let app = TestApp::start().await;
    let (_, path, query) = open(&app, json!({"filename": "site.mp4", "type": "video/mp4"})).await;
    send_part(&app, &path, &query, 1, &film(6 * MIB)).await;
    let gone = app.delete(&format!("{path}?{query}")).await;
    assert_eq!((gone.status, gone.body), (200, json!({})));
    app.get(&format!("{path}/1?{query}")).await.assert_problem(409, "upload_closed");
}

#[tokio::test]
async fn what_could_not_be_begun_takes_no_room() {
    let app = TestApp::start().await;
    let open_files =
        || async { app.app.uploads.in_use(&"acme".parse().unwrap(), None).await.unwrap().tenant.open_files };
    app.store.is_down.store(true, SeqCst);
    let film = json!({"filename": "site.mp4", "type": "video/mp4"});
    app.post("/s3/multipart", film.clone()).await.assert_problem(503, "store_unavailable");
    assert_eq!(open_files().await, 0);
    app.store.is_down.store(false, SeqCst);
    app.store.cannot_sign_forms.store(true, SeqCst);
    app.get(PARAMS).await.assert_problem(503, "store_unavailable");
    assert_eq!((open_files().await, app.app.awaited.count()), (0, 0));
    open(&app, film).await;
    assert_eq!(open_files().await, 1);
}

#[tokio::test]
async fn a_look_at_the_headers_alone_announces_nothing() {
    let app = TestApp::start().await;
    let answer = app.call(Method::HEAD, PARAMS, &app.ann(), Value::Null).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET"));
    let in_use = app.app.uploads.in_use(&"acme".parse().unwrap(), None).await.unwrap().tenant;
    assert_eq!(in_use.open_files, 0);
}

#[tokio::test]
async fn a_key_is_compared_and_never_believed() {
    let app = TestApp::start().await;
    let wanted = json!({"filename": "site.mp4", "type": "video/mp4"});
    let (_, path, query) = open(&app, wanted.clone()).await;
    let (_, _, others) = open(&app, wanted).await;
    for path in [format!("{path}/1"), path.clone(), format!("{path}/batch")] {
        let part_numbers = "&partNumbers=1";
        app.get(&format!("{path}?{others}{part_numbers}")).await.assert_problem(404, "not_found");
        app.get(&format!("{path}?x=1{part_numbers}")).await.assert_problem(400, "invalid_request");
        assert_eq!(app.get(&format!("{path}?{query}{part_numbers}")).await.status, 200);
    }
    let foreign = app.post(&format!("{path}/complete?{others}"), json!({"parts": []})).await;
    foreign.assert_problem(404, "not_found");
    app.delete(&format!("{path}?{others}")).await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn wrong_requests_are_refused_with_a_sentence_that_uppy_shows() {
    let app = TestApp::start().await;
    let many = app.token("acme", &["job-7", "job-8"], &Scope::ALL);
    let get = async |path: &str, token: &str| app.call(Method::GET, path, token, Value::Null).await;
    let refused = |answer: Answer, status: u16, code: &str| {
        answer.assert_problem(status, code);
        assert_eq!(answer.body["message"], answer.body["detail"]);
        answer.body["field"].as_str().unwrap_or_default().to_owned()
    };
    let plain = "/s3/params?filename=a.jpg&type=image/jpeg";
    assert_eq!(refused(get(plain, &many).await, 400, "invalid_request"), "metadata[project_id]");
    let foreign = format!("{plain}&metadata[project_id]=job-9");
    refused(get(&foreign, &app.ann()).await, 403, "forbidden");
    assert_eq!(
        refused(get("/s3/params?type=image/jpeg", &app.ann()).await, 400, "invalid_request"),
        "filename"
    );
    refused(
        get("/s3/params?filename=a.exe&type=application/x-dosexec", &app.ann()).await,
        415,
        "type_not_allowed",
    );
    let odd = format!("{plain}&metadata[size]=big");
    assert_eq!(refused(get(&odd, &app.ann()).await, 400, "invalid_request"), "metadata[size]");
    refused(get(plain, "nonsense").await, 401, "unauthorized");
    refused(get(plain, &app.token("acme", &["job-7"], &[Scope::Read])).await, 403, "forbidden");
    assert_eq!(get(plain, &app.ann()).await.status, 200, "the only project of the token");

    let (_, path, query) = open(&app, json!({"filename": "a.pdf", "type": "application/pdf"})).await;
    refused(app.get(&format!("{path}/21?{query}")).await, 400, "invalid_request");
    refused(app.get(&format!("{path}/0?{query}")).await, 404, "not_found");
    for numbers in ["", "0", "one", "1,,2"] {
        refused(
            app.get(&format!("{path}/batch?{query}&partNumbers={numbers}")).await,
            400,
            "invalid_request",
        );
    }
    refused(app.get("/s3/multipart/not-an-id/1?key=a").await, 404, "not_found");
    refused(app.post("/s3/multipart", json!({"type": "image/jpeg"})).await, 400, "invalid_request");
    let parts = json!({"parts": [{"PartNumber": 1}]});
    refused(app.post(&format!("{path}/complete?{query}"), parts).await, 400, "invalid_request");
    app.get("/s3/sts").await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn an_unknown_size_needs_room_for_the_largest_file() {
    let quota = Quota { max_files: None, max_bytes: Some(60 * MIB as u64) };
    let allowance = Allowance { tenant: quota, ..Allowance::default() };
    let settings = Settings { allowance, ..settings() };
    let app = TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await;
    params(&app, PARAMS).await;
    app.get(PARAMS).await.assert_problem(403, "quota_exceeded");
    params(&app, &format!("{PARAMS}&metadata%5Bsize%5D=4096")).await;
}

#[tokio::test]
async fn a_holder_of_an_upload_link_sends_forms_too() {
    let app = TestApp::start().await;
    let link = app.post("/api/v1/projects/job-7/upload-links", json!({"max_files": 1})).await.body;
    let token = link["token"].as_str().unwrap();
    let path = "/s3/params?filename=a.jpg&type=image/jpeg";
    let params = app.call(Method::GET, path, token, Value::Null).await;
    assert_eq!(params.status, 200, "{}", params.body);
    send_form(&app, &params.body, &jpeg(&PhotoSpec::default())).await;
    app.clock.advance(SECOND);
    look(&app.app).await;
    assert_eq!(photos(&app).await.len(), 1);
    app.call(Method::GET, path, token, Value::Null).await.assert_problem(403, "quota_exceeded");
}

#[tokio::test]
async fn only_listed_origins_may_call() {
    let app = TestApp::start().await;
    for (origin, allowed) in [("https://good.com", true), ("https://evil-good.com", false)] {
        let preflight = app
            .http
            .request(Method::OPTIONS, app.url("/s3/params"))
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization,content-type")
            .send()
            .await
            .unwrap();
        let said = preflight.headers().get("access-control-allow-origin");
        assert_eq!(said.is_some(), allowed, "{origin}: {said:?}");
    }
}
