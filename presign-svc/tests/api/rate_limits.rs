//! T30: so many signatures for a subject, a tenant and a place, however they are asked for.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::app::{RateLimits, Settings};
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::domain::client_address::TrustedProxies;

use crate::support::{Answer, PhotoSpec, TestApp, TestOptions, file, file_of, jpeg, settings};
use crate::upload_links::LINKS;

async fn start(rates: RateLimits) -> TestApp {
    let settings = Settings { rates, ..settings() };
    let app = TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await;
    // What flows back meanwhile would depend on the machine.
    app.clock.stop();
    app
}

fn files(count: usize) -> Value {
    let files: Vec<Value> = (0..count).map(|n| file(&format!("f{n}"), "a.jpg", "image/jpeg", 4096)).collect();
    json!({"project_id": "job-7", "files": files})
}

async fn ask(app: &TestApp, count: usize, headers: &[(&'static str, String)]) -> Answer {
    let mut request = app.http.post(app.url("/api/v1/uploads")).bearer_auth(app.ann()).json(&files(count));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn t30_a_subject_gets_so_many_signatures_a_minute_and_is_told_when_to_come_back() {
    let app = start(RateLimits { per_subject: Some(100), ..RateLimits::default() }).await;
    assert_eq!(ask(&app, 99, &[]).await.status, 201);
    let url =
        json!({"project_id": "job-7", "file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"});
    assert_eq!(app.post("/api/v1/photos/upload-url", url.clone()).await.status, 201);
    let refused = ask(&app, 50, &[]).await;
    refused.assert_problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((25..=30).contains(&wait), "{wait}");
    app.post("/api/v1/photos/upload-url", url).await.assert_problem(429, "rate_limited");
    let forged = [("x-forwarded-for", "198.51.100.7".to_owned()), ("x-real-ip", "198.51.100.7".to_owned())];
    ask(&app, 50, &forged).await.assert_problem(429, "rate_limited");
    let other = app.token("other", &["job-7"], &[Scope::Upload]);
    assert_eq!(app.call(Method::POST, "/api/v1/uploads", &other, files(50)).await.status, 201);
    app.clock.advance(Duration::from_secs(wait));
    assert_eq!(ask(&app, 50, &[]).await.status, 201);
}

#[tokio::test]
async fn t30_a_forged_forwarding_header_raises_no_allowance() {
    let rates = |proxies: &[&str]| RateLimits {
        per_address: Some(10),
        proxies: Some(TrustedProxies(proxies.iter().map(|network| network.parse().unwrap()).collect())),
        ..RateLimits::default()
    };
    let app = start(rates(&["10.0.0.0/8"])).await;
    for n in 0..10 {
        assert_eq!(ask(&app, 1, &[("x-forwarded-for", format!("198.51.100.{n}"))]).await.status, 201);
    }
    let forged = [("x-forwarded-for", "198.51.100.99".to_owned())];
    ask(&app, 1, &forged).await.assert_problem(429, "rate_limited");
    // Behind a proxy of ours each client counts by itself, and what it says about others does not count.
    let app = start(rates(&["127.0.0.0/8"])).await;
    for n in 0..10 {
        let header = [("x-forwarded-for", format!("192.0.2.{n}, 198.51.100.1"))];
        assert_eq!(ask(&app, 1, &header).await.status, 201);
    }
    ask(&app, 1, &[("x-forwarded-for", "192.0.2.77, 198.51.100.1".to_owned())])
        .await
        .assert_problem(429, "rate_limited");
    assert_eq!(ask(&app, 1, &[("x-forwarded-for", "198.51.100.2".to_owned())]).await.status, 201);
    // Whatever it says, and were it no text of a header at all.
    for n in 0..10 {
        let header = [("x-forwarded-for", format!("\u{fc}{n}, 198.51.100.3"))];
        assert_eq!(ask(&app, 1, &header).await.status, 201);
    }
    ask(&app, 1, &[("x-forwarded-for", "198.51.100.3".to_owned())]).await.assert_problem(429, "rate_limited");
}

#[tokio::test]
async fn t30_a_whole_company_has_a_limit_too() {
    let app = start(RateLimits { per_tenant: Some(10), ..RateLimits::default() }).await;
    assert_eq!(ask(&app, 10, &[]).await.status, 201);
    let other = app.token("acme", &["*"], &[Scope::Upload]);
    app.call(Method::POST, "/api/v1/uploads", &other, files(1)).await.assert_problem(429, "rate_limited");
}

#[tokio::test]
async fn t11_parts_are_not_signed_again_for_ever() {
    let app = start(RateLimits { per_tenant: Some(1_000_000), ..RateLimits::default() }).await;
    let film = app.announce_one(file("film", "a.mp4", "video/mp4", 20 << 20)).await;
    let count = film["part_count"].as_u64().unwrap();
    let path = format!("/api/v1/uploads/{}/parts", film["upload_id"].as_str().unwrap());
    let parts: Vec<Value> = (1..=count).map(|number| json!({"part_number": number})).collect();
    let mut signed = 0;
    let refused = loop {
        let answer = app.post(&path, json!({"parts": parts})).await;
        if answer.status != 200 {
            break answer;
        }
        signed += count;
        assert!(signed <= 1000, "signed {signed} times");
    };
    refused.assert_problem(429, "rate_limited");
    assert!(signed > 990, "{signed}");
}

/// That ann, who asks the same again and again, is told to wait after so many answers at most.
async fn refused_within(most: u32, app: &TestApp, method: Method, path: &str, body: Value) {
    for _ in 0..=most {
        let answer = app.call(method.clone(), path, &app.ann(), body.clone()).await;
        if answer.status == 429 {
            return answer.assert_problem(429, "rate_limited");
        }
    }
    panic!("{method} {path} has the bucket asked again and again");
}

#[tokio::test]
async fn t30_whoever_has_the_bucket_asked_again_and_again_is_told_to_wait() {
    let app = start(RateLimits { per_subject: Some(2), ..RateLimits::default() }).await;
    let mut announced = file("a", "a.jpg", "image/jpeg", 4096);
    announced["variants"] = json!([
        {"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150},
        {"name": "web_1920", "content_type": "image/jpeg", "size": 9000, "width": 1920, "height": 1440},
    ]);
    let upload = app.announce_one(announced).await;
    let id = upload["upload_id"].as_str().unwrap();
    let path = |rest: &str| format!("/api/v1/uploads/{id}/{rest}");
    let reported = json!({"upload_ids": [id]});
    // What is left of two files is worth a hundred questions to the bucket; three more flow in each second.
    for (method, path, body) in [
        (Method::POST, path("complete"), Value::Null),
        (Method::PATCH, format!("/api/v1/photos/{id}/status"), json!({"status": "uploaded"})),
        (Method::POST, "/api/v1/uploads/previews".to_owned(), reported),
        (Method::GET, path("parts"), Value::Null),
    ] {
        refused_within(200, &app, method, &path, body).await;
    }
}

#[tokio::test]
async fn t30_completing_a_photo_again_costs_what_is_looked_for_and_nothing_once_all_is_there() {
    let app = start(RateLimits { per_subject: Some(2), ..RateLimits::default() }).await;
    let bytes = jpeg(&PhotoSpec::default());
    let small = jpeg(&PhotoSpec { size_bytes: 900, ..PhotoSpec::default() });
    let mut announced = file_of("a", "a.jpg", &bytes);
    announced["variants"] = (1..=8)
        .map(|n| {
            json!({"name": format!("v{n}"), "content_type": "image/jpeg", "size": small.len(), "width": 200, "height": 150})
        })
        .collect();
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
    let id = upload["upload_id"].as_str().unwrap();
    let stored = json!({"status": "uploaded"});
    for (method, path, body) in [
        (Method::POST, format!("/api/v1/uploads/{id}/complete"), Value::Null),
        (Method::PATCH, format!("/api/v1/photos/{id}/status"), stored),
    ] {
        // What is left of two files is worth a hundred questions, of which each call asks eight.
        refused_within(30, &app, method, &path, body).await;
    }
    for variant in upload["variants"].as_array().unwrap() {
        assert_eq!(app.put(variant, &small).await.status(), 200);
    }
    app.clock.advance(Duration::from_secs(60));
    for _ in 0..30 {
        let photo = app.complete(&upload, Value::Null).await;
        assert_eq!(photo.status, 200, "nothing is looked for any more: {}", photo.body);
        assert_eq!(photo.body["variants"].as_object().unwrap().len(), 8);
    }
}

/// The news of each change are kept for a week: whoever had one photo and an upload link could fill the database.
#[tokio::test]
async fn t30_whoever_changes_a_caption_again_and_again_is_told_to_wait() {
    let app = start(RateLimits { per_subject: Some(2), ..RateLimits::default() }).await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    let mut changed = 0;
    let refused = loop {
        let caption = json!({"caption": format!("the north side, {changed}")});
        let answer = app.call(Method::PATCH, &path, &app.ann(), caption).await;
        if answer.status != 200 {
            break answer;
        }
        changed += 1;
        // What is left of two files is worth ten changes at the most.
        assert!(changed <= 10, "nobody is told to wait");
    };
    refused.assert_problem(429, "rate_limited");
    assert!(changed > 0);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.call(Method::PATCH, &path, &app.ann(), json!({"tags": ["roof"]})).await.status, 200);
}

#[tokio::test]
async fn t30_what_uppy_asks_for_counts_as_what_our_own_clients_ask_for() {
    let app = start(RateLimits { per_subject: Some(3), ..RateLimits::default() }).await;
    let form = "/s3/params?filename=roof.jpg&type=image%2Fjpeg&metadata%5Bproject_id%5D=job-7";
    let film = json!({"filename": "site.mp4", "type": "video/mp4", "metadata": {"project_id": "job-7"}});
    assert_eq!(app.get(form).await.status, 200);
    let opened = app.post("/s3/multipart", film.clone()).await;
    assert_eq!(opened.status, 200, "{}", opened.body);
    let path = format!("/s3/multipart/{}", opened.body["uploadId"].as_str().unwrap());
    let query = format!("key={}", opened.body["key"].as_str().unwrap());
    // What is left of three files is worth a hundred parts, one by one or together.
    let numbers = |first: u32, last: u32| (first..=last).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let batch = |first: u32, last: u32| format!("{path}/batch?{query}&partNumbers={}", numbers(first, last));
    assert_eq!(app.get(&batch(1, 99)).await.status, 200);
    assert_eq!(app.get(&format!("{path}/100?{query}")).await.status, 200);
    let complete = format!("{path}/complete?{query}");
    let parts = json!({"parts": [{"PartNumber": 1, "ETag": "\"0\""}]});
    for (method, path, body) in [
        (Method::GET, format!("{path}/101?{query}"), Value::Null),
        (Method::GET, batch(101, 102), Value::Null),
        (Method::GET, format!("{path}?{query}"), Value::Null),
        (Method::POST, complete, parts),
        (Method::GET, form.to_owned(), Value::Null),
        (Method::POST, "/s3/multipart".to_owned(), film),
    ] {
        let refused = app.call(method.clone(), &path, &app.ann(), body).await;
        refused.assert_problem(429, "rate_limited");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0, "{method} {path}");
        assert_eq!(refused.body["message"], refused.body["detail"], "Uppy shows the sentence");
    }
    let gone = app.delete(&format!("{path}?{query}")).await;
    assert_eq!(gone.status, 200, "whoever is to wait may still give up");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.get(form).await.status, 200);
}

#[tokio::test]
async fn upload_links_are_not_made_without_end() {
    let app = start(RateLimits { per_subject: Some(1), ..RateLimits::default() }).await;
    for _ in 0..10 {
        assert_eq!(app.post(LINKS, json!({})).await.status, 201);
    }
    app.post(LINKS, json!({})).await.assert_problem(429, "rate_limited");
    assert_eq!(app.get(LINKS).await.body["links"].as_array().unwrap().len(), 10, "none was recorded");
}
