//! The service is told to stop while much is under way (row F45): what was begun is answered, who watches is told to
//! come again, and it is over soon.

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

use fault_proxy::{Fault, Rule};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::bucket::Bucket;
use crate::document::complete;
use crate::events::Events;
use crate::service::{Served, WINDLASS, program, serve};

const REQUESTS: usize = 200;
const STREAMS: usize = 50;
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
/// As many files as are announced at once.
const BATCH: usize = 100;

/// Photos whose bytes are all in the store; their uploads.
async fn sent(service: &Served) -> Vec<String> {
    let bytes = [b"%PDF-1.7\n".to_vec(), vec![b' '; 512]].concat();
    let file = |number: usize| {
        json!({"client_ref": format!("plan-{number}"), "filename": "plan.pdf", "content_type": "application/pdf",
               "size": bytes.len()})
    };
    let mut ids = Vec::new();
    for first in (0..REQUESTS).step_by(BATCH) {
        let files: Vec<Value> = (first..first + BATCH).map(file).collect();
        let (status, body) =
            service.post("/api/v1/uploads", &json!({"project_id": "job-7", "files": files})).await;
        assert_eq!(status, 201, "{body}");
        let uploads = body["uploads"].as_array().unwrap();
        let stored = join_all(uploads.iter().map(|upload| service.put(upload, &bytes))).await;
        assert!(stored.iter().all(|status| *status == 200), "{stored:?}");
        ids.extend(uploads.iter().map(|upload| upload["upload_id"].as_str().unwrap().to_owned()));
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn f45_at_sigterm_200_requests_are_answered_50_streams_end_and_all_is_over_within_ten_seconds() {
    let (bucket, data) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let mut command = bucket.windlass("store").await;
    command.args(serve(data.path()));
    let mut service = Served::start(command);
    let ids = sent(&service).await;
    let mut streams = join_all((0..STREAMS).map(|_| Events::open(&service, "project_id=job-7"))).await;
    for stream in &mut streams {
        assert_eq!(stream.next().await.unwrap().0, "ready");
    }

    // The store answers none of them before all are under way at once, and the service is told to stop.
    let held = Rule { method: Some("HEAD".to_owned()), ..Rule::always(Fault::Hold) };
    bucket.proxy.set_rules(vec![held]).unwrap();
    bucket.proxy.forget_requests();
    let answers = join_all(ids.iter().map(|id| complete(&service, id)));
    let stop = async {
        let began = Instant::now();
        let waits = |entry: &fault_proxy::JournalEntry| entry.method == "HEAD" && entry.ended_ms.is_none();
        while bucket.proxy.requests_after(0).iter().filter(|entry| waits(entry)).count() < REQUESTS {
            assert!(began.elapsed() < PATIENCE, "they are not all under way at once");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        service.tell_to_stop();
    };
    let watched = join_all(streams.into_iter().map(|mut stream| async move {
        let mut created = Vec::new();
        // Its end is an end, and not a connection that broke: whoever reads it would fail.
        while let Some((name, data)) = stream.next().await {
            if name == "photo.created" {
                created.push(data["photo_id"].clone());
            }
        }
        (created, stream.last)
    }));
    let stopped = async {
        let ((), created) = tokio::join!(stop, watched);
        // The streams have ended: it has heard that it is to stop.
        bucket.proxy.set_rules(Vec::new()).unwrap();
        created
    };
    let (answers, created) = tokio::join!(answers, stopped);
    for (status, photo) in &answers {
        assert_eq!(*status, 200, "{photo}");
    }
    assert_eq!(created.len(), STREAMS);
    let (status, _) = service.ended().await;
    assert!(status.success(), "{status}");
    // Within ten seconds, by its own clock: it cuts off what takes longer, and says so.
    assert!(!service.log().contains("cut off"), "{}", service.log());

    // Nothing of it was lost: all are photos after the next start.
    let mut command = bucket.windlass("again").await;
    command.args(serve(data.path()));
    let mut again = Served::start(command);
    let service = &again;
    let mut expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    expected.sort_unstable();
    for id in &ids {
        let (status, body) = service.get(&format!("/api/v1/uploads/{id}")).await;
        assert_eq!((status, body["status"].as_str()), (200, Some("uploaded")), "{body}");
    }
    // Who watched is told of each, once, after coming again with the number of the last event that was told.
    let streams = created.iter().map(|(_, last)| async move {
        Events::open(service, &format!("project_id=job-7&last_event_id={last}")).await
    });
    let mut streams = join_all(streams).await;
    let caption = json!({"caption": "the last"});
    let path = format!("/api/v1/photos/{}", ids[0]);
    assert_eq!(service.send(Method::PATCH, &path, &caption).await.0, 200);
    for (stream, (before, _)) in streams.iter_mut().zip(&created) {
        let mut told = before.clone();
        told.extend(stream.photos_of("photo.created", "photo.updated").await);
        let mut told: Vec<&str> = told.iter().map(|photo| photo.as_str().unwrap()).collect();
        told.sort_unstable();
        assert_eq!(told, expected, "of each photo once");
    }
    again.check_health();
}

#[tokio::test]
async fn a_stop_does_not_wait_until_every_file_of_the_embedded_store_is_read() {
    let data = tempfile::tempdir().unwrap();
    // A manifest that is never read to its end: a slow disk with very many.
    let shard = data.path().join("store/objects/00");
    std::fs::create_dir_all(&shard).unwrap();
    let slow = shard.join("00slow.json");
    assert!(Command::new("mkfifo").arg(&slow).status().unwrap().success());
    let mut command = program(WINDLASS);
    command.args(serve(data.path()));
    let mut service = Served::start(command);
    // Opened for writing once somebody reads it, and kept open.
    let (opened, is_read) = oneshot::channel();
    std::thread::spawn(move || opened.send(File::options().write(true).open(slow)));
    let _writer = tokio::time::timeout(PATIENCE, is_read).await.unwrap().unwrap().unwrap();
    service.tell_to_stop();
    let (status, _) = service.ended().await;
    assert!(status.success(), "{status}: {}", service.log());
}
