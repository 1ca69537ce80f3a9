//! T20: what a client has no business to say. The name of every column, in every object of every body and in every
//! query: refused where the contract is ours, and without any effect where it is Companion's, which leaves alone
//! what it does not know.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::api::scopes::ROUTES;

use crate::complete_parts::{MIB, announce_film, film};
use crate::support::{PhotoSpec, TestApp, file, jpeg};

/// Columns of the record, and words of tokens.
const COLUMNS: &str = "id tenant tenant_id created_by version state folder key bucket multipart_id etag verified_at
    size_bytes charged_bytes deadline_at deleted_at cleanup_due_at created_at revoked_at secret_hash subject scopes";

/// Pointers to all objects in a body, itself included (RFC 6901).
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            for (name, value) in fields {
                objects(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                objects(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A file with everything in it that may be said of one.
fn whole_file() -> Value {
    let mut whole = file("b", "a.jpg", "image/jpeg", 4096);
    whole["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150}]);
    whole["metadata"] = json!({
        "display_orientation": 1,
        "taken_at": {"local": "2026-11-20T16:34:23"},
        "location": {"latitude": 47.5, "longitude": 8.5},
        "warnings": [{"code": "odd", "message": "It is odd."}]
    });
    whole
}

struct Scene {
    app: TestApp,
    photo: String,
    film: String,
    link: String,
    /// Uppy's upload, and its key.
    uppys: (String, String),
}

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let photo = text(&app.upload("a", &jpeg(&PhotoSpec::default())).await["photo_id"]);
        let film = text(&announce_film(&app, &film(6 * MIB)).await["upload_id"]);
        let made = app.post("/api/v1/projects/job-7/upload-links", json!({})).await.body;
        let opened = app.post("/s3/multipart", Self::uppys_file()).await.body;
        let uppys = (text(&opened["uploadId"]), text(&opened["key"]));
        Self { app, photo, film, link: text(&made["link"]["link_id"]), uppys }
    }

    fn uppys_file() -> Value {
        let metadata = json!({"project_id": "job-7", "name": "a.mp4"});
        json!({"filename": "a.mp4", "type": "video/mp4", "metadata": metadata})
    }

    fn path(&self, route: &str) -> String {
        let (root, upload) = match route.strip_prefix("/s3") {
            Some(_) => ("", &self.uppys.0),
            None => ("/api/v1", &self.film),
        };
        let filled = route.replace("{project_id}", "job-7").replace("{part_number}", "1");
        let filled = filled.replace("{upload_id}", upload).replace("{photo_id}", &self.photo);
        format!("{root}{}", filled.replace("{link_id}", &self.link))
    }

    /// A body a route would accept, with all that may be in it; none where the route takes none.
    fn body(&self, method: &Method, route: &str) -> Option<Value> {
        let crc = "rosUhgqZiIg=";
        Some(match (method.as_str(), route) {
            ("POST", "/uploads") => json!({"project_id": "job-7", "files": [whole_file()]}),
            ("POST", "/uploads/previews") => json!({"upload_ids": [self.film]}),
            ("POST", "/uploads/{upload_id}/parts") => json!({"parts": [{"part_number": 1, "checksum": crc}]}),
            ("POST", "/uploads/{upload_id}/pieces") => {
                json!({"piece_size": 131_072, "pieces": [{"piece_number": 1, "checksum": crc}]})
            }
            ("POST", "/uploads/{upload_id}/complete") => {
                json!({"parts": [{"part_number": 1, "etag": "\"x\""}], "checksum": crc})
            }
            ("POST", "/photos/upload-url") => json!({"project_id": "job-7", "file_name": "a.jpg",
                "file_size": 4096, "mime_type": "image/jpeg"}),
            ("POST", "/photos/urls") => json!({"photo_ids": [self.photo], "expires_in_seconds": 900}),
            ("PATCH", "/photos/{photo_id}") => json!({"caption": "x", "tags": ["roof"]}),
            ("PATCH", "/photos/{photo_id}/status") => json!({"status": "processing"}),
            ("POST", "/events/tickets") => json!({"project_id": "job-7"}),
            ("POST", "/projects/{project_id}/upload-links") => json!({"label": "Ann", "max_files": 1}),
            ("POST", "/s3/multipart") => Self::uppys_file(),
            ("POST", "/s3/multipart/{upload_id}/complete") => {
                json!({"parts": [{"PartNumber": 1, "ETag": "\"x\""}]})
            }
            _ => return None,
        })
    }
}

#[tokio::test]
async fn t20_columns_in_bodies_are_refused() {
    let scene = Scene::start().await;
    let mut asked = 0;
    for rule in ROUTES.iter().filter(|rule| !rule.path.starts_with("/s3/")) {
        let Some(body) = scene.body(&rule.method, rule.path) else {
            // What takes no body is asked for something by its path alone.
            assert!(rule.method == Method::GET || rule.method == Method::DELETE, "{}", rule.path);
            continue;
        };
        let mut places = Vec::new();
        objects(&body, "", &mut places);
        for place in places {
            for column in COLUMNS.split_whitespace() {
                let mut spoilt = body.clone();
                spoilt.pointer_mut(&place).unwrap()[column] = json!("1");
                // What is a field there (a part has an `etag`) is not the column.
                if body.pointer(&place).unwrap().get(column).is_some() {
                    continue;
                }
                let path = scene.path(rule.path);
                let answer = scene.app.call(rule.method.clone(), &path, &scene.app.ann(), spoilt).await;
                assert_eq!(answer.status, 400, "{} {path} {place} {column}: {}", rule.method, answer.body);
                asked += 1;
            }
        }
    }
    assert!(asked > 400, "{asked}");
}

#[tokio::test]
async fn t20_columns_in_queries_are_refused_or_change_nothing() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let asked = |route: &str| match route {
        "/photos" | "/events" => "project_id=job-7".to_owned(),
        _ if route.starts_with("/s3/multipart/") => {
            format!("key={}&partNumbers=1", scene.uppys.1)
        }
        _ => String::new(),
    };
    for rule in ROUTES.iter().filter(|rule| rule.method == Method::GET && rule.path != "/s3/params") {
        let path = scene.path(rule.path);
        // Those whose query is a filter: what is not known there would leave out nothing of what it should.
        let is_refused = matches!(rule.path, "/photos" | "/photos/{photo_id}" | "/events");
        for column in COLUMNS.split_whitespace() {
            let query = asked(rule.path);
            if query.starts_with("key=") && column == "key" {
                continue;
            }
            if rule.path == "/photos" && column == "created_by" {
                continue;
            }
            if is_refused {
                let answer = app.get(&format!("{path}?{query}&{column}=other")).await;
                answer.assert_problem(400, "invalid_request");
                continue;
            }
            let plain = app.get(&format!("{path}?{query}")).await;
            let answer = app.get(&format!("{path}?{query}&{column}=other")).await;
            assert_eq!(plain.status, 200, "{path}: {}", plain.body);
            assert_eq!(without_signatures(&answer.body), without_signatures(&plain.body), "{path} {column}");
        }
    }
}

/// An answer without what time and signing change in it.
fn without_signatures(answer: &Value) -> String {
    let text = answer.to_string();
    let kept =
        text.split('"').filter(|piece| !piece.contains("X-Amz-Signature") && !piece.contains("expires"));
    kept.filter(|piece| !piece.starts_with(':')).collect()
}

/// What of an upload of Uppy's nobody may choose.
async fn check_chosen_by_nobody(app: &TestApp, key: &str, what: &str) {
    let id = key.rsplit('/').nth(1).unwrap();
    let record = app.record(&json!({"upload_id": id})).await;
    let facts = record.facts();
    assert_eq!(
        (facts.tenant.to_string(), facts.project.to_string()),
        ("acme".into(), "job-7".into()),
        "{what}"
    );
    assert_eq!(facts.created_by, "ann", "{what}");
    assert!(key.starts_with("acme/job-7/") && record.original_key().as_str() == key, "{what}: {key}");
    assert!(record.object().is_none() && record.progress().deleted_at.is_none(), "{what}");
    assert!(
        facts.file.size_bytes > 1 << 20,
        "{what}: its size is not what was said aside: {}",
        facts.file.size_bytes
    );
    let age = facts.created_at - time::OffsetDateTime::now_utc();
    assert!(age.abs() < time::Duration::hours(1), "{what}");
}

#[tokio::test]
async fn t20_what_companion_leaves_alone_does_nothing() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let odd = |column: &str| if column == "size" { json!(4096) } else { json!("other") };
    for column in COLUMNS.split_whitespace().chain(["size", "project_id"]) {
        // At the top; in `metadata` these are what a page says of its file.
        let mut body = Scene::uppys_file();
        body[column] = odd(column);
        let opened = app.post("/s3/multipart", body).await;
        assert_eq!(opened.status, 200, "{column}: {}", opened.body);
        check_chosen_by_nobody(app, opened.body["key"].as_str().unwrap(), column).await;
        if column != "size" && column != "project_id" {
            let mut body = Scene::uppys_file();
            body["metadata"][column] = odd(column);
            let opened = app.post("/s3/multipart", body).await;
            assert_eq!(opened.status, 200, "{column}: {}", opened.body);
            check_chosen_by_nobody(app, opened.body["key"].as_str().unwrap(), column).await;
        }
        let form = "/s3/params?filename=a.jpg&type=image/jpeg&metadata[project_id]=job-7";
        let signed = app.get(&format!("{form}&{column}=other&metadata[{column}x]=other")).await;
        assert_eq!(signed.status, 200, "{column}: {}", signed.body);
        check_chosen_by_nobody(app, signed.body["fields"]["key"].as_str().unwrap(), column).await;
    }
}

#[tokio::test]
async fn t20_what_companion_leaves_alone_of_a_completion_does_nothing() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let (id, key) = &scene.uppys;
    let bytes = film(6 * MIB);
    let query = format!("key={key}");
    let mut parts = Vec::new();
    for (number, part) in (1..).zip(bytes.chunks(5 * MIB)) {
        let signed = app.get(&format!("/s3/multipart/{id}/{number}?{query}")).await.body;
        let put = app.http.put(signed["url"].as_str().unwrap()).body(part.to_vec()).send().await.unwrap();
        let mut sent = json!({"PartNumber": number, "ETag": put.headers()["etag"].to_str().unwrap()});
        for column in COLUMNS.split_whitespace().chain(["size", "Size", "Key"]) {
            sent[column] = json!("other");
        }
        parts.push(sent);
    }
    let mut body = json!({"parts": parts});
    for column in COLUMNS.split_whitespace().chain(["size", "location", "project_id"]) {
        body[column] = json!("other");
    }
    let done = app.post(&format!("/s3/multipart/{id}/complete?{query}&tenant=other&size=1"), body).await;
    assert_eq!((done.status, done.body["key"].as_str()), (200, Some(key.as_str())), "{}", done.body);
    let photo = app.get(&format!("/api/v1/photos/{id}")).await.body;
    assert_eq!(
        (photo["size"].as_u64(), photo["created_by"].as_str()),
        (Some(6 << 20), Some("ann")),
        "{photo}"
    );
    assert_eq!(photo["project_id"], "job-7", "{photo}");
}
