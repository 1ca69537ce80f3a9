//! T8: pictures that are programs. An SVG and a page with a picture's name are refused by what they are, whatever they
//! are said to be, and nobody is ever given a URL of one.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::jobs::notice::look;
use windlass_presign_svc::ports::object_store::StoreError;

use crate::support::{TestApp, file_of, form_body};

const SVG: &str = "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"><script>alert(1)</script></svg>";
const PAGE: &str = "<!doctype html><script>alert(document.domain)</script>";
/// Larger than the smallest photo; blanks change nothing of what they are.
const SIZE: usize = 4096;

/// Ours, and those beside the checkout where they are.
fn scripts() -> Vec<(String, Vec<u8>)> {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/generated");
    let mut scripts = vec![("own.svg".to_owned(), SVG.into()), ("own.html".to_owned(), PAGE.into())];
    for name in ["svg_script.svg", "html_named.jpg"] {
        match std::fs::read(corpora.join(name)) {
            Ok(bytes) => scripts.push((name.to_owned(), bytes)),
            Err(_) => eprintln!("skipped: {name} is not beside the project"),
        }
    }
    for (_, bytes) in &mut scripts {
        let size = bytes.len().max(SIZE);
        bytes.resize(size, b' ');
    }
    scripts
}

#[tokio::test]
async fn t08_pictures_with_scripts_are_refused_as_what_they_are_and_as_what_they_claim_to_be() {
    let app = TestApp::start().await;
    for (name, bytes) in scripts() {
        for (n, said) in
            ["image/svg+xml", "text/html", "application/xhtml+xml", "text/xml"].iter().enumerate()
        {
            let mut file = file_of(&format!("{name}-{n}"), &name, &bytes);
            file["content_type"] = json!(said);
            let refused = app.announce_one(file).await;
            assert_eq!(refused["error"]["code"], "type_not_allowed", "{name} as {said}: {refused}");
        }
        for (n, said) in
            ["image/jpeg", "image/png", "image/webp", "image/heic", "image/gif"].iter().enumerate()
        {
            let what = format!("{name} as {said}");
            let mut file = file_of(&format!("{name}-as-{n}"), &name, &bytes);
            file["content_type"] = json!(said);
            let upload = app.announce_one(file).await;
            if upload["error"]["code"] == "type_not_allowed" {
                continue;
            }
            assert_eq!(app.put(&upload, &bytes).await.status(), 200, "{what}: {upload}");
            app.complete(&upload, Value::Null).await.assert_problem(422, "type_mismatch");
            let key = app.record(&upload).await.original_key();
            assert!(
                matches!(app.app.store.head(&key).await, Err(StoreError::NotFound)),
                "{what} is still there"
            );
            let photo = app.get(&format!("/api/v1/photos/{}", upload["photo_id"].as_str().unwrap())).await;
            photo.assert_problem(404, "not_found");
        }
        // By a form, of which nobody says that it has arrived.
        let signed =
            app.get(&format!("/s3/params?filename={name}&type=image/jpeg&metadata[project_id]=job-7")).await;
        let (content_type, body) = form_body(&signed.body["fields"], &bytes);
        let sent = app.http.post(signed.body["url"].as_str().unwrap()).header("content-type", content_type);
        assert_eq!(sent.body(body).send().await.unwrap().status(), 201);
        app.clock.advance(Duration::from_secs(1));
        look(&app.app).await;
    }
    let listed = app.get("/api/v1/photos?project_id=job-7&arriving=true").await.body;
    assert_eq!(listed["photos"], json!([]), "nobody is shown any of them");
    let objects = app.app.store.list("").await.unwrap();
    assert!(objects.is_empty(), "{objects:?}");
}
