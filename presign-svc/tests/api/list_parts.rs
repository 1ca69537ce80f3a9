//! `GET /api/v1/uploads/{upload_id}/parts`.

use futures::StreamExt as _;
use serde_json::json;
use time::OffsetDateTime;
use windlass_presign_svc::domain::limits::Limits;
use windlass_presign_svc::ports::object_store::PartToSign;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{TestApp, TestOptions, crc64nvme, file, settings};

/// A store lists a thousand parts at a time.
const MORE_THAN_A_PAGE: u32 = 1_005;

#[tokio::test]
async fn the_stores_own_list_is_answered() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    let path = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.body, json!({"parts": []}));
    let sent = send_parts(&app, &upload, &bytes, &[3, 1]).await;
    let listed = app.get(&path).await.body["parts"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["part_number"], &listed[1]["part_number"]), (&json!(1), &json!(3)));
    assert_eq!((&listed[0]["etag"], &listed[0]["size"]), (&sent[1]["etag"], &json!(5 * MIB)));
    assert_eq!(listed[1]["checksum"], crc64nvme(&bytes[10 * MIB..]));
}

#[tokio::test]
async fn a_single_put_has_no_parts_and_a_closed_upload_no_list() {
    let app = TestApp::start().await;
    let upload = app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    let path = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.body, json!({"parts": []}));
    app.delete(upload["status_url"].as_str().unwrap()).await;
    app.get(&path).await.assert_problem(409, "upload_closed");
}

/// A client that were told of the first thousand alone would send the others again.
#[tokio::test]
async fn f38_who_comes_back_is_told_of_all_parts_however_many_listings_of_the_store_that_takes() {
    let mut settings = settings();
    settings.limits = Limits { video: Some(1..=16 << 30), ..settings.limits };
    let app = TestApp::start_with(TestOptions { settings, ..TestOptions::default() }).await;
    let size = u64::from(MORE_THAN_A_PAGE + 10) * (5 * MIB) as u64;
    let upload = app.announce_one(file("film", "site.mp4", "video/mp4", size)).await;
    let record = app.record(&upload).await;
    let multipart = record.progress().multipart.clone().unwrap();
    // Small ones: which are there is asked, and not what is in them.
    let parts: Vec<PartToSign> = (1..=MORE_THAN_A_PAGE)
        .map(|number| PartToSign {
            part_number: number.try_into().unwrap(),
            size_bytes: Some(64),
            checksum: None,
        })
        .collect();
    let window = app.app.settings.put_window(OffsetDateTime::now_utc());
    let signed = app.app.store.sign_parts(&record.original_key(), &multipart, &parts, window).await.unwrap();
    let sent = signed.iter().map(|signed| async {
        let put = app.put(&json!({"url": signed.url, "headers": signed.headers}), &[7; 64]).await;
        assert_eq!(put.status(), 200);
    });
    futures::stream::iter(sent).buffer_unordered(16).collect::<Vec<()>>().await;

    let again = app.announce_one(file("film", "site.mp4", "video/mp4", size)).await;
    assert_eq!(again["upload_id"], upload["upload_id"]);
    let path = format!("/api/v1/uploads/{}/parts", again["upload_id"].as_str().unwrap());
    let listed = app.get(&path).await.body;
    let numbers =
        listed["parts"].as_array().unwrap().iter().map(|part| part["part_number"].as_u64().unwrap());
    assert!(
        numbers.eq(1..=u64::from(MORE_THAN_A_PAGE)),
        "{} parts",
        listed["parts"].as_array().unwrap().len()
    );
}
