//! Files sent in small staged pieces, for weak signals: `POST /api/v1/uploads/{upload_id}/pieces`, and the
//! job that puts them together.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use windlass_presign_svc::app::Settings;
use windlass_presign_svc::domain::staging::StagingFolder;
use windlass_presign_svc::jobs::assemble::assemble_due;
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::ports::object_store::StoreError;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{Answer, PhotoSpec, TestApp, TestOptions, crc64nvme, file_of, jpeg, settings};

pub const PIECE: usize = 128 * 1024;
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);

pub fn photo() -> Vec<u8> {
    jpeg(&PhotoSpec { size_bytes: 700_000, ..PhotoSpec::default() })
}

async fn announce_photo(app: &TestApp, bytes: &[u8]) -> Value {
    let mut file = file_of("a", "roof.jpg", bytes);
    file["checksum"] = json!(crc64nvme(bytes));
    app.announce_one(file).await
}

async fn sign(app: &TestApp, upload: &Value, body: Value) -> Answer {
    app.post(&format!("/api/v1/uploads/{}/pieces", upload["upload_id"].as_str().unwrap()), body).await
}

fn wanted(bytes: &[u8], piece_size: usize, numbers: &[usize]) -> Value {
    let chunks: Vec<&[u8]> = bytes.chunks(piece_size).collect();
    let pieces = numbers.iter().map(|n| json!({"piece_number": n, "checksum": crc64nvme(chunks[n - 1])}));
    json!({"piece_size": piece_size, "pieces": pieces.collect::<Vec<_>>()})
}

/// Signs pieces and sends them.
pub async fn stage(app: &TestApp, upload: &Value, bytes: &[u8], piece_size: usize, numbers: &[usize]) {
    let signed = sign(app, upload, wanted(bytes, piece_size, numbers)).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    for (number, piece) in numbers.iter().zip(signed.body["pieces"].as_array().unwrap()) {
        let chunk = bytes.chunks(piece_size).nth(number - 1).unwrap();
        assert_eq!(piece["size"], chunk.len());
        assert_eq!(app.put(piece, chunk).await.status(), StatusCode::OK);
    }
}

/// The numbers of all pieces.
pub fn all(bytes: &[u8], piece_size: usize) -> Vec<usize> {
    (1..=bytes.len().div_ceil(piece_size)).collect()
}

async fn list(app: &TestApp, upload: &Value) -> Value {
    let listed = app.get(&format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap())).await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    listed.body
}

/// Completes, has the job do its work in between, and answers the photo.
pub async fn complete_and_assemble(app: &TestApp, upload: &Value, body: Value) -> Value {
    let early = app.complete(upload, body.clone()).await;
    early.assert_problem(409, "assembling");
    assert_eq!(early.header("retry-after"), "1");
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    let photo = app.complete(upload, body).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    photo.body
}

pub async fn assert_stored(app: &TestApp, photo: &Value, bytes: &[u8]) {
    let record = app.record(&json!({"upload_id": photo["photo_id"]})).await;
    let stored =
        app.app.store.read_range(&record.original_key(), 0..u64::from(u32::MAX), None).await.unwrap();
    assert!(stored == bytes, "stored byte for byte");
}

pub async fn staged_keys(app: &TestApp) -> Vec<String> {
    let found = app.app.store.list("windlass-staging/").await.unwrap();
    found.into_iter().map(|object| object.key).collect()
}

#[tokio::test]
async fn a_photo_sent_in_pieces_is_put_together_verified_and_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    assert_eq!(upload["staging"], json!({}), "the client may choose the size of pieces");
    stage(&app, &upload, &bytes, PIECE, &[4, 1, 6]).await;
    stage(&app, &upload, &bytes, PIECE, &[2, 3, 5]).await;
    assert!(staged_keys(&app).await.iter().all(|key| key.starts_with("windlass-staging/acme/job-7/")));
    let photo = complete_and_assemble(&app, &upload, json!({"checksum": crc64nvme(&bytes)})).await;
    assert_stored(&app, &photo, &bytes).await;
    assert_eq!(photo["metadata"]["make"], "Windlass", "its head was read as every other's");
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());
    let record = app.record(&upload).await;
    assert_eq!(record.object().unwrap().checksum.unwrap().to_string(), crc64nvme(&bytes));
    assert_eq!(assemble_due(&app.app).await.unwrap(), 0);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200, "completing again answers the same");
}

#[tokio::test]
async fn a_resuming_client_is_told_what_is_staged_with_its_checksums() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    assert!(list(&app, &upload).await.get("staged").is_none());
    stage(&app, &upload, &bytes, PIECE, &[2, 5]).await;
    let sum = |n: usize| json!(crc64nvme(bytes.chunks(PIECE).nth(n - 1).unwrap()));
    let pieces = [2, 5].map(|n| json!({"piece_number": n, "checksum": sum(n)}));
    assert_eq!(
        list(&app, &upload).await,
        json!({"parts": [], "staged": {"piece_size": PIECE, "pieces": pieces}})
    );
    let again = announce_photo(&app, &bytes).await;
    assert_eq!(again["staging"], json!({"piece_size": PIECE}));
    app.complete(&upload, Value::Null).await.assert_problem(409, "bytes_missing");
    stage(&app, &upload, &bytes, PIECE, &[1, 3, 4, 6]).await;
    let photo = complete_and_assemble(&app, &upload, Value::Null).await;
    assert_stored(&app, &photo, &bytes).await;
}

#[tokio::test]
async fn pieces_of_parts_that_are_stored_are_not_asked_for_and_not_listed() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    let piece = 512 * 1024;
    stage(&app, &upload, &bytes, piece, &[1, 2, 12]).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    let before = app.store.looks.load(SeqCst);
    let listed = list(&app, &upload).await;
    assert_eq!(listed["parts"].as_array().unwrap().len(), 1);
    let pieces = listed["staged"]["pieces"].as_array().unwrap();
    assert_eq!((pieces.len(), &pieces[0]["piece_number"]), (1, &json!(12)), "{listed}");
    assert_eq!(app.store.looks.load(SeqCst) - before, 1);
}

#[tokio::test]
async fn while_the_job_has_the_upload_a_client_is_told_so_and_does_not_wait_for_it() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &bytes, PIECE, &all(&bytes, PIECE)).await;
    app.complete(&upload, Value::Null).await.assert_problem(409, "assembling");
    let turn = app.app.turns.take(app.record(&upload).await.id()).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(30), app.complete(&upload, Value::Null)).await;
    told.unwrap().assert_problem(409, "assembling");
    drop(turn);
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
}

#[tokio::test]
async fn parts_are_put_together_from_pieces_and_a_last_part_of_one_piece_is_copied_by_the_store() {
    for can_copy in [true, false] {
        let app = TestApp::start().await;
        app.store.cannot_copy.store(!can_copy, SeqCst);
        let bytes = film(15 * MIB + 100_000);
        let upload = announce_film(&app, &bytes).await;
        let sent = send_parts(&app, &upload, &bytes, &[2]).await;
        let piece = 512 * 1024;
        stage(&app, &upload, &bytes, piece, &(1..=10).collect::<Vec<_>>()).await;
        let early = app.complete(&upload, Value::Null).await;
        early.assert_problem(409, "parts_missing");
        assert_eq!(
            early.body["missing_parts"],
            json!([3, 4]),
            "what is staged whole is not missing: {}",
            early.body
        );
        stage(&app, &upload, &bytes, piece, &(21..=31).collect::<Vec<_>>()).await;
        let body = json!({"parts": sent, "checksum": crc64nvme(&bytes)});
        let photo = complete_and_assemble(&app, &upload, body).await;
        assert_stored(&app, &photo, &bytes).await;
        assert_eq!(app.store.copies.load(SeqCst), 1);
        assert_eq!(app.store.writes.load(SeqCst), if can_copy { 2 } else { 3 });
        assert_eq!(staged_keys(&app).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn pieces_of_another_file_are_refused_when_put_together() {
    let app = TestApp::start().await;
    let (bytes, mut other) = (photo(), photo());
    other[300_000] ^= 1;
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &other, PIECE, &all(&bytes, PIECE)).await;
    app.complete(&upload, Value::Null).await.assert_problem(409, "assembling");
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    app.complete(&upload, Value::Null).await.assert_problem(422, "checksum_mismatch");
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());
    let key = app.record(&upload).await.original_key();
    assert!(matches!(app.app.store.head(&key).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn a_job_that_fails_or_is_killed_is_done_again_and_two_at_once_make_one_photo() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &bytes, PIECE, &all(&bytes, PIECE)).await;
    app.complete(&upload, Value::Null).await.assert_problem(409, "assembling");
    app.store.is_down.store(true, SeqCst);
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    app.store.is_down.store(false, SeqCst);
    assert_eq!(assemble_due(&app.app).await.unwrap(), 0, "not at once");
    app.complete(&upload, Value::Null).await.assert_problem(409, "assembling");
    app.clock.advance(Duration::from_secs(30));
    let (one, other) = tokio::join!(assemble_due(&app.app), assemble_due(&app.app));
    assert_eq!(one.unwrap() + other.unwrap(), 1, "one of them has begun with it");
    assert_eq!(app.store.writes.load(SeqCst), 1);
    let photo = app.complete(&upload, Value::Null).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    assert_stored(&app, &photo.body, &bytes).await;
}

#[tokio::test]
async fn a_client_that_goes_away_after_its_last_piece_has_its_photo_all_the_same() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &bytes, PIECE, &all(&bytes, PIECE)).await;
    app.clock.advance(DAY);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { finished: 1, ..Swept::default() });
    let photos = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_stored(&app, &photos["photos"][0], &bytes).await;
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_staged_goes_with_its_upload_and_late_pieces_go_without_the_photo() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &bytes, PIECE, &[1, 2]).await;
    assert_eq!(staged_keys(&app).await.len(), 2);
    app.clock.advance(DAY);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() });
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());

    // The store's own clock has not moved: what is signed a day later it would not take yet.
    let app = TestApp::start().await;
    let upload = announce_photo(&app, &bytes).await;
    let late = sign(&app, &upload, wanted(&bytes, PIECE, &[1])).await.body["pieces"][0].clone();
    stage(&app, &upload, &bytes, PIECE, &all(&bytes, PIECE)).await;
    let photo = complete_and_assemble(&app, &upload, Value::Null).await;
    assert_eq!(app.put(&late, &bytes[..PIECE]).await.status(), StatusCode::OK, "the URL still works");
    app.clock.advance(HOUR);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { cleaned: 1, ..Swept::default() });
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());
    assert_stored(&app, &photo, &bytes).await;
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn what_is_staged_counts_as_the_announced_file_and_never_as_more() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &bytes, PIECE, &[1, 2, 3]).await;
    stage(&app, &upload, &bytes, PIECE, &[3, 2, 1]).await;
    let in_use = || async { app.app.uploads.in_use(&"acme".parse().unwrap(), None).await.unwrap().tenant };
    let size = bytes.len() as u64;
    assert_eq!((in_use().await.open_bytes, in_use().await.stored_bytes), (size, 0));
    let staged: u64 =
        app.app.store.list("windlass-staging/").await.unwrap().iter().map(|o| o.size_bytes).sum();
    assert!(staged <= size, "a piece has one place: {staged} bytes are staged of {size}");
    stage(&app, &upload, &bytes, PIECE, &[4, 5, 6]).await;
    complete_and_assemble(&app, &upload, Value::Null).await;
    assert_eq!((in_use().await.open_bytes, in_use().await.stored_bytes), (0, size));
    let other = app.announce_one(file_of("b", "b.jpg", &bytes)).await;
    stage(&app, &other, &bytes, PIECE, &[1]).await;
    app.delete(other["status_url"].as_str().unwrap()).await;
    assert_eq!((in_use().await.open_bytes, in_use().await.stored_bytes), (0, size), "an abort gives it back");
    assert_eq!(staged_keys(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn pieces_that_cannot_be_are_refused_with_what_would_be_right() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    let refused = |body: Value| {
        let (app, upload) = (&app, &upload);
        async move {
            let answer = sign(app, upload, body).await;
            answer.assert_problem(400, "invalid_request");
            answer.body["field"].as_str().unwrap_or_default().to_owned()
        }
    };
    assert_eq!(refused(wanted(&bytes, 100_000, &[1])).await, "piece_size");
    assert_eq!(refused(wanted(&bytes, PIECE, &[])).await, "pieces");
    assert_eq!(refused(wanted(&bytes, PIECE, &[1, 1])).await, "pieces[1].piece_number");
    let mut beyond = wanted(&bytes, PIECE, &[1]);
    beyond["pieces"][0]["piece_number"] = json!(7);
    assert_eq!(refused(beyond).await, "pieces[0].piece_number");
    let mut crc32c = wanted(&bytes, PIECE, &[1]);
    crc32c["pieces"][0]["checksum"] = json!("4waSgw==");
    assert_eq!(refused(crc32c).await, "pieces[0].checksum");
    assert_eq!(sign(&app, &upload, wanted(&bytes, PIECE, &[1])).await.status, 200);
    assert_eq!(
        refused(wanted(&bytes, 2 * PIECE, &[1])).await,
        "piece_size",
        "the first request has settled it"
    );

    let signed = sign(&app, &upload, wanted(&bytes, PIECE, &[2])).await.body["pieces"][0].clone();
    assert!(
        app.put(&signed, &bytes[..PIECE]).await.status().is_client_error(),
        "other bytes than were signed"
    );
    app.delete(upload["status_url"].as_str().unwrap()).await;
    sign(&app, &upload, wanted(&bytes, PIECE, &[1])).await.assert_problem(409, "upload_closed");
}

#[tokio::test]
async fn what_goes_in_one_put_and_could_not_be_put_together_is_not_taken_in_pieces() {
    let app = TestApp::start().await;
    let plan =
        |size: usize| json!({"file_name": "plan.pdf", "mime_type": "application/pdf", "file_size": size});
    for (size, status) in [(64 * MIB, 200), (64 * MIB + 1, 400)] {
        let upload = app.post("/api/v1/photos/upload-url", plan(size)).await.body;
        let piece = json!({"piece_number": 1, "checksum": crc64nvme(b"")});
        let signed = sign(&app, &upload, json!({"piece_size": PIECE, "pieces": [piece]})).await;
        assert_eq!(signed.status, status, "{size}: {}", signed.body);
    }
}

#[tokio::test]
async fn a_service_that_takes_no_pieces_offers_none() {
    let options =
        TestOptions { settings: Settings { weak_signal: false, ..settings() }, ..TestOptions::default() };
    let app = TestApp::start_with(options).await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    assert!(upload.get("staging").is_none());
    sign(&app, &upload, wanted(&bytes, PIECE, &[1])).await.assert_problem(400, "invalid_request");
}

#[tokio::test]
async fn staged_pieces_are_below_their_own_upload_and_are_no_photos() {
    let app = TestApp::start().await;
    let bytes = photo();
    let upload = announce_photo(&app, &bytes).await;
    stage(&app, &upload, &bytes, PIECE, &[1]).await;
    let folder = StagingFolder::of(&app.record(&upload).await);
    assert_eq!(staged_keys(&app).await, [format!("{}00000001", folder.prefix())]);
    let photos = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(photos["photos"], json!([]));
}
