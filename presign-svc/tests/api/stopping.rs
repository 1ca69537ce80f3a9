//! A stop while the bucket does not answer.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use windlass_presign_svc::jobs::{notice, runner};

use crate::support::{TestApp, file};

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn jobs_that_wait_for_a_silent_bucket_end_when_they_are_told_to() {
    let app = TestApp::start().await;
    let upload = app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    app.app.awaited.add(&app.record(&upload).await, app.app.clock.now(), LIMIT);
    // Past its deadline, and long due to be looked for.
    app.pass(Duration::from_secs(86_400));
    app.store.is_silent.store(true, SeqCst);
    for job in ["the janitor", "the one that looks for bytes"] {
        let stop = CancellationToken::new();
        let working = match job {
            "the janitor" => tokio::spawn(runner::run(app.app.clone(), stop.clone())),
            _ => tokio::spawn(notice::run(app.app.clone(), stop.clone())),
        };
        assert!(timeout(LIMIT, app.store.asked_in_silence.notified()).await.is_ok(), "{job} asks nothing");
        stop.cancel();
        assert!(timeout(LIMIT, working).await.is_ok(), "{job} goes on");
    }
}
