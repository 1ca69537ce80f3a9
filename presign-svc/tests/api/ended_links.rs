//! What a link has announced and not brought when it ends.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::domain::upload::{Upload, UploadState};
use windlass_presign_svc::jobs::assemble::assemble_due;
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::jobs::{arrivals, notice};
use windlass_presign_svc::ports::object_store::StoreError;

use crate::complete_parts::{MIB, film, send_parts};
use crate::staging::{PIECE, photo, stage, staged_keys};
use crate::support::{PhotoSpec, TestApp, crc64nvme, file, file_of, jpeg};
use crate::upload_links::{LINKS, announce, make, token};

const MINUTE: Duration = Duration::from_secs(60);

async fn announce_one(app: &TestApp, link: &Value, file: Value) -> Value {
    let answer = announce(app, token(link), json!([file])).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["uploads"][0].clone()
}

async fn end(app: &TestApp, link: &Value) {
    let path = format!("{LINKS}/{}", link["link"]["link_id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, 204);
}

/// The link has ended, and whoever ended it was cut off before it could do more.
async fn end_in_the_record_alone(app: &TestApp, link: &Value) {
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let id = link["link"]["link_id"].as_str().unwrap().parse().unwrap();
    assert!(app.app.links.revoke(&tenant, &project, id, app.app.clock.now()).await.unwrap());
}

async fn photos(app: &TestApp) -> usize {
    app.get("/api/v1/photos?project_id=job-7").await.body["photos"].as_array().unwrap().len()
}

async fn is_in_the_bucket(app: &TestApp, upload: &Upload) -> bool {
    match app.app.store.head(&upload.original_key()).await {
        Ok(_) => true,
        Err(StoreError::NotFound) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_revoked_links_uploads_are_given_up_with_their_room_and_their_bytes() {
    let app = TestApp::start().await;
    let link = make(&app, json!({})).await;
    let (bytes, film) = (jpeg(&PhotoSpec::default()), film(11 * MIB));
    let done = announce_one(&app, &link, file_of("done", "a.jpg", &bytes)).await;
    app.put(&done, &bytes).await;
    assert_eq!(app.complete(&done, Value::Null).await.status, 200);
    let sent = announce_one(&app, &link, file_of("sent", "b.jpg", &bytes)).await;
    app.put(&sent, &bytes).await;
    let late = announce_one(&app, &link, file_of("late", "c.jpg", &bytes)).await;
    let long = announce_one(&app, &link, file("film", "d.mp4", "video/mp4", film.len() as u64)).await;
    send_parts(&app, &long, &film, &[1]).await;
    let other = make(&app, json!({})).await;
    let others = announce_one(&app, &other, file_of("other", "e.jpg", &bytes)).await;
    let own = app.announce_one(file_of("own", "f.jpg", &bytes)).await;

    end(&app, &link).await;
    for upload in [&sent, &late, &long] {
        assert_eq!(*app.record(upload).await.state(), UploadState::Aborted);
        app.complete(upload, Value::Null).await.assert_problem(409, "upload_closed");
    }
    let links = app.get(LINKS).await.body;
    let ended = links["links"].as_array().unwrap().iter().find(|listed| listed["is_open"] == false).unwrap();
    assert_eq!((&ended["files"], &ended["bytes"]), (&json!(1), &json!(bytes.len())), "the room is free");
    assert!(!is_in_the_bucket(&app, &app.record(&sent).await).await);
    assert_eq!(app.app.store.list_multiparts("", None).await.unwrap().multiparts, []);
    for upload in [&others, &own] {
        assert_eq!(*app.record(upload).await.state(), UploadState::Pending, "nobody else's is touched");
    }

    // What was signed before works for a while.
    assert_eq!(app.put(&late, &bytes).await.status(), 200);
    app.clock.advance(2 * MINUTE);
    arrivals::look(&app.app).await.unwrap();
    sweep(&app.app).await.unwrap();
    assert_eq!(photos(&app).await, 1, "what came before stays, and nothing comes after");
    app.clock.advance(app.app.settings.bytes_may_arrive_for(&app.record(&late).await));
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { cleaned: 3, ..Swept::default() });
    assert!(!is_in_the_bucket(&app, &app.record(&late).await).await, "what came late goes, too");
    end(&app, &link).await;
}

/// Has an upload through a link finalised in every way there is, after the link was ended.
#[tokio::test]
async fn whoever_finalises_an_upload_of_a_revoked_link_closes_it() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let (tries, hour) = (["complete", "status", "notice", "arrivals", "janitor"], 60 * MINUTE);
    for way in tries {
        let link = make(&app, json!({"expires_in_seconds": 200_000})).await;
        let upload = announce_one(&app, &link, file_of(way, "a.jpg", &bytes)).await;
        app.put(&upload, &bytes).await;
        end_in_the_record_alone(&app, &link).await;
        match way {
            "complete" => app.complete(&upload, Value::Null).await.assert_problem(409, "upload_closed"),
            "status" => {
                let path = format!("/api/v1/photos/{}/status", upload["photo_id"].as_str().unwrap());
                let said = app.call(Method::PATCH, &path, &app.ann(), json!({"status": "uploaded"})).await;
                said.assert_problem(409, "upload_closed");
            }
            "notice" => {
                app.app.awaited.add(&app.record(&upload).await, app.app.clock.now(), MINUTE);
                app.clock.advance(Duration::from_secs(1));
                notice::look(&app.app).await;
                assert_eq!(app.app.awaited.count(), 0, "it is awaited no more");
            }
            "arrivals" => {
                app.clock.advance(2 * MINUTE);
                let looked = arrivals::look(&app.app).await.unwrap();
                assert_eq!((looked.due, looked.finished), (1, 0));
            }
            _ => {
                app.clock.advance(25 * hour);
                let swept = sweep(&app.app).await.unwrap();
                assert_eq!((swept.expired, swept.finished, swept.failed), (1, 0, 0));
            }
        }
        let record = app.record(&upload).await;
        assert_eq!(*record.state(), UploadState::Aborted, "{way}");
        assert!(!is_in_the_bucket(&app, &record).await, "{way}");
    }
    assert_eq!(photos(&app).await, 0);
}

#[tokio::test]
async fn pieces_and_parts_of_a_revoked_links_upload_are_not_put_together() {
    let app = TestApp::start().await;
    let link = make(&app, json!({})).await;
    let (bytes, film) = (photo(), film(11 * MIB));
    let mut staged = file_of("pieces", "a.jpg", &bytes);
    staged["checksum"] = json!(crc64nvme(&bytes));
    let staged = announce_one(&app, &link, staged).await;
    stage(&app, &staged, &bytes, PIECE, &[1, 2, 3, 4, 5, 6]).await;
    app.complete(&staged, Value::Null).await.assert_problem(409, "assembling");
    let parts = announce_one(&app, &link, file("film", "b.mp4", "video/mp4", film.len() as u64)).await;
    send_parts(&app, &parts, &film, &[1, 2, 3]).await;
    end_in_the_record_alone(&app, &link).await;
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    app.complete(&parts, Value::Null).await.assert_problem(409, "upload_closed");
    for upload in [&staged, &parts] {
        let record = app.record(upload).await;
        assert_eq!(*record.state(), UploadState::Aborted);
        assert!(!is_in_the_bucket(&app, &record).await);
    }
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());
    assert_eq!(app.app.store.list_multiparts("", None).await.unwrap().multiparts, []);
}

#[tokio::test]
async fn what_is_joined_while_its_link_is_revoked_becomes_no_photo() {
    let app = TestApp::start().await;
    let link = make(&app, json!({})).await;
    let film = film(11 * MIB);
    let upload = announce_one(&app, &link, file("film", "a.mp4", "video/mp4", film.len() as u64)).await;
    send_parts(&app, &upload, &film, &[1, 2, 3]).await;
    app.store.answers_joining_late.store(true, SeqCst);
    let ending = async {
        app.store.has_joined.notified().await;
        end_in_the_record_alone(&app, &link).await;
        app.store.may_answer.notify_one();
    };
    let (completed, ()) = tokio::join!(app.complete(&upload, Value::Null), ending);
    completed.assert_problem(409, "upload_closed");
    let record = app.record(&upload).await;
    assert_eq!(*record.state(), UploadState::Aborted);
    assert!(!is_in_the_bucket(&app, &record).await);
    assert_eq!(photos(&app).await, 0);
}

#[tokio::test]
async fn what_a_link_announced_before_it_expired_may_still_come() {
    let app = TestApp::start().await;
    let link = make(&app, json!({"expires_in_seconds": 60})).await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = announce_one(&app, &link, file_of("a", "a.jpg", &bytes)).await;
    app.clock.advance(2 * MINUTE);
    announce(&app, token(&link), json!([file_of("b", "b.jpg", &bytes)]))
        .await
        .assert_problem(401, "unauthorized");
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(arrivals::look(&app.app).await.unwrap().finished, 1);
    assert_eq!(photos(&app).await, 1);
}
