//! `POST /api/v1/uploads/{upload_id}/parts`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::complete_parts::{MIB, announce_film, film};
use crate::support::{TestApp, crc64nvme, file};

fn path(upload: &Value) -> String {
    format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap())
}

#[tokio::test]
async fn a_part_url_takes_only_its_part() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    let last = &bytes[5 * MIB..];
    let wanted = json!({"parts": [{"part_number": 2, "checksum": crc64nvme(last)}, {"part_number": 1}]});
    let signed = app.post(&path(&upload), wanted).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    let parts = &signed.body["parts"];
    assert_eq!((&parts[0]["part_number"], &parts[0]["size"]), (&json!(2), &json!(MIB)));
    let mut flipped = last.to_vec();
    flipped[0] ^= 1;
    assert_eq!(app.put(&parts[0], &flipped).await.status(), 400);
    assert_eq!(app.put(&parts[0], &last[1..]).await.status(), 403);
    assert_eq!(app.put(&parts[0], last).await.status(), 200);
    assert_eq!(app.put(&parts[1], &bytes[..5 * MIB]).await.status(), 200);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
}

#[tokio::test]
async fn only_parts_of_the_plan_are_signed_each_once() {
    let app = TestApp::start().await;
    let upload = announce_film(&app, &film(6 * MIB)).await;
    let thousand_and_one: Vec<Value> = (1..=1001).map(|n| json!({"part_number": n})).collect();
    for (parts, field) in [
        (json!([{"part_number": 0}]), "parts[0].part_number"),
        (json!([{"part_number": 10_001}]), "parts[0].part_number"),
        (json!([{"part_number": 1}, {"part_number": 3}]), "parts[1].part_number"),
        (json!([{"part_number": 1}, {"part_number": 1}]), "parts[1].part_number"),
        (json!([{"part_number": 1, "checksum": "4waSgw=="}]), "parts[0].checksum"),
        (json!([{"part_number": 1, "size": 1}]), "parts[0].size"),
        (json!([]), "parts"),
        (json!(thousand_and_one), "parts"),
    ] {
        let answer = app.post(&path(&upload), json!({"parts": parts})).await;
        answer.assert_problem(400, "invalid_request");
        assert_eq!(answer.body["field"], field, "{}", answer.body);
    }
}

#[tokio::test]
async fn what_takes_no_parts_says_so() {
    let app = TestApp::start().await;
    let small = app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    let wanted = json!({"parts": [{"part_number": 1}]});
    app.post(&path(&small), wanted.clone()).await.assert_problem(400, "invalid_request");
    let closed = announce_film(&app, &film(6 * MIB)).await;
    app.delete(closed["status_url"].as_str().unwrap()).await;
    app.post(&path(&closed), wanted).await.assert_problem(409, "upload_closed");
}

#[tokio::test]
async fn an_upload_that_goes_on_gets_its_time_again() {
    let app = TestApp::start().await;
    let upload = announce_film(&app, &film(6 * MIB)).await;
    let path = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    let deadline = async || app.record(&upload).await.progress().deadline_at;
    let first = deadline().await;
    let sign = async || app.post(&path, json!({"parts": [{"part_number": 1}]})).await.status;
    assert_eq!(sign().await, 200);
    assert_eq!(deadline().await, first, "not yet worth recording");
    app.clock.advance(Duration::from_secs(20 * 3600));
    assert_eq!(sign().await, 200);
    let extended = deadline().await;
    assert!(extended - first > Duration::from_secs(19 * 3600), "{first} {extended}");
}
