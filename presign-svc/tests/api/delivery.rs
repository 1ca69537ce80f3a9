//! Photos by other ways than the bucket's signed URLs.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use tempfile::NamedTempFile;
use windlass_presign_svc::config::DeliveryOptions;
use windlass_presign_svc::delivery::Wildcard;

use crate::support::{PhotoSpec, TestApp, TestOptions, file, file_of, jpeg};

const BASE: &str = "https://d111.cloudfront.net";

/// A service with two photos and a document in `job-7`.
async fn with(delivery: DeliveryOptions) -> (TestApp, Vec<Value>) {
    let app = TestApp::start_with(TestOptions { delivery, ..TestOptions::default() }).await;
    for (name, camera) in [("a.jpg", "A"), ("b.jpg", "B")] {
        app.upload(name, &jpeg(&PhotoSpec { make: camera, ..PhotoSpec::default() })).await;
    }
    let pdf = b"%PDF-1.7\n1 0 obj <<>> endobj\n%%EOF".to_vec();
    let plan = app.announce_one(file("plan", "plan.pdf", "application/pdf", pdf.len() as u64)).await;
    app.put(&plan, &pdf).await;
    assert_eq!(app.complete(&plan, Value::Null).await.status, 200);
    let listed = app.get("/api/v1/photos?project_id=job-7").await.body;
    let photos = listed["photos"].as_array().unwrap().clone();
    assert_eq!(photos.len(), 3);
    (app, photos)
}

/// The URLs of pictures, and that of the document.
fn urls(photos: &[Value]) -> (Vec<&str>, &str) {
    let of = |kind: &str| {
        let found = photos.iter().filter(|photo| photo["kind"] == kind);
        found.map(|photo| photo["url"].as_str().unwrap()).collect::<Vec<_>>()
    };
    (of("photo"), of("document")[0])
}

/// A document comes from the bucket, signed, as a download of its verified type.
async fn assert_is_a_signed_download(app: &TestApp, url: &str) {
    assert!(url.contains("X-Amz-Signature="), "{url}");
    let answer = app.http.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
}

#[tokio::test]
async fn pictures_below_a_public_prefix_have_addresses_without_a_signature() {
    let public_prefixes = vec!["acme/job-7/".parse().unwrap()];
    let delivery = DeliveryOptions { public_prefixes, ..DeliveryOptions::default() };
    let (app, photos) = with(delivery.clone()).await;
    let (pictures, document) = urls(&photos);
    for url in pictures {
        assert!(url.contains("/photos/acme/job-7/") && !url.contains('?'), "{url}");
    }
    assert_is_a_signed_download(&app, document).await;

    let delivery = DeliveryOptions { public_url: Some("https://img.example/".parse().unwrap()), ..delivery };
    let (_, photos) = with(delivery).await;
    for url in urls(&photos).0 {
        assert!(
            url.starts_with("https://img.example/acme/job-7/") && url.ends_with("/original.jpg"),
            "{url}"
        );
    }
    let elsewhere = vec!["acme/job-77/".parse().unwrap()];
    let (_, photos) =
        with(DeliveryOptions { public_prefixes: elsewhere, ..DeliveryOptions::default() }).await;
    for url in urls(&photos).0 {
        assert!(url.contains("X-Amz-Signature="), "{url}");
    }
}

#[tokio::test]
async fn credentials_that_never_come_are_waited_for_a_moment_and_missed_only_where_they_are_needed() {
    let public_prefixes = vec!["acme/job-7/".parse().unwrap()];
    let (app, photos) = with(DeliveryOptions { public_prefixes, ..DeliveryOptions::default() }).await;
    // Those that were shown as they are need no credentials for a while.
    for photo in &photos {
        let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
        let changed = app.call(Method::PATCH, &path, &app.ann(), json!({"caption": "changed"})).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
    }
    app.store.cannot_sign_gets.store(true, SeqCst);
    let (pictures, documents) = tokio::join!(
        app.get("/api/v1/photos?project_id=job-7&kind=photo"),
        app.get("/api/v1/photos?project_id=job-7&kind=document"),
    );
    // A request that waited for them to its end would be refused as a whole.
    assert_eq!((pictures.status, pictures.body["photos"].as_array().unwrap().len()), (200, 2));
    assert_eq!((documents.status, &documents.body["code"]), (503, &json!("store_unavailable")));
}

/// CloudFront in front of the bucket, as far as whoever has one of its URLs can tell.
struct Distribution {
    public: VerifyingKey,
    key_file: NamedTempFile,
}

impl Distribution {
    fn new() -> Self {
        let private = p256::SecretKey::random(&mut rsa::rand_core::OsRng);
        let key_file = NamedTempFile::new().unwrap();
        std::fs::write(&key_file, private.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        Self { public: private.public_key().into(), key_file }
    }

    fn options(&self, cloudfront_wildcard: Wildcard) -> DeliveryOptions {
        DeliveryOptions {
            cloudfront_url: Some(BASE.parse().unwrap()),
            cloudfront_key_pair_id: Some("K2JCJMDEHXQW5F".to_owned()),
            cloudfront_private_key_file: Some(self.key_file.path().to_owned()),
            cloudfront_wildcard,
            ..DeliveryOptions::default()
        }
    }

    /// The resource of the policy in a URL's query, and when it ends; its signature is right.
    fn policy(&self, query: &str) -> (String, i64) {
        let part = |name: &str| {
            let value = query.split('&').find_map(|part| part.strip_prefix(name)).unwrap();
            STANDARD.decode(value.replace('-', "+").replace('_', "=").replace('~', "/")).unwrap()
        };
        let policy = part("Policy=");
        let signature = p256::ecdsa::Signature::from_der(&part("Signature=")).unwrap();
        self.public.verify_prehash(&Sha1::digest(&policy), &signature).unwrap();
        let statement = &serde_json::from_slice::<Value>(&policy).unwrap()["Statement"][0];
        let ends = statement["Condition"]["DateLessThan"]["AWS:EpochTime"].as_i64().unwrap();
        (statement["Resource"].as_str().unwrap().to_owned(), ends)
    }

    /// Whether it hands out what is at an address to somebody with this query.
    fn opens(&self, address: &str, query: &str) -> bool {
        let (resource, _) = self.policy(query);
        resource.strip_suffix('*').map_or(address == resource, |beginning| address.starts_with(beginning))
    }
}

/// Each URL of CloudFront in an answer, as its address and its query.
fn by_cloudfront(answer: &Value, found: &mut Vec<(String, String)>) {
    match answer {
        Value::String(text) if text.starts_with(BASE) => {
            let (address, query) = text.split_once('?').unwrap();
            found.push((address.to_owned(), query.to_owned()));
        }
        Value::Array(some) => some.iter().for_each(|one| by_cloudfront(one, found)),
        Value::Object(some) => some.values().for_each(|one| by_cloudfront(one, found)),
        _ => {}
    }
}

#[tokio::test]
async fn where_it_is_configured_so_a_page_of_pictures_shares_one_cloudfront_signature_and_documents_have_none()
 {
    let distribution = Distribution::new();
    let (app, photos) = with(distribution.options(Wildcard::Project)).await;
    let (pictures, document) = urls(&photos);
    assert_is_a_signed_download(&app, document).await;
    let queries: BTreeSet<&str> = pictures.iter().map(|url| url.split_once('?').unwrap().1).collect();
    assert_eq!(queries.len(), 1, "{pictures:?}");
    let (resource, _) = distribution.policy(queries.first().unwrap());
    assert_eq!(resource, format!("{BASE}/acme/job-7/*"));
}

#[tokio::test]
async fn a_cloudfront_url_is_the_same_in_its_window_and_ends_when_it_says() {
    let distribution = Distribution::new();
    let (app, photos) = with(distribution.options(Wildcard::Photo)).await;
    let (pictures, document) = urls(&photos);
    assert_is_a_signed_download(&app, document).await;
    let (_, ends) = distribution.policy(pictures[0].split_once('?').unwrap().1);
    let told = photos[0]["url_expires_at"].as_str().unwrap();
    let told = time::OffsetDateTime::parse(told, &time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!(ends, told.unix_timestamp());
    let wanted: Vec<&Value> = photos.iter().map(|photo| &photo["photo_id"]).collect();
    let again = app.post("/api/v1/photos/urls", json!({"photo_ids": wanted})).await.body;
    let again = again["photos"].as_array().unwrap();
    let (pictures_again, document_again) = {
        let url = |photo: &Value| {
            let id = &photo["photo_id"];
            let found = again.iter().find(|asked| asked["photo_id"] == *id).unwrap();
            found["url"].as_str().unwrap().to_owned()
        };
        let of =
            |kind: &str| photos.iter().filter(|photo| photo["kind"] == kind).map(url).collect::<Vec<_>>();
        (of("photo"), of("document").remove(0))
    };
    assert_eq!(pictures_again, pictures, "the same for as long as their window is");
    assert!(document_again.contains("X-Amz-Signature="), "{document_again}");
}

/// Keys can be guessed by whoever sees the list: the date, the photo's id and the type are in it.
#[tokio::test]
async fn no_cloudfront_url_opens_what_nobody_is_given_a_url_of() {
    let distribution = Distribution::new();
    let (app, photos) = with(distribution.options(Wildcard::Photo)).await;
    let small = jpeg(&PhotoSpec { size_bytes: 900, ..PhotoSpec::default() });
    let bytes = jpeg(&PhotoSpec::default());
    let pdf = b"%PDF-1.7\n1 0 obj <<>> endobj\n%%EOF with a cover".to_vec();
    let announce = async |name: &str, mut announced: Value| {
        announced["variants"] = json!(["thumb_200", "web_1920"].map(|size| json!(
            {"name": size, "content_type": "image/jpeg", "size": small.len(), "width": 200, "height": 150}
        )));
        let upload = app.announce_one(announced).await;
        assert_eq!(app.put(&upload["variants"][0], &small).await.status(), 200, "{name}");
        upload
    };
    let whole = announce("whole", file_of("whole", "whole.jpg", &bytes)).await;
    let lacking = announce("lacking", file_of("lacking", "lacking.jpg", &bytes)).await;
    let covered = announce("covered", file("covered", "c.pdf", "application/pdf", pdf.len() as u64)).await;
    let arriving = announce("arriving", file_of("arriving", "arriving.jpg", &bytes)).await;
    for upload in [&whole, &covered] {
        assert_eq!(app.put(&upload["variants"][1], &small).await.status(), 200);
    }
    for (upload, bytes) in [(&whole, &bytes), (&lacking, &bytes), (&covered, &pdf)] {
        assert_eq!(app.put(upload, bytes).await.status(), 200);
        assert_eq!(app.complete(upload, Value::Null).await.status, 200);
    }
    let seen = json!({"upload_ids": [arriving["upload_id"]]});
    assert_eq!(app.post("/api/v1/uploads/previews", seen).await.status, 200);
    let dangerous = announce("dangerous", file_of("dangerous", "dangerous.jpg", &bytes)).await;
    app.put(&dangerous["variants"][1], &small).await;
    app.put(&dangerous, &bytes).await;
    assert_eq!(app.complete(&dangerous, Value::Null).await.status, 200);
    let path = format!("/api/v1/photos/{}/status", dangerous["photo_id"].as_str().unwrap());
    let verdict = json!({"status": "quarantined"});
    assert_eq!(app.call(Method::PATCH, &path, &app.ann(), verdict).await.status, 200);

    let mut given = Vec::new();
    by_cloudfront(&app.get("/api/v1/photos?project_id=job-7&arriving=true").await.body, &mut given);
    let wanted: Vec<&Value> = photos
        .iter()
        .chain([&whole, &lacking, &covered, &dangerous])
        .map(|photo| &photo["photo_id"])
        .collect();
    by_cloudfront(&app.post("/api/v1/photos/urls", json!({"photo_ids": wanted})).await.body, &mut given);
    for (address, query) in &given {
        assert!(distribution.opens(address, query), "{address} is not opened by its own query");
    }
    let of_whole: BTreeSet<_> = given.iter().filter(|(address, _)| address.contains(id_of(&whole))).collect();
    assert_eq!(of_whole.len(), 3);
    let signatures: BTreeSet<_> = of_whole.iter().map(|(_, query)| query).collect();
    assert_eq!(signatures.len(), 1, "one signature does for a photo with its sizes");

    let mut closed = Vec::new();
    for (upload, names) in [
        (&dangerous, &["original.jpg", "thumb_200.jpg", "web_1920.jpg"][..]),
        (&arriving, &["original.jpg", "web_1920.jpg"]),
        (&lacking, &["web_1920.jpg"]),
        (&covered, &["original.pdf"]),
    ] {
        let folder = app.record(upload).await.facts().folder.clone();
        closed.extend(names.iter().map(|name| format!("{BASE}/{}/{name}", folder.as_str())));
    }
    for (address, query) in &given {
        for closed in &closed {
            assert!(!distribution.opens(closed, query), "the query of {address} opens {closed}");
        }
    }
}

fn id_of(upload: &Value) -> &str {
    upload["photo_id"].as_str().unwrap()
}

/// A page may fetch photos from wherever they are.
#[tokio::test]
async fn the_demo_pages_policy_names_every_origin_that_photos_come_from() {
    let delivery = DeliveryOptions {
        public_prefixes: vec!["acme/showcase/".parse().unwrap()],
        public_url: Some("https://img.example/photos/".parse().unwrap()),
        ..DeliveryOptions::default()
    };
    let app = TestApp::start_with(TestOptions { delivery, ..TestOptions::default() }).await;
    let policy = windlass_presign_svc::api::demo::policy(&app.app);
    for directive in ["connect-src", "img-src", "media-src"] {
        let sources = policy.split("; ").find(|sources| sources.starts_with(directive)).unwrap();
        for origin in ["https://img.example", &app.app.store.browser_origin()] {
            assert!(sources.split(' ').any(|source| source == origin), "{sources}");
        }
    }
}
