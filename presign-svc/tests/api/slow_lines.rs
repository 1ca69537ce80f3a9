//! One request that takes longer than its URL lives: the bucket looks at the time when it begins, and what it brings
//! in the end is a photo, or is removed.

use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::jobs::cleanup::{Swept, sweep};
use windlass_presign_svc::jobs::notice::look;
use windlass_presign_svc::ports::object_store::StoreError;

use crate::companion::{params, photos, send_form};
use crate::support::{PhotoSpec, TestApp, jpeg};

const MINUTE: Duration = Duration::from_secs(60);
/// At 80 kbit/s 28 minutes.
const SIZE_BYTES: usize = 16 << 20;

fn large() -> Vec<u8> {
    jpeg(&PhotoSpec { size_bytes: SIZE_BYTES, ..PhotoSpec::default() })
}

/// A file by one PUT, as it was announced.
async fn announce(app: &TestApp, size_bytes: usize) -> Value {
    let file = json!({"file_name": "roof.jpg", "file_size": size_bytes, "mime_type": "image/jpeg"});
    app.post("/api/v1/photos/upload-url", file).await.body
}

async fn put(app: &TestApp, announced: &Value, bytes: &[u8]) {
    let signed = json!({"url": announced["upload_url"], "headers": announced["headers"]});
    assert_eq!(app.put(&signed, bytes).await.status(), 200);
}

#[tokio::test]
async fn a_form_that_takes_longer_than_its_url_lives_is_a_photo_when_it_is_there() {
    let app = TestApp::start().await;
    let bytes = large();
    let form = format!(
        "/s3/params?filename=roof.jpg&type=image%2Fjpeg&metadata%5Bproject_id%5D=job-7\
         &metadata%5Bsize%5D={}",
        bytes.len()
    );
    let form = params(&app, &form).await;
    for _ in 0..42 {
        app.clock.advance(MINUTE);
        look(&app.app).await;
        assert_eq!(sweep(&app.app).await.unwrap(), Swept::default());
    }
    // The bucket's clock was not moved on: to it the form began in time.
    assert_eq!(send_form(&app, &form, &bytes).await.status(), 201);
    app.clock.advance(MINUTE);
    look(&app.app).await;
    assert_eq!((photos(&app).await.len(), app.app.awaited.count()), (1, 0));
}

#[tokio::test]
async fn a_put_that_takes_longer_than_its_url_lives_is_a_photo_though_nobody_awaits_it() {
    let app = TestApp::start().await;
    let bytes = large();
    let announced = announce(&app, bytes.len()).await;
    announce(&app, 4096).await;
    app.clock.advance(42 * MINUTE);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { expired: 1, ..Swept::default() }, "the small one");
    put(&app, &announced, &bytes).await;
    app.clock.advance(42 * MINUTE);
    // What was given up is cleaned up for the last time, too.
    let swept = sweep(&app.app).await.unwrap();
    assert_eq!(swept, Swept { finished: 1, cleaned: 1, ..Swept::default() });
    assert_eq!(photos(&app).await.len(), 1);
}

#[tokio::test]
async fn what_a_slow_line_brings_after_its_upload_was_given_up_is_removed() {
    let app = TestApp::start().await;
    let bytes = large();
    let announced = announce(&app, bytes.len()).await;
    let key = app.record(&announced).await.original_key();
    assert_eq!(app.delete(announced["status_url"].as_str().unwrap()).await.status, 204);
    app.clock.advance(42 * MINUTE);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept::default(), "it may come yet");
    put(&app, &announced, &bytes).await;
    app.clock.advance(42 * MINUTE);
    assert_eq!(sweep(&app.app).await.unwrap(), Swept { cleaned: 1, ..Swept::default() });
    assert!(matches!(app.app.store.head(&key).await, Err(StoreError::NotFound)));
}
