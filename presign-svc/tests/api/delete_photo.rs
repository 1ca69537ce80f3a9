//! `DELETE /api/v1/photos/{photo_id}`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use windlass_presign_svc::jobs::cleanup::sweep;

use crate::support::{PhotoSpec, TestApp, file_of, jpeg};

#[tokio::test]
async fn a_deleted_photo_is_gone_everywhere() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let photo = app.upload("a", &bytes).await;
    let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, 204);
    app.delete(&path).await.assert_problem(404, "not_found");
    app.get(&path).await.assert_problem(404, "not_found");
    assert_eq!(app.get("/api/v1/photos?project_id=job-7").await.body["photos"], json!([]));
    assert_eq!(app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap().status(), 404);
    let anew = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    assert_ne!(anew["photo_id"], photo["photo_id"]);
}

#[tokio::test]
async fn objects_the_store_could_not_remove_go_later() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    app.store.is_down.store(true, Ordering::SeqCst);
    assert_eq!(app.delete(&path).await.status, 204);
    app.store.is_down.store(false, Ordering::SeqCst);
    let fetch = || async { app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap().status() };
    assert_eq!(fetch().await, 200, "still in the store");
    app.get(&path).await.assert_problem(404, "not_found");
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(sweep(&app.app).await.unwrap().cleaned, 1);
    assert_eq!(fetch().await, 404);
    assert_eq!(sweep(&app.app).await.unwrap().cleaned, 0, "nothing is left to do");
}
