//! `POST /api/v1/uploads/{upload_id}/complete` for files sent in parts.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::complete::assert_is_no_photo;
use crate::support::{Answer, TestApp, crc64nvme, file, random_bytes};

pub const MIB: usize = 1 << 20;

/// An MP4 by its head.
pub fn film(length: usize) -> Vec<u8> {
    let mut bytes = random_bytes(length, 11);
    bytes[..20].copy_from_slice(b"\0\0\0\x14ftypisom\0\0\x02\0mp41");
    bytes
}

/// Announces a film.
pub async fn announce_film(app: &TestApp, bytes: &[u8]) -> Value {
    app.announce_one(file("film", "site.mp4", "video/mp4", bytes.len() as u64)).await
}

/// Sends parts; answers them as complete wants them.
pub async fn send_parts(app: &TestApp, upload: &Value, bytes: &[u8], numbers: &[usize]) -> Vec<Value> {
    let part_size = upload["part_size"].as_u64().unwrap() as usize;
    let chunks: Vec<&[u8]> = bytes.chunks(part_size).collect();
    let wanted: Vec<Value> = numbers
        .iter()
        .map(|number| json!({"part_number": number, "checksum": crc64nvme(chunks[number - 1])}))
        .collect();
    let path = format!("/api/v1/uploads/{}/parts", upload["upload_id"].as_str().unwrap());
    let signed = app.post(&path, json!({"parts": wanted})).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    let mut sent = Vec::new();
    for (number, part) in numbers.iter().zip(signed.body["parts"].as_array().unwrap()) {
        let answer = app.put(part, chunks[number - 1]).await;
        assert_eq!(answer.status(), 200);
        let etag = answer.headers()["etag"].to_str().unwrap();
        sent.push(json!({"part_number": number, "etag": etag, "checksum": crc64nvme(chunks[number - 1])}));
    }
    sent
}

#[tokio::test]
async fn parts_become_one_object_with_and_without_the_clients_list() {
    let app = TestApp::start().await;
    let bytes = film(11 * MIB);
    let upload = announce_film(&app, &bytes).await;
    let parts = send_parts(&app, &upload, &bytes, &[1, 2, 3]).await;
    let photo = app.complete(&upload, json!({"parts": parts, "checksum": crc64nvme(&bytes)})).await;
    assert_eq!((photo.status, photo.body["kind"].as_str()), (200, Some("video")), "{}", photo.body);
    let fetched = app.http.get(photo.body["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.bytes().await.unwrap() == bytes);
    let mut second = file("second", "site.mp4", "video/mp4", bytes.len() as u64);
    second["checksum"] = json!(crc64nvme(&bytes));
    let second = app.announce_one(second).await;
    send_parts(&app, &second, &bytes, &[3, 1, 2]).await;
    assert_eq!(app.complete(&second, Value::Null).await.status, 200);
}

/// A box of an MP4.
fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

#[tokio::test]
async fn a_film_tells_when_and_where_from_behind_its_samples() {
    let app = TestApp::start().await;
    let samples = random_bytes(6 * MIB, 5);
    // Seconds since 1904, after version and flags.
    let header = [&[0; 4], &3_615_373_863_u32.to_be_bytes()[..], &[0; 92]].concat();
    let place = boxed(b"\xA9xyz", b"\0\x12\x15\xC7+37.4220-122.0840/");
    let movie = boxed(b"moov", &[boxed(b"mvhd", &header), boxed(b"udta", &place)].concat());
    let bytes = [&film(20)[..], &boxed(b"mdat", &samples), &movie].concat();
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let photo = app.complete(&upload, Value::Null).await.body;
    assert_eq!(photo["taken_at"], "2018-07-25T14:31:03+00:00", "{photo}");
    assert_eq!(
        (&photo["location"]["latitude"], &photo["location"]["longitude"]),
        (&json!(37.422), &json!(-122.084))
    );
    assert_eq!(photo["metadata"]["warnings"], json!([]));
    let of_that_day = "/api/v1/photos?project_id=job-7&taken_from=2018-07-25&taken_to=2018-07-25";
    assert_eq!(app.get(of_that_day).await.body["photos"][0]["photo_id"], photo["photo_id"]);
}

#[tokio::test]
async fn f32_f44_what_is_missing_is_listed_and_the_upload_goes_on() {
    let app = TestApp::start().await;
    let bytes = film(21 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 4]).await;
    let early = app.complete(&upload, Value::Null).await;
    early.assert_problem(409, "parts_missing");
    assert_eq!(early.body["missing_parts"], json!([2, 3, 5]));
    let parts = send_parts(&app, &upload, &bytes, &[2, 3, 5]).await;
    let mut doubted = parts.clone();
    doubted[1]["etag"] = json!("\"00000000000000000000000000000000\"");
    let differs = app.complete(&upload, json!({"parts": doubted})).await;
    differs.assert_problem(409, "parts_missing");
    assert_eq!(
        differs.body["missing_parts"],
        json!([3]),
        "the store has other bytes than the client believes"
    );
    assert_eq!(app.complete(&upload, json!({"parts": parts})).await.status, 200);
}

#[tokio::test]
async fn f39_a_wrong_checksum_of_the_whole_is_found_and_the_bytes_removed() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let mut announced = file("film", "site.mp4", "video/mp4", bytes.len() as u64);
    announced["checksum"] = json!(crc64nvme(b"of something else"));
    let upload = app.announce_one(announced).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    app.complete(&upload, Value::Null).await.assert_problem(422, "checksum_mismatch");
    assert_is_no_photo(&app, &upload).await;
}

#[tokio::test]
async fn f42_a_hundred_racers_make_one_photo() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let racers = (0..100).map(|_| app.complete(&upload, Value::Null));
    let answers = futures::future::join_all(racers).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    // The whole answer, but for URLs, which are signed anew at times.
    let unsigned = |answer: &Answer| {
        let mut photo = answer.body.clone();
        for signed in ["url", "url_expires_at"] {
            assert!(photo[signed].is_string(), "{photo}");
            photo[signed] = Value::Null;
        }
        photo.to_string()
    };
    let bodies: HashSet<String> = answers.iter().map(unsigned).collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(app.store.joins.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn whoever_waits_to_complete_looks_into_the_record_less_and_less_often() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1, 2]).await;
    let turn = app.app.turns.take(upload["upload_id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let (mut finds, began) = (app.uploads.finds.subscribe(), Instant::now());
    // It is found once when the request comes, and then looked at after 250 ms, 500 ms, and a second.
    let looked = *finds.borrow() + 4;
    let waits = async {
        finds.wait_for(|finds| *finds >= looked).await.unwrap();
        drop(turn);
        began.elapsed()
    };
    let (photo, waited) = tokio::join!(app.complete(&upload, Value::Null), waits);
    assert_eq!(photo.status, 200, "{}", photo.body);
    assert!(waited > Duration::from_millis(1500), "three looks within {waited:?}");
}

#[tokio::test]
async fn of_a_crowd_that_completes_one_upload_some_are_told_to_come_again_and_all_others_are_answered() {
    const CROWD: usize = 200;
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    let turn = app.app.turns.take(upload["upload_id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let mut answers: FuturesUnordered<_> = (0..CROWD).map(|_| app.complete(&upload, Value::Null)).collect();
    // The line is full while whoever works on the upload goes on and on.
    let mut sent_away = 0;
    while sent_away < CROWD - 128 {
        let answer = timeout(Duration::from_secs(20), answers.next()).await.expect("all wait").unwrap();
        answer.assert_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "2");
        sent_away += 1;
    }
    drop(turn);
    let mut answered = 0;
    while let Some(answer) = answers.next().await {
        match answer.status {
            503 => sent_away += 1,
            _ => {
                answer.assert_problem(409, "parts_missing");
                answered += 1;
            }
        }
    }
    assert!(answered > 100, "{answered} were answered, and {sent_away} sent away");
}

#[tokio::test]
async fn f43_complete_and_abort_at_once_leave_one_truth() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let mut outcomes = HashSet::new();
    for round in 0..60 {
        // Six times, and as often as it takes until each has won.
        if round >= 6 && outcomes.len() == 2 {
            break;
        }
        let name = format!("film-{round}");
        let upload = app.announce_one(file(&name, "site.mp4", "video/mp4", bytes.len() as u64)).await;
        send_parts(&app, &upload, &bytes, &[1, 2]).await;
        let path = upload["status_url"].as_str().unwrap();
        // Whoever is first in turn has a head start.
        let (completed, aborted) = if round % 2 == 0 {
            tokio::join!(biased; app.complete(&upload, Value::Null), app.delete(path))
        } else {
            let (aborted, completed) =
                tokio::join!(biased; app.delete(path), app.complete(&upload, Value::Null));
            (completed, aborted)
        };
        let state = app.get(path).await.body;
        let record = app.record(&upload).await;
        let stored = app.app.store.head(&record.original_key()).await.is_ok();
        match completed.status {
            200 => {
                aborted.assert_problem(409, "upload_closed");
                assert_eq!((state["status"].as_str(), stored), (Some("uploaded"), true));
            }
            _ => {
                completed.assert_problem(409, "upload_closed");
                assert_eq!(aborted.status, 204);
                assert_eq!((state["status"].as_str(), stored), (Some("aborted"), false));
            }
        }
        outcomes.insert(completed.status);
    }
    assert_eq!(outcomes.len(), 2, "each has won: {outcomes:?}");
    assert_eq!(app.app.store.list_multiparts("", None).await.unwrap().multiparts, [], "nothing half is left");
}

#[tokio::test]
async fn parts_are_as_large_as_the_first_announcement_preferred_and_s3_allows() {
    let app = TestApp::start().await;
    let bytes = film(26 * MIB);
    let announce = async |preferred: Value| {
        let mut film = file("film", "site.mp4", "video/mp4", bytes.len() as u64);
        film["preferred_part_size"] = preferred;
        app.announce_one(film).await
    };
    let upload = announce(json!(12 * MIB + 5)).await;
    let plan = |upload: &Value| (upload["part_size"].clone(), upload["part_count"].clone());
    assert_eq!(plan(&upload), (json!(12 * MIB), json!(3)));
    let sent = send_parts(&app, &upload, &bytes, &[1, 3]).await;
    for later in [json!(5 * MIB), json!(64 * MIB), Value::Null] {
        let again = announce(later).await;
        assert_eq!((plan(&again), &again["upload_id"]), (plan(&upload), &upload["upload_id"]));
    }
    assert_eq!(plan(&app.get(upload["status_url"].as_str().unwrap()).await.body), plan(&upload));
    let last = send_parts(&app, &upload, &bytes, &[2]).await;
    let parts = [sent, last].concat();
    let photo = app.complete(&upload, json!({"parts": parts, "checksum": crc64nvme(&bytes)})).await;
    assert_eq!(photo.status, 200, "{}", photo.body);

    for (preferred, part_size) in [(0, 5 * MIB), (1, 5 * MIB), (u64::MAX, 64 * MIB)] {
        let mut film = file(&format!("film-{preferred}"), "site.mp4", "video/mp4", 200 * MIB as u64);
        film["preferred_part_size"] = json!(preferred);
        assert_eq!(app.announce_one(film).await["part_size"], part_size, "{preferred}");
    }
    let mut photo = file("photo", "a.jpg", "image/jpeg", 4096);
    photo["preferred_part_size"] = json!(9 * MIB);
    assert_eq!(app.announce_one(photo).await["method"], "PUT", "what is small has no parts");
}
