//! `DELETE /api/v1/uploads/{upload_id}`.

use serde_json::{Value, json};
use windlass_presign_svc::ports::object_store::StoreError;

use crate::complete_parts::{MIB, announce_film, film, send_parts};
use crate::support::{PhotoSpec, TestApp, file_of, jpeg};

#[tokio::test]
async fn what_was_stored_goes_with_the_upload() {
    let app = TestApp::start().await;
    let bytes = film(6 * MIB);
    let upload = announce_film(&app, &bytes).await;
    send_parts(&app, &upload, &bytes, &[1]).await;
    let record = app.record(&upload).await;
    let path = upload["status_url"].as_str().unwrap();
    assert_eq!(app.delete(path).await.status, 204);
    assert_eq!(app.get(path).await.body["status"], "aborted");
    let multipart = record.progress().multipart.clone().unwrap();
    let listed = app.app.store.list_parts(&record.original_key(), &multipart).await;
    assert!(matches!(listed, Err(StoreError::NoSuchUpload)));
    assert_eq!(app.delete(path).await.status, 204, "again");
    app.complete(&upload, Value::Null).await.assert_problem(409, "upload_closed");
    let anew = announce_film(&app, &bytes).await;
    assert_ne!(anew["upload_id"], upload["upload_id"]);
}

#[tokio::test]
async fn a_photo_cannot_be_aborted() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let path = format!("/api/v1/uploads/{}", photo["photo_id"].as_str().unwrap());
    app.delete(&path).await.assert_problem(409, "upload_closed");
}

#[tokio::test]
async fn a_stored_put_goes_too() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of("a", "a.jpg", &bytes);
    announced["variants"] =
        json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": 20_000, "width": 9, "height": 9}]);
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.put(&upload["variants"][0], &bytes).await.status(), 200);
    let record = app.record(&upload).await;
    app.delete(upload["status_url"].as_str().unwrap()).await;
    for key in [record.original_key(), record.variant_key(&record.progress().variants[0])] {
        assert!(matches!(app.app.store.head(&key).await, Err(StoreError::NotFound)), "{key}");
    }
}
