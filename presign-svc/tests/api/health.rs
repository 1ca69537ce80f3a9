//! `GET /healthz`, `GET /readyz`.

use std::sync::atomic::Ordering;

use crate::support::{Answer, TestApp};

#[tokio::test]
async fn ready_means_that_the_store_answers() {
    let app = TestApp::start().await;
    let get = |path: &'static str| {
        let app = &app;
        async move { Answer::of(app.http.get(app.url(path)).send().await.unwrap()).await }
    };
    assert_eq!((get("/healthz").await.status, get("/readyz").await.status), (200, 200));
    app.store.is_down.store(true, Ordering::SeqCst);
    assert_eq!(get("/healthz").await.status, 200);
    get("/readyz").await.assert_problem(503, "store_unavailable");
}
