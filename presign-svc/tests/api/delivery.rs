//! Photos by other ways than the bucket's signed URLs.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use windlass_presign_svc::config::DeliveryOptions;

use crate::support::{PhotoSpec, TestApp, TestOptions, file, jpeg};

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
async fn a_page_of_pictures_shares_one_cloudfront_signature_and_documents_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let private = p256::SecretKey::random(&mut rsa::rand_core::OsRng);
    let key_file = folder.path().join("key.pem");
    std::fs::write(&key_file, private.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let delivery = DeliveryOptions {
        cloudfront_url: Some(BASE.parse().unwrap()),
        cloudfront_key_pair_id: Some("K2JCJMDEHXQW5F".to_owned()),
        cloudfront_private_key_file: Some(key_file),
        ..DeliveryOptions::default()
    };
    let (app, photos) = with(delivery).await;
    let (pictures, document) = urls(&photos);
    assert_is_a_signed_download(&app, document).await;
    let queries: BTreeSet<&str> = pictures.iter().map(|url| url.split_once('?').unwrap().1).collect();
    assert_eq!(queries.len(), 1, "{pictures:?}");

    let query = queries.first().unwrap();
    let part = |name: &str| {
        let value = query.split('&').find_map(|part| part.strip_prefix(name)).unwrap();
        STANDARD.decode(value.replace('-', "+").replace('_', "=").replace('~', "/")).unwrap()
    };
    let policy = part("Policy=");
    let signature = p256::ecdsa::Signature::from_der(&part("Signature=")).unwrap();
    let public = p256::ecdsa::VerifyingKey::from(private.public_key());
    public.verify_prehash(&Sha1::digest(&policy), &signature).unwrap();
    let statement = &serde_json::from_slice::<Value>(&policy).unwrap()["Statement"][0];
    assert_eq!(statement["Resource"], json!(format!("{BASE}/acme/job-7/*")));
    let ends = statement["Condition"]["DateLessThan"]["AWS:EpochTime"].as_i64().unwrap();
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
