//! `POST /api/v1/uploads/{upload_id}/complete` for files sent by one PUT.

use serde_json::{Value, json};

use crate::support::{Answer, PhotoSpec, TestApp, crc64nvme, file, file_of, jpeg, random_bytes};

#[tokio::test]
async fn a_photo_is_shown_as_its_own_bytes_describe_it() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of("a", "roof.jpg", &bytes);
    announced["metadata"] = json!({"make": "a claim", "display_orientation": 1});
    let upload = app.announce_one(announced).await;
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    let answer = app.complete(&upload, Value::Null).await;
    let photo = answer.body;
    assert_eq!(answer.status, 200, "{photo}");
    assert_eq!(photo["status"], "uploaded");
    assert_eq!(photo["metadata"]["make"], "Windlass");
    assert_eq!((photo["width"].as_u64(), photo["height"].as_u64()), (Some(3036), Some(4048)), "as shown");
    assert_eq!(photo["taken_at"], "2026-11-20T16:34:23");
    assert_eq!(photo["kind"], "photo");
    let fetched = app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/jpeg");
    assert_eq!(
        fetched.headers()["content-disposition"],
        "inline; filename=\"roof.jpg\"; filename*=UTF-8''roof.jpg"
    );
    assert_eq!(fetched.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn the_clients_reading_is_kept_where_the_service_cannot_read() {
    let app = TestApp::start().await;
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend(random_bytes(2000, 3));
    let mut announced = file("a", "plan.pdf", "application/pdf", bytes.len() as u64);
    announced["metadata"] = json!({"software": "CAD", "display_orientation": 1});
    let upload = app.announce_one(announced).await;
    app.put(&upload, &bytes).await;
    let photo = app.complete(&upload, Value::Null).await.body;
    assert_eq!(
        (photo["kind"].as_str(), photo["status"].as_str()),
        (Some("document"), Some("uploaded")),
        "{photo}"
    );
    let read = &photo["metadata"];
    assert_eq!(
        (read["software"].as_str(), read["content_type"].as_str(), read["display_orientation"].as_u64()),
        (Some("CAD"), Some("application/pdf"), Some(1)),
        "{photo}"
    );
    let fetched = app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
    assert!(fetched.headers()["content-disposition"].to_str().unwrap().starts_with("attachment;"));
}

#[tokio::test]
async fn before_the_bytes_arrive_the_upload_stays_open() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.complete(&upload, json!({})).await.assert_problem(409, "bytes_missing");
    app.put(&upload, &bytes).await;
    assert_eq!(app.complete(&upload, json!({})).await.status, 200);
}

/// As axios writes a body that it does not have, where the type is named.
#[tokio::test]
async fn a_body_that_is_null_is_as_good_as_none() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    let complete = format!("/api/v1/uploads/{}/complete", upload["upload_id"].as_str().unwrap());
    for path in [complete.as_str(), "/api/v1/projects/job-7/upload-links"] {
        let send = async |body: &'static str| {
            let request = app.http.post(app.url(path)).bearer_auth(app.ann()).body(body);
            Answer::of(request.header("content-type", "application/json").send().await.unwrap()).await
        };
        let answer = send("null").await;
        assert!([200, 201].contains(&answer.status), "{path}: {}", answer.body);
        for odd in ["nullx", "[]", "7", "{\"x\": null}"] {
            assert_eq!(send(odd).await.status, 400, "{path}: {odd}");
        }
    }
}

#[tokio::test]
async fn f26_completing_again_answers_the_same() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    let once = app.complete(&upload, Value::Null).await;
    let again = app.complete(&upload, Value::Null).await;
    assert_eq!((once.status, &once.body), (again.status, &again.body));
}

#[tokio::test]
async fn completing_again_with_the_checksum_of_another_file_is_refused_and_harms_nothing() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    assert_eq!(app.complete(&upload, Value::Null).await.status, 200);
    let other = app.complete(&upload, json!({"checksum": crc64nvme(b"another file")})).await;
    other.assert_problem(422, "checksum_mismatch");
    let same = app.complete(&upload, json!({"checksum": crc64nvme(&bytes)})).await;
    assert_eq!((same.status, same.body["status"].as_str()), (200, Some("uploaded")));
}

#[tokio::test]
async fn t06_content_of_another_type_is_removed_and_the_upload_says_why() {
    let app = TestApp::start().await;
    let html = [b"<!doctype html><script>alert(1)</script>".to_vec(), vec![b' '; 2000]].concat();
    let upload = app.announce_one(file_of("a", "a.jpg", &html)).await;
    assert_eq!(app.put(&upload, &html).await.status(), 200);
    let refused = app.complete(&upload, Value::Null).await;
    refused.assert_problem(422, "type_mismatch");
    app.complete(&upload, Value::Null).await.assert_problem(422, "type_mismatch");
    let state = app.get(upload["status_url"].as_str().unwrap()).await.body;
    assert_eq!(
        (state["status"].as_str(), state["error"]["code"].as_str()),
        (Some("failed"), Some("type_mismatch"))
    );
    let key = app.record(&upload).await.original_key();
    assert!(app.app.store.head(&key).await.is_err(), "removed");
    let listed = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!(listed["photos"], json!([]));
    let again = app.announce_one(file_of("a", "a.jpg", &html)).await;
    assert_ne!(again["upload_id"], upload["upload_id"], "the same file may be announced anew");
}

#[tokio::test]
async fn t06_a_png_is_no_jpeg() {
    let app = TestApp::start().await;
    let png = [b"\x89PNG\r\n\x1a\n".to_vec(), random_bytes(3000, 5)].concat();
    let upload = app.announce_one(file_of("a", "roof photo.jpg", &png)).await;
    app.put(&upload, &png).await;
    let refused = app.complete(&upload, Value::Null).await;
    refused.assert_problem(422, "type_mismatch");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("image/png") && detail.ends_with('.'), "{detail}");
    assert!(detail.starts_with("roof photo.jpg: "), "a name stays as it is: {detail}");
}

#[tokio::test]
async fn t09_the_store_takes_only_the_announced_bytes() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of("a", "a.jpg", &bytes);
    announced["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(announced).await;
    let mut flipped = bytes.clone();
    flipped[9000] ^= 1;
    assert_eq!(app.put(&upload, &flipped).await.status(), 400, "checksum");
    assert_eq!(app.put(&upload, &bytes[1..]).await.status(), 403, "length");
    app.complete(&upload, Value::Null).await.assert_problem(409, "bytes_missing");
    assert_eq!(app.put(&upload, &bytes).await.status(), 200);
    assert_eq!(app.complete(&upload, json!({"checksum": crc64nvme(&bytes)})).await.status, 200);
}

#[tokio::test]
async fn f39_a_wrong_checksum_given_on_completion_refuses_the_bytes_and_removes_them() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let mut announced = file_of("a", "a.jpg", &bytes);
    announced["checksum"] = json!(crc64nvme(&bytes));
    let upload = app.announce_one(announced).await;
    app.put(&upload, &bytes).await;
    let wrong = app.complete(&upload, json!({"checksum": crc64nvme(b"others")})).await;
    wrong.assert_problem(422, "checksum_mismatch");
    assert_is_no_photo(&app, &upload).await;
}

/// What was refused for its bytes is nowhere: neither in the bucket nor begun there, in no list, and nobody was told.
pub async fn assert_is_no_photo(app: &TestApp, upload: &Value) {
    let state = app.get(upload["status_url"].as_str().unwrap()).await.body;
    assert_eq!(state["status"], "failed", "{state}");
    assert!(app.app.store.head(&app.record(upload).await.original_key()).await.is_err());
    assert_eq!(app.app.store.list_multiparts("", None).await.unwrap().multiparts, []);
    let list = app.get("/api/v1/photos?project_id=job-7").await.body;
    assert_eq!((&list["photos"], &list["latest_event"]), (&json!([]), &json!(0)), "{list}");
}

#[tokio::test]
async fn t12_a_url_cannot_replace_what_was_verified() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    let photo = app.complete(&upload, Value::Null).await.body;
    let mut other = bytes.clone();
    other[9000] ^= 1;
    assert_eq!(app.put(&upload, &other).await.status(), 412);
    let fetched = app.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn variants_are_shown_once_they_are_stored_and_are_pictures() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let small = jpeg(&PhotoSpec { size_bytes: 900, ..PhotoSpec::default() });
    let page = vec![b'<'; 900];
    let variant = |name: &str| json!({"name": name, "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150});
    let mut announced = file_of("a", "roof.jpg", &bytes);
    announced["variants"] = json!([variant("thumb_200"), variant("web_800"), variant("fake")]);
    let upload = app.announce_one(announced).await;
    app.put(&upload, &bytes).await;
    app.put(&upload["variants"][0], &small).await;
    app.put(&upload["variants"][2], &page).await;
    let names = |photo: &Value| photo["variants"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let photo = app.complete(&upload, Value::Null).await.body;
    assert_eq!(names(&photo), ["thumb_200"], "{photo}");
    let fetched = app.http.get(photo["variants"]["thumb_200"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), small);
    app.put(&upload["variants"][1], &small).await;
    let late = app.complete(&upload, Value::Null).await.body;
    assert_eq!(names(&late), ["thumb_200", "web_800"]);
}

/// What any holder of a signed URL can do: S3 keeps a header that nobody signed, and gives it to whoever opens the object.
async fn put_as_if_encoded(app: &TestApp, signed: &Value, bytes: &[u8]) {
    let mut encoded = signed.clone();
    encoded["headers"]["content-encoding"] = json!("gzip");
    assert_eq!(app.put(&encoded, bytes).await.status(), 200);
}

#[tokio::test]
async fn t06_a_photo_that_is_to_be_decoded_as_gzip_is_refused() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("a", "roof.jpg", &bytes)).await;
    put_as_if_encoded(&app, &upload, &bytes).await;
    let refused = app.complete(&upload, Value::Null).await;
    refused.assert_problem(422, "type_mismatch");
    assert!(refused.body["detail"].as_str().unwrap().contains("Content-Encoding: gzip"), "{}", refused.body);
}

#[tokio::test]
async fn t06_a_smaller_picture_that_is_to_be_decoded_as_gzip_is_not_shown() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let small = jpeg(&PhotoSpec { size_bytes: 900, ..PhotoSpec::default() });
    let mut announced = file_of("a", "roof.jpg", &bytes);
    announced["variants"] = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150}]);
    let upload = app.announce_one(announced).await;
    put_as_if_encoded(&app, &upload["variants"][0], &small).await;
    app.put(&upload, &bytes).await;
    assert_eq!(app.complete(&upload, Value::Null).await.body["variants"], json!({}));
}

#[tokio::test]
async fn a_body_that_is_wrong_is_refused() {
    let app = TestApp::start().await;
    let upload = app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    for (body, field) in [
        (json!([]), Value::Null),
        (json!({"status": "uploaded"}), json!("status")),
        (json!({"parts": [{"part_number": 0, "etag": "x"}]}), json!("parts[0].part_number")),
        (json!({"checksum": "nonsense"}), json!("checksum")),
    ] {
        let answer = app.complete(&upload, body).await;
        answer.assert_problem(400, "invalid_request");
        assert_eq!(answer.body["field"], field);
    }
}
