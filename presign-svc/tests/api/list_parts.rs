//! `GET /api/v1/uploads/{upload_id}/parts`.

use serde_json::json;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{TestApp, crc64nvme, file};

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
