//! The main job on Garage: a real S3 server in a process of its own.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use windlass_presign_svc::ports::object_store::StoreError;
use windlass_s3_suite::{Garage, GarageError};

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::staging;
use crate::support::{PhotoSpec, TestApp, crc64nvme, file, file_of, jpeg};

#[tokio::test]
async fn the_main_job_works_on_garage() {
    let garage = match Garage::start().await {
        Ok(garage) => garage,
        Err(GarageError::NotInstalled { looked_for }) => {
            eprintln!("skipped: garage not installed ({}), run cargo xtask test", looked_for.display());
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let app = TestApp::start_at(garage.target()).await;
    a_photo_is_sent_verified_and_deleted(&app).await;
    a_film_is_sent_in_parts_though_answers_are_lost(&app).await;
    an_aborted_film_leaves_nothing(&app).await;
    a_photo_and_a_film_are_put_together_from_pieces(&app).await;
}

async fn a_photo_and_a_film_are_put_together_from_pieces(app: &TestApp) {
    for mut announced in
        [file_of("staged", "roof.jpg", &staging::photo()), file("staged-film", "site.mp4", "video/mp4", 0)]
    {
        let is_film = announced["size"] == 0;
        let bytes = if is_film { film(5 * MIB + 70_000) } else { staging::photo() };
        announced["size"] = json!(bytes.len());
        let upload = app.announce_one(announced).await;
        let (piece, count) = (512 * 1024, bytes.len().div_ceil(512 * 1024));
        staging::stage(app, &upload, &bytes, piece, &(1..=count).collect::<Vec<_>>()).await;
        let photo =
            staging::complete_and_assemble(app, &upload, json!({"checksum": crc64nvme(&bytes)})).await;
        staging::assert_stored(app, &photo, &bytes).await;
    }
    assert_eq!(staging::staged_keys(app).await, Vec::<String>::new());
}

async fn a_photo_is_sent_verified_and_deleted(app: &TestApp) {
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of("photo", "roof.jpg", &bytes);
    announced["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(announced).await;
    app.complete(&upload, Value::Null).await.assert_problem(409, "bytes_missing");
    let mut flipped = bytes.clone();
    flipped[9000] ^= 1;
    assert_eq!(app.put(&upload, &flipped).await.status(), 400);
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    let photo = app.complete(&upload, json!({"checksum": crc64nvme(&bytes)})).await;
    assert_eq!(
        (photo.status, photo.body["metadata"]["make"].as_str()),
        (200, Some("Windlass")),
        "{}",
        photo.body
    );
    let url = photo.body["url"].as_str().unwrap();
    assert_eq!(app.http.get(url).send().await.unwrap().bytes().await.unwrap(), bytes);
    assert_eq!(
        app.delete(&format!("/api/v1/photos/{}", upload["photo_id"].as_str().unwrap())).await.status,
        204
    );
    assert_eq!(app.http.get(url).send().await.unwrap().status(), 404);
}

async fn a_film_is_sent_in_parts_though_answers_are_lost(app: &TestApp) {
    let bytes = film(11 * MIB);
    let upload = announce_film(app, &bytes).await;
    send_parts(app, &upload, &bytes, &[3, 1]).await;
    let early = app.complete(&upload, Value::Null).await;
    early.assert_problem(409, "parts_missing");
    assert_eq!(early.body["missing_parts"], json!([2]));
    let parts = send_parts(app, &upload, &bytes, &[2]).await;
    app.store.lose_next_join_answer.store(true, Ordering::SeqCst);
    app.complete(&upload, json!({"parts": parts})).await.assert_problem(503, "store_unavailable");
    let photo = app.complete(&upload, json!({"checksum": crc64nvme(&bytes)})).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    let fetched = app.http.get(photo.body["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
}

async fn an_aborted_film_leaves_nothing(app: &TestApp) {
    let bytes = film(6 * MIB);
    let mut announced = file("aborted", "site.mp4", "video/mp4", bytes.len() as u64);
    announced["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(announced).await;
    send_parts(app, &upload, &bytes, &[1]).await;
    let record = app.record(&upload).await;
    let multipart = record.progress().multipart.clone().unwrap();
    assert_eq!(app.delete(upload["status_url"].as_str().unwrap()).await.status, 204);
    let listed = app.app.store.list_parts(&record.original_key(), &multipart).await;
    assert!(matches!(listed, Err(StoreError::NoSuchUpload)), "{listed:?}");
}
