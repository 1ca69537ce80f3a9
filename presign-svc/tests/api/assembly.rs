//! Several uploads to be put together at a time: none keeps the others waiting.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use windlass_presign_svc::jobs::assemble::assemble_due;
use windlass_presign_svc::jobs::runner;

use crate::staging::{PIECE, all, photo, stage};
use crate::support::{TestApp, crc64nvme, file_of};

const LIMIT: Duration = Duration::from_secs(30);

/// One whose pieces are all there.
async fn staged(app: &TestApp, name: &str) -> Value {
    let bytes = [photo(), name.as_bytes().to_vec()].concat();
    let mut file = file_of(name, "roof.jpg", &bytes);
    file["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(file).await;
    stage(app, &upload, &bytes, PIECE, &all(&bytes, PIECE)).await;
    upload
}

/// One that is to be put together.
async fn due(app: &TestApp, name: &str) -> Value {
    let upload = staged(app, name).await;
    app.complete(&upload, Value::Null).await.assert_problem(409, "assembling");
    upload
}

#[tokio::test]
async fn what_another_instance_puts_together_is_left_to_it_at_once() {
    let app = TestApp::start().await;
    let (elsewhere, next) = (due(&app, "elsewhere").await, due(&app, "next").await);
    let id = elsewhere["upload_id"].as_str().unwrap().parse().unwrap();
    *app.leases.at_work_elsewhere.lock().unwrap() = Some(id);
    let begun = timeout(LIMIT, assemble_due(&app.app)).await.unwrap();
    assert_eq!(begun.unwrap(), 2, "tried, and put together");
    assert_eq!(app.complete(&next, Value::Null).await.status, 200);
    assert!(app.record(&elsewhere).await.progress().assembly_due_at.is_some());
}

#[tokio::test]
async fn a_bug_met_while_one_is_put_together_leaves_it_for_later_and_goes_on_with_the_next() {
    let app = TestApp::start().await;
    let (first, second) = (due(&app, "first").await, due(&app, "second").await);
    app.store.panics_once.store(true, SeqCst);
    assert_eq!(assemble_due(&app.app).await.unwrap(), 2);
    assert_eq!(app.complete(&second, Value::Null).await.status, 200);
    app.clock.advance(LIMIT);
    assert_eq!(assemble_due(&app.app).await.unwrap(), 1);
    assert_eq!(app.complete(&first, Value::Null).await.status, 200);
}

#[tokio::test]
async fn what_comes_while_another_is_put_together_does_not_wait_for_it() {
    let app = TestApp::start().await;
    due(&app, "endless").await;
    app.store.is_silent_once.store(true, SeqCst);
    let stop = CancellationToken::new();
    let working = tokio::spawn(runner::run(app.app.clone(), stop.clone()));
    timeout(LIMIT, app.store.asked_in_silence.notified()).await.unwrap();
    for name in ["next", "last"] {
        let upload = staged(&app, name).await;
        let photo = async { while app.complete(&upload, Value::Null).await.status != 200 {} };
        assert!(timeout(LIMIT, photo).await.is_ok(), "{name} waits");
    }
    stop.cancel();
    timeout(LIMIT, working).await.unwrap().unwrap();
}
