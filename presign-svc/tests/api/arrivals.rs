//! Uploads whose client sends the last byte and is never heard of again.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::jobs::arrivals::{Looked, look};
use windlass_presign_svc::jobs::assemble::assemble_due;
use windlass_presign_svc::ports::uploads::UploadRepository as _;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::staging::{PIECE, photo, stage};
use crate::support::{PhotoSpec, TestApp, crc64nvme, file_of, jpeg};

const MINUTE: Duration = Duration::from_secs(60);

async fn photos(app: &TestApp) -> Vec<Value> {
    app.get("/api/v1/photos?project_id=job-7").await.body["photos"].as_array().unwrap().clone()
}

/// Looks two minutes later.
async fn look_later(app: &TestApp) -> Looked {
    app.clock.advance(2 * MINUTE);
    look(&app.app).await.unwrap()
}

#[tokio::test]
async fn a_photo_whose_phone_died_after_the_last_byte_is_there_two_minutes_later() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app.clock.advance(2 * MINUTE - Duration::from_secs(1));
    assert_eq!(look(&app.app).await.unwrap(), Looked::default(), "its client may still say so itself");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(look(&app.app).await.unwrap(), Looked { due: 1, finished: 1 });
    assert_eq!(photos(&app).await[0]["photo_id"], upload["photo_id"]);
    let late = app.complete(&upload, Value::Null).await;
    assert_eq!(
        (late.status, &late.body["photo_id"]),
        (200, &upload["photo_id"]),
        "its client comes after all"
    );
    let latest = app.app.events.latest(&"acme".parse().unwrap(), &"job-7".parse().unwrap()).await.unwrap();
    assert_eq!(latest, 1, "told once");
}

#[tokio::test]
async fn a_film_whose_parts_are_all_there_is_joined() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2, 3]).await;
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 1 });
    assert_eq!(photos(&app).await[0]["photo_id"], upload["photo_id"]);
}

#[tokio::test]
async fn a_join_whose_answer_was_lost_is_found() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2, 3]).await;
    app.store.lose_next_join_answer.store(true, SeqCst);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 503);
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 1 });
    assert_eq!(app.store.joins.load(SeqCst), 1);
    assert_eq!(photos(&app).await[0]["photo_id"], upload["photo_id"]);
}

#[tokio::test]
async fn what_came_in_small_pieces_is_put_together() {
    let app = TestApp::start().await;
    let bytes = photo();
    let mut file = file_of("a", "roof.jpg", &bytes);
    file["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(file).await;
    stage(&app, &upload, &bytes, PIECE, &[1, 2, 3, 4, 5, 6]).await;
    look_later(&app).await;
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    assert_eq!(photos(&app).await[0]["photo_id"], upload["photo_id"]);
}

#[tokio::test]
async fn an_upload_that_goes_on_is_left_as_it_is() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 3]).await;
    let version = app.record(&upload).await.progress().version;
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 0 });
    assert_eq!(app.record(&upload).await.progress().version, version, "whoever works on it is not disturbed");
    send_parts(&app, &upload, &bytes, &[2]).await;
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
    assert_eq!(look_later(&app).await, Looked::default());
}

#[tokio::test]
async fn pictures_nobody_reported_are_shown_while_the_original_is_on_its_way() {
    let app = TestApp::start().await;
    let (bytes, small) =
        (jpeg(&PhotoSpec::default()), jpeg(&PhotoSpec { size_bytes: 2000, ..PhotoSpec::default() }));
    let mut file = file_of("a", "a.jpg", &bytes);
    file["variants"] = json!([{
        "name": "thumb_200", "content_type": "image/jpeg", "size": small.len(), "width": 200, "height": 150,
        "checksum": crc64nvme(&small),
    }]);
    let upload = app.announce_one(file).await;
    assert_eq!(app.put(&upload["variants"][0], &small).await.status(), 200);
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 0 });
    let listed = app.get("/api/v1/photos?project_id=job-7&arriving=true").await.body;
    assert_eq!(listed["photos"][0]["photo_id"], upload["photo_id"], "{listed}");
}

#[tokio::test]
async fn one_that_never_comes_costs_a_dozen_questions_and_one_that_comes_back_is_looked_for_again() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let announced = file_of("a", "a.jpg", &bytes);
    let upload = app.announce_one(announced.clone()).await;
    for _ in 0..(6 * 60) {
        app.clock.advance(MINUTE);
        look(&app.app).await.unwrap();
    }
    let asked = app.store.looks.load(SeqCst);
    assert!((8..=12).contains(&asked), "{asked}");
    let again = app.announce_one(announced).await;
    assert_eq!(again["upload_id"], upload["upload_id"]);
    // The bucket's clock was not moved on: to it the first URL is the one that is good.
    app.put(&upload, &bytes).await;
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 1 });
}

/// A service with one upload, all of whose bytes are there.
async fn with_arrived_photo() -> TestApp {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app
}

#[tokio::test]
async fn a_bucket_that_is_away_is_asked_again_later() {
    let app = with_arrived_photo().await;
    app.store.is_down.store(true, SeqCst);
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 0 });
    app.store.is_down.store(false, SeqCst);
    assert_eq!(look(&app.app).await.unwrap(), Looked::default(), "not at once");
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 1 });
}

#[tokio::test]
async fn a_look_that_meets_a_bug_is_made_again_later() {
    let app = with_arrived_photo().await;
    app.store.panics_once.store(true, SeqCst);
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 0 });
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 1 });
}

/// An upload whose bytes are all there, when the last look for them is due.
async fn before_the_last_look(app: &TestApp) {
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app.clock.advance(60 * MINUTE);
}

#[tokio::test]
async fn a_last_look_that_is_not_answered_is_made_again_soon() {
    let app = TestApp::start().await;
    before_the_last_look(&app).await;
    app.store.is_down.store(true, SeqCst);
    for _ in 0..3 {
        assert_eq!(look(&app.app).await.unwrap(), Looked { due: 1, finished: 0 });
        assert_eq!(look(&app.app).await.unwrap(), Looked::default(), "not at once");
        app.clock.advance(5 * MINUTE);
    }
    app.store.is_down.store(false, SeqCst);
    assert_eq!(look(&app.app).await.unwrap(), Looked { due: 1, finished: 1 });
}

#[tokio::test]
async fn a_last_look_that_ends_with_its_process_is_made_again_soon() {
    let app = TestApp::start().await;
    before_the_last_look(&app).await;
    app.store.is_silent.store(true, SeqCst);
    tokio::select! {
        looked = look(&app.app) => panic!("{looked:?}"),
        () = app.store.asked_in_silence.notified() => {}
    }
    app.store.is_silent.store(false, SeqCst);
    app.clock.advance(5 * MINUTE);
    assert_eq!(look(&app.app).await.unwrap(), Looked { due: 1, finished: 1 });
}

#[tokio::test]
async fn a_client_that_has_sent_something_else_is_told_so_although_the_photo_is_there() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    let mut parts = send_parts(&app, &upload, &bytes, &[1, 2, 3]).await;
    assert_eq!(look_later(&app).await, Looked { due: 1, finished: 1 });
    assert_eq!(app.complete(&upload, json!({"parts": parts.clone()})).await.status, 200);
    parts[1]["checksum"] = json!(crc64nvme(b"another part"));
    app.complete(&upload, json!({"parts": parts})).await.assert_problem(422, "checksum_mismatch");
}

#[tokio::test]
async fn a_photo_closed_while_its_look_was_due_stays_closed() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    app.clock.advance(2 * MINUTE);
    let due = app.uploads.due_for_look(app.app.clock.now(), 10).await.unwrap();
    app.delete(upload["status_url"].as_str().unwrap()).await;
    assert_eq!((due.len(), look(&app.app).await.unwrap()), (1, Looked::default()));
    assert_eq!(photos(&app).await, Vec::<Value>::new());
}
