//! A clock that is wrong, and what is due by it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use windlass_presign_svc::jobs::reconcile;
use windlass_presign_svc::jobs::retention::forget_old_events;
use windlass_presign_svc::jobs::runner::sweep_all;
use windlass_presign_svc::jobs::time_check::{UnsureOfTime, check_time};
use windlass_presign_svc::ports::object_store::ObjectStore as _;
use windlass_protocol::UploadStatus;

use crate::support::{PhotoSpec, TestApp, file, jpeg};

const DAYS: Duration = Duration::from_secs(8 * 86_400);

#[tokio::test]
async fn by_a_clock_that_is_days_ahead_nothing_is_closed_removed_or_forgotten() {
    let app = TestApp::start().await;
    app.upload("photo", &jpeg(&PhotoSpec::default())).await;
    let waiting = app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    // One that no record knows.
    app.store.create_multipart(&app.record(&waiting).await.original_key(), "image/jpeg").await.unwrap();
    let left = || async {
        let open = app.store.list_multiparts("", None).await.unwrap().multiparts.len();
        (app.record(&waiting).await.status(), open)
    };

    app.clock.advance(DAYS);
    sweep_all(&app.app).await;
    reconcile::runner::compare(&app.app).await;
    assert_eq!(left().await, (UploadStatus::PendingUpload, 1));
    let told = check_time(&app.app).await.unwrap_err().to_string();
    assert!(told.contains("seconds ahead of the bucket's") && told.contains("NTP"), "{told}");

    *app.store.ahead.lock().unwrap() += DAYS;
    assert_eq!(forget_old_events(&app.app).await.unwrap(), 1, "it was there");
    sweep_all(&app.app).await;
    reconcile::runner::compare(&app.app).await;
    assert_eq!(left().await, (UploadStatus::Expired, 0), "days have passed indeed");
}

#[tokio::test]
async fn nothing_is_due_before_the_bucket_has_said_what_time_it_is() {
    let app = TestApp::start().await;
    app.store.is_down.store(true, SeqCst);
    assert!(matches!(check_time(&app.app).await, Err(UnsureOfTime::Unheard(_))));
    app.store.is_down.store(false, SeqCst);
    assert!(check_time(&app.app).await.is_ok());
    app.store.is_down.store(true, SeqCst);
    assert!(check_time(&app.app).await.is_ok(), "what it said goes on to be true");
}
