//! Threats of the service, each test named after its row; `tests/THREATS.md` lists them all.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::api::scopes::ROUTES;
use windlass_presign_svc::auth::Scope;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::inside::check_says_nothing_of_it;
use crate::naughty::{Writer, strings};
use crate::support::{Answer, PhotoSpec, TestApp, crc64nvme, file, file_of, jpeg};

const NOBODYS: &str = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";

/// A body a route would accept.
fn body_for(method: &Method, path: &str) -> Value {
    let is = |end: &str| path.ends_with(end);
    match *method {
        Method::PATCH if is("/status") => json!({"status": "processing"}),
        Method::PATCH => json!({"caption": "x"}),
        Method::POST if is("/parts") => json!({"parts": [{"part_number": 1}]}),
        Method::POST if is("/pieces") => {
            let piece = json!({"piece_number": 1, "checksum": "rosUhgqZiIg="});
            json!({"piece_size": 131_072, "pieces": [piece]})
        }
        Method::POST if is("/complete") || is("/upload-links") => json!({}),
        _ => Value::Null,
    }
}

/// Where a route of the table is.
fn at(path: &str) -> String {
    if path.starts_with("/s3/") { path.to_owned() } else { format!("/api/v1{path}") }
}

/// Every route of the table with an id in it.
fn routes_with(name: &str) -> Vec<(Method, &'static str)> {
    ROUTES
        .iter()
        .filter(|rule| rule.path.contains(name))
        .map(|rule| (rule.method.clone(), rule.path))
        .collect()
}

#[tokio::test]
async fn t01_every_route_answers_a_foreign_id_as_if_it_were_nobodys() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let pending = announce_film(&app, &film(6 * MIB)).await;
    let link = app.post("/api/v1/projects/job-7/upload-links", json!({})).await.body;
    let real =
        [&photo["photo_id"], &pending["upload_id"], &link["link"]["link_id"]].map(|id| id.as_str().unwrap());
    let (mut tried, mut refused) = (0, Vec::new());
    for (tenant, project) in [("other", "*"), ("other", "job-7"), ("acme", "job-8")] {
        let token = app.token(tenant, &[project], &Scope::ALL);
        let ask = async |method: &Method, path: &str, id: &str| {
            let named = ["{upload_id}", "{photo_id}", "{link_id}"]
                .iter()
                .fold(path.replace("{project_id}", "job-7"), |path, name| path.replace(name, id));
            let path = at(&named.replace("{part_number}", "1"));
            let mut answer = app.call(method.clone(), &path, &token, body_for(method, &path)).await;
            answer.assert_problem(404, "not_found");
            answer.body["request_id"] = Value::Null;
            answer.body.to_string()
        };
        for name in ["{upload_id}", "{photo_id}", "{link_id}"] {
            for (method, path) in routes_with(name) {
                let nobodys = ask(&method, path, NOBODYS).await;
                for id in real {
                    assert_eq!(ask(&method, path, id).await, nobodys, "{method} {path}");
                    tried += 1;
                }
            }
        }
        // What is made in a project, or asked of one, by whoever has no part in it: whether the project is there or not.
        if tenant == "acme" {
            for project in ["job-7", "job-that-never-was"] {
                let body = json!({"project_id": project, "files": [file("b", "a.jpg", "image/jpeg", 4096)]});
                let one = json!({"project_id": project, "file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"});
                let uppys =
                    json!({"filename": "a.mp4", "type": "video/mp4", "metadata": {"project_id": project}});
                let params =
                    format!("/s3/params?filename=a.jpg&type=image/jpeg&metadata[project_id]={project}");
                let links = format!("/api/v1/projects/{project}/upload-links");
                for (method, path, body) in [
                    (Method::POST, links.clone(), json!({})),
                    (Method::POST, links.clone(), json!({"label": "mine", "max_files": 1})),
                    (Method::GET, links, Value::Null),
                    (Method::POST, "/api/v1/uploads".to_owned(), body),
                    (Method::POST, "/api/v1/photos/upload-url".to_owned(), one),
                    (Method::GET, format!("/api/v1/photos?project_id={project}"), Value::Null),
                    (Method::GET, format!("/api/v1/events?project_id={project}"), Value::Null),
                    (Method::POST, "/api/v1/events/tickets".to_owned(), json!({"project_id": project})),
                    (Method::POST, "/s3/multipart".to_owned(), uppys),
                    (Method::GET, params, Value::Null),
                ] {
                    let answer = app.call(method.clone(), &path, &token, body).await;
                    assert!(
                        [403, 404].contains(&answer.status),
                        "{method} {path}: {} {}",
                        answer.status,
                        answer.body
                    );
                    refused.push((
                        method,
                        path.replace(project, ""),
                        answer.status,
                        answer.body["detail"].clone(),
                    ));
                }
            }
            let (there, nowhere) = refused.split_at(refused.len() / 2);
            assert_eq!(there, nowhere, "a project that is there is refused like one that is not");
        }
        let urls = json!({"photo_ids": real});
        let answer = app.call(Method::POST, "/api/v1/photos/urls", &token, urls).await;
        assert!(!answer.body.to_string().contains("http"), "{}", answer.body);
    }
    assert!(tried >= 3 * 3 * 10, "{tried}");
    assert_eq!(app.get(&format!("/api/v1/photos/{}", real[0])).await.body, {
        let mut same = photo.clone();
        same["url"] = app.get(&format!("/api/v1/photos/{}", real[0])).await.body["url"].clone();
        same
    });
    assert_eq!(app.get(pending["status_url"].as_str().unwrap()).await.body["status"], "pending_upload");
    let links = app.get("/api/v1/projects/job-7/upload-links").await.body;
    assert_eq!(links["links"].as_array().unwrap().len(), 1, "nobody else made one: {links}");
}

#[tokio::test]
async fn t02_ids_of_two_uploads_do_not_mix() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let one = announce_film(&app, &bytes).await;
    let other = app.announce_one(file("other", "b.mp4", "video/mp4", bytes.len() as u64)).await;
    let parts = send_parts(&app, &one, &bytes, &[1, 2]).await;
    app.complete(&other, json!({"parts": parts})).await.assert_problem(409, "parts_missing");
    assert_eq!(app.complete(&one, json!({"parts": parts})).await.status, 200);
}

#[tokio::test]
async fn t03_naughty_strings_are_names_and_nothing_else() {
    let app = TestApp::start().await;
    let names = strings();
    let mut accepted = 0;
    for (batch, names) in names.chunks(50).enumerate() {
        let files: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(n, name)| file(&format!("{batch}-{n}"), name, "image/jpeg", 4096))
            .collect();
        for (entry, name) in app.announce(json!(files)).await.iter().zip(names) {
            if entry.get("error").is_some() {
                assert_eq!(entry["error"]["code"], "invalid_request", "{name:?}");
                continue;
            }
            accepted += 1;
            let upload = app.record(entry).await;
            let key = upload.original_key();
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"./_-=".contains(&b);
            assert!(key.as_str().starts_with("acme/job-7/") && key.as_str().bytes().all(is_plain), "{key}");
            assert!(!key.as_str().contains(".."), "{key}");
            let kept = upload.facts().file.filename.to_string();
            assert!(kept.len() <= 255 && !kept.chars().any(char::is_control), "{kept:?}");
        }
    }
    assert!(accepted * 10 >= names.len() * 9, "{accepted} of {}", names.len());
    let bytes = jpeg(&PhotoSpec::default());
    for (n, name) in strings().iter().take(10).enumerate() {
        let upload = app.announce_one(file_of(&format!("sent-{n}"), name, &bytes)).await;
        assert_eq!(app.put(&upload, &bytes).await.status(), 200);
        let photo = app.complete(&upload, Value::Null).await.body;
        let fetched = app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
        let headers = fetched.headers();
        assert_eq!(
            (headers.get("set-cookie"), &headers["content-type"]),
            (None, &"image/jpeg".parse().unwrap())
        );
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert_eq!(disposition.matches('"').count(), 2, "one name, whatever it holds: {disposition}");
    }
    for project in names.iter().filter(|name| name.parse::<windlass_protocol::ProjectId>().is_err()) {
        let files = json!([file("p", "a.jpg", "image/jpeg", 4096)]);
        let answer = app.post("/api/v1/uploads", json!({"project_id": project, "files": files})).await;
        assert!((400..404).contains(&answer.status), "{project:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn t03_naughty_strings_are_captions_tags_labels_and_reasons_as_they_were_written() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let (service, token) = (app.url(""), app.ann());
    let writer = Writer { http: &app.http, service: &service, token: &token };
    writer.writes(photo["photo_id"].as_str().unwrap()).await;
}

#[tokio::test]
async fn t03_naughty_strings_are_searched_for_and_announced_like_any_other() {
    let app = TestApp::start().await;
    app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let (service, token) = (app.url(""), app.ann());
    let writer = Writer { http: &app.http, service: &service, token: &token };
    writer.announces().await;
    writer.searches().await;
}

#[tokio::test]
async fn t14_a_signed_url_is_good_for_nothing_else() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of("a", "a.jpg", &bytes);
    announced["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(announced).await;
    let url = upload["url"].as_str().unwrap();
    let put =
        async |url: &str, method: Method, change: &dyn Fn(&str, &str) -> Option<String>, body: &[u8]| {
            let mut request = app.http.request(method, url).body(body.to_vec());
            for (name, value) in
                upload["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length")
            {
                if let Some(value) = change(name, value.as_str().unwrap()) {
                    request = request.header(name, value);
                }
            }
            request.send().await.unwrap().status().as_u16()
        };
    let same = |_: &str, value: &str| Some(value.to_owned());
    let (place, query) = url.split_once('?').unwrap();
    let mut spoilt = vec![
        format!("{place}x?{query}"),
        format!("{}?{query}", place.replace("acme", "other")),
        format!("{}?{query}", place.replace("job-7", "job-8")),
        // The same machine by another name: the host is signed, too.
        url.replacen("127.0.0.1", "localhost", 1),
        place.to_owned(),
        format!("{url}&x-id=PutObject"),
    ];
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        spoilt.push(url.replace(pair, &format!("{name}={}", value.replace(['1', 'a', '0'], "2"))));
        spoilt.push(url.replace(pair, ""));
    }
    for url in spoilt.iter().filter(|spoilt| *spoilt != url) {
        let status = put(url, Method::PUT, &same, &bytes).await;
        assert!((400..500).contains(&status), "{status} {}", url.split('?').next().unwrap());
    }
    for method in [Method::DELETE, Method::GET, Method::POST, Method::HEAD] {
        assert!(put(url, method.clone(), &same, &[]).await >= 400, "{method}");
    }
    let as_html =
        |name: &str, value: &str| Some(if name == "content-type" { "text/html" } else { value }.to_owned());
    assert_eq!(put(url, Method::PUT, &as_html, &bytes).await, 403);
    let without = |name: &str, value: &str| (name != "if-none-match").then(|| value.to_owned());
    assert_eq!(put(url, Method::PUT, &without, &bytes).await, 403);
    // Other bytes of the same length, under the checksum that was signed, under their own, and under none.
    let mut other = bytes.clone();
    other[5000] ^= 1;
    let own_checksum = |name: &str, value: &str| {
        Some(if name == "x-amz-checksum-crc64nvme" { crc64nvme(&other) } else { value.to_owned() })
    };
    let no_checksum =
        |name: &str, value: &str| (!name.starts_with("x-amz-checksum")).then(|| value.to_owned());
    assert_eq!(put(url, Method::PUT, &same, &other).await, 400, "the store compares them");
    assert_eq!(put(url, Method::PUT, &own_checksum, &other).await, 403);
    assert_eq!(put(url, Method::PUT, &no_checksum, &other).await, 403);
    assert_eq!(put(url, Method::PUT, &no_checksum, &bytes).await, 403);
    let longer = [&bytes[..], b"x"].concat();
    assert!(put(url, Method::PUT, &same, &longer).await >= 400);
    assert!(put(url, Method::PUT, &same, &bytes[1..]).await >= 400);
    assert_eq!(put(url, Method::PUT, &same, &bytes).await, 200, "as it was signed it works");
    assert_eq!(put(url, Method::PUT, &same, &bytes).await, 412, "once");
}

#[tokio::test]
async fn t31_deep_and_packed_bodies_are_refused_on_every_route() {
    let app = TestApp::start().await;
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_object = format!("{}1{}", "{\"files\":".repeat(6_000), "}".repeat(6_000));
    for rule in ROUTES.iter().filter(|rule| rule.method == Method::POST || rule.method == Method::PATCH) {
        let path = ["{upload_id}", "{photo_id}", "{link_id}"]
            .iter()
            .fold(rule.path.replace("{project_id}", "job-7"), |path, name| path.replace(name, NOBODYS));
        let send = |body: Vec<u8>, encoding: &'static str| {
            let request = app.http.request(rule.method.clone(), app.url(&at(&path)));
            let request = request.bearer_auth(app.ann()).header("content-type", "application/json");
            request.header("content-encoding", encoding).body(body).send()
        };
        for body in [deep.clone(), deep_object.clone(), format!("{{\"project_id\":{deep}}}")] {
            let status = send(body.into_bytes(), "identity").await.unwrap().status().as_u16();
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        // The head of a gzip stream: nobody unpacks it.
        let packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48];
        let status = send(packed, "gzip").await.unwrap().status().as_u16();
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    assert_eq!(app.get("/api/v1/me").await.status, 200);
}

/// A packed body that is whole, and that the route would take unpacked.
#[tokio::test]
async fn t31_a_packed_body_is_not_unpacked() {
    const BODY: &[u8] = br#"{"project_id":"job-7"}"#;
    // The head of a gzip stream and of one stored block; its sum and its length.
    let packed = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x16\0\xe9\xff", BODY, b"\x36\x56\x61\x3f\x16\0\0\0"];
    let app = TestApp::start().await;
    let send = async |body: Vec<u8>, encoding: &str| {
        let request = app.http.post(app.url("/api/v1/events/tickets")).bearer_auth(app.ann());
        let request = request.header("content-type", "application/json").header("content-encoding", encoding);
        request.body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(BODY.into(), "identity").await, 201);
    let status = send(packed.concat(), "gzip").await;
    assert!((400..500).contains(&status), "{status}");
}

#[tokio::test]
async fn t45_errors_say_nothing_of_the_inside() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    let id = upload["upload_id"].as_str().unwrap();
    let mut answers: Vec<Answer> = Vec::new();
    for odd in ["'", "%27%20OR%201=1", "..%2f..%2f", "%00", &"9".repeat(5000), "0192f0c1"] {
        answers.push(app.get(&format!("/api/v1/uploads/{odd}")).await);
        answers.push(app.get(&format!("/api/v1/photos?project_id=job-7&cursor={odd}")).await);
        answers.push(app.get(&format!("/api/v1/photos?project_id={odd}")).await);
        answers.push(app.post(&format!("/api/v1/projects/{odd}/upload-links"), json!({})).await);
    }
    app.store.is_down.store(true, Ordering::SeqCst);
    answers.push(app.post(&format!("/api/v1/uploads/{id}/complete"), Value::Null).await);
    answers.push(app.get("/readyz").await);
    for answer in answers {
        let text = answer.body.to_string();
        assert!(answer.status >= 400, "{text}");
        check_says_nothing_of_it(&text);
    }
}
