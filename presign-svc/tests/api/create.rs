//! `POST /api/v1/uploads`.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::ports::object_store::ObjectStore as _;

use crate::support::{Answer, PhotoSpec, TestApp, crc64nvme, file, file_of, jpeg};

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn one_bad_file_does_not_refuse_the_others() {
    let app = TestApp::start().await;
    let cases = [
        ("good", file("good", "a.jpg", "image/jpeg", 4096), None),
        ("empty", file("empty", "a.jpg", "image/jpeg", 0), Some("file_too_small")),
        ("tiny", file("tiny", "a.jpg", "image/jpeg", 1023), Some("file_too_small")),
        ("large", file("large", "a.jpg", "image/jpeg", 50 * MIB + 1), Some("file_too_large")),
        ("exe", file("exe", "my tool.exe", "application/x-msdownload", 4096), Some("type_not_allowed")),
        ("svg", file("svg", "a.svg", "image/svg+xml", 4096), Some("type_not_allowed")),
        ("none", file("none", "noextension", "", 4096), Some("type_not_allowed")),
        ("heic", file("heic", "IMG_1.HEIC", "", 4096), None),
        ("pdf", file("pdf", "plan.pdf", "application/pdf", 100 * MIB), None),
    ];
    let files: Vec<Value> = cases.iter().map(|(_, file, _)| file.clone()).collect();
    let uploads = app.announce(json!(files)).await;
    assert_eq!(uploads.len(), cases.len());
    for ((client_ref, _, error), upload) in cases.iter().zip(uploads) {
        assert_eq!(upload["client_ref"], *client_ref);
        assert_eq!(upload["error"]["code"].as_str(), *error, "{upload}");
        assert_eq!(upload["status"].as_str(), error.is_none().then_some("pending_upload"), "{upload}");
        if error.is_some() {
            assert_eq!(upload["error"]["file"], *client_ref);
            assert!(upload["error"]["request_id"].is_string());
        }
        if *client_ref == "exe" {
            let detail = upload["error"]["detail"].as_str().unwrap();
            assert!(detail.starts_with("my tool.exe: files of type"), "a name stays as it is: {detail}");
        }
    }
}

#[tokio::test]
async fn up_to_five_mebibytes_go_by_put_and_more_in_parts() {
    let app = TestApp::start().await;
    let put = app.announce_one(file("a", "a.jpg", "image/jpeg", 5 * MIB)).await;
    assert_eq!(put["method"], "PUT");
    assert_eq!(put["headers"]["content-type"], "image/jpeg");
    assert_eq!(put["headers"]["content-length"], (5 * MIB).to_string());
    assert_eq!(put["upload_id"], put["photo_id"]);
    let parts = app.announce_one(file("b", "b.jpg", "image/jpeg", 5 * MIB + 1)).await;
    assert_eq!(parts["method"], "MULTIPART");
    assert_eq!((parts["part_size"].as_u64(), parts["part_count"].as_u64()), (Some(5 * MIB), Some(2)));
    assert_eq!(parts["url"], Value::Null);
    assert_eq!(parts["parts"][1]["size"], 1);
}

#[tokio::test]
async fn the_same_client_ref_is_the_same_upload() {
    let app = TestApp::start().await;
    let photo = jpeg(&PhotoSpec::default());
    let once = app.announce_one(file_of("a", "a.jpg", &photo)).await;
    let again = app.announce_one(file_of("a", "renamed.jpg", &photo)).await;
    assert_eq!(once["upload_id"], again["upload_id"]);
    assert_eq!(again["status"], "pending_upload");
    assert_eq!(app.put(&again, &photo).await.status(), 200, "signed again");
    app.complete(&again, Value::Null).await;
    let done = app.announce_one(file_of("a", "a.jpg", &photo)).await;
    assert_eq!(done["upload_id"], once["upload_id"]);
    assert_eq!((done["status"].as_str(), &done["url"]), (Some("uploaded"), &Value::Null));
    let large = file("b", "b.mp4", "video/mp4", 20 * MIB);
    let twice = app.announce(json!([large, large])).await;
    assert_eq!(twice[0]["upload_id"], twice[1]["upload_id"], "also within one request");
    let url = |upload: &Value| {
        let url = upload["parts"][0]["url"].as_str().unwrap();
        url.split(['?', '&']).find(|pair| pair.starts_with("uploadId=")).map(str::to_owned)
    };
    assert_eq!(url(&twice[0]), url(&twice[1]), "and one multipart upload in the store");
}

#[tokio::test]
async fn what_the_store_has_already_gets_no_url_when_it_is_announced_again() {
    let app = TestApp::start().await;
    let (photo, small) =
        (jpeg(&PhotoSpec::default()), jpeg(&PhotoSpec { width: 64, ..PhotoSpec::default() }));
    let variant = |name: &str| {
        json!({"name": name, "content_type": "image/jpeg", "size": small.len(), "width": 64, "height": 48,
               "checksum": crc64nvme(&small)})
    };
    let mut announced = file_of("a", "a.jpg", &photo);
    announced["checksum"] = json!(crc64nvme(&photo));
    announced["variants"] = json!([variant("thumb_200"), variant("web_1920")]);
    let first = app.announce_one(announced.clone()).await;
    assert_eq!(app.put(&first["variants"][0], &small).await.status(), 200);
    let names = |upload: &Value| {
        let variants = upload["variants"].as_array().unwrap();
        variants.iter().map(|variant| variant["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let again = app.announce_one(announced.clone()).await;
    assert_eq!(names(&again), ["web_1920"], "the thumbnail is there");
    assert!(again["url"].is_string(), "the original is not");
    assert_eq!(app.put(&again, &photo).await.status(), 200);
    let last = app.announce_one(announced).await;
    assert_eq!((&last["url"], last["status"].as_str()), (&Value::Null, Some("pending_upload")));
    assert_eq!(app.complete(&last, Value::Null).await.status, 200);
}

#[tokio::test]
async fn the_same_client_ref_for_another_file_is_refused() {
    let app = TestApp::start().await;
    app.announce_one(file("a", "a.jpg", "image/jpeg", 4096)).await;
    let mut checked = file("b", "b.jpg", "image/jpeg", 4096);
    checked["checksum"] = json!(crc64nvme(b"one"));
    app.announce_one(checked.clone()).await;
    checked["checksum"] = json!(crc64nvme(b"other"));
    for other in [file("a", "a.jpg", "image/jpeg", 4097), file("a", "a.png", "image/png", 4096), checked] {
        let refused = app.announce_one(other).await;
        assert_eq!(refused["error"]["code"], "client_ref_conflict", "{refused}");
    }
}

#[tokio::test]
async fn a_stored_photo_is_not_the_answer_to_a_file_with_another_checksum() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    app.upload("a", &bytes).await;
    let announced = |checksum: String| {
        let mut file = file_of("a", "roof.jpg", &bytes);
        file["checksum"] = json!(checksum);
        file
    };
    let other = app.announce_one(announced(crc64nvme(b"another file"))).await;
    assert_eq!(other["error"]["code"], "client_ref_conflict", "{other}");
    let same = app.announce_one(announced(crc64nvme(&bytes))).await;
    assert_eq!(same["status"], "uploaded", "{same}");
}

#[tokio::test]
async fn a_client_ref_belongs_to_its_project_and_tenant() {
    let app = TestApp::start().await;
    let request =
        |project: &str| json!({"project_id": project, "files": [file("a", "a.jpg", "image/jpeg", 4096)]});
    let mut ids = std::collections::HashSet::new();
    for (tenant, project) in [("acme", "job-7"), ("acme", "job-8"), ("other", "job-7")] {
        let token = app.token(tenant, &["*"], &[Scope::Upload]);
        let answer = app.call(reqwest::Method::POST, "/api/v1/uploads", &token, request(project)).await;
        ids.insert(answer.body["uploads"][0]["upload_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_name_never_enters_a_key_and_comes_back_cleaned() {
    let app = TestApp::start().await;
    let photo = jpeg(&PhotoSpec::default());
    let names = [
        ("../../../etc/passwd.jpg", "passwd.jpg"),
        ("a\r\nb\u{0}.jpg", "ab.jpg"),
        ("👷‍♀️ سقف \u{200F}.jpg", "👷‍♀️ سقف \u{200F}.jpg"),
        ("x\u{202E}gpj.jpg", "xgpj.jpg"),
        ("%2e%2e%2f.jpg", "%2e%2e%2f.jpg"),
        ("", "unnamed"),
    ];
    for (index, (given, kept)) in names.iter().enumerate() {
        let upload = app.announce_one(file_of(&format!("n{index}"), given, &photo)).await;
        let (path, _) = upload["url"].as_str().unwrap().split_once('?').unwrap();
        let key = path.split_once("/photos/").unwrap().1;
        let charset = |b: u8| b.is_ascii_alphanumeric() || b"/-._".contains(&b);
        assert!(key.bytes().all(charset) && !key.contains("..") && key.ends_with("/original.jpg"), "{key}");
        assert!(key.starts_with("acme/job-7/20"), "{key}");
        assert_eq!(app.put(&upload, &photo).await.status(), 200);
        assert_eq!(app.complete(&upload, Value::Null).await.body["filename"], *kept);
    }
    let long = app.announce_one(file_of("long", &format!("{}.jpg", "ü".repeat(300)), &photo)).await;
    assert_eq!(long["status"], "pending_upload");
}

#[tokio::test]
async fn variants_are_signed_beside_their_original() {
    let app = TestApp::start().await;
    let mut announced = file("a", "a.jpg", "image/jpeg", 4096);
    let variant =
        json!({"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200, "height": 150});
    announced["variants"] = json!([variant]);
    let upload = app.announce_one(announced.clone()).await;
    let url = upload["variants"][0]["url"].as_str().unwrap();
    assert!(url.contains("/thumb_200.jpg?"), "{url}");
    announced["client_ref"] = json!("b");
    announced["variants"] = json!([variant, variant]);
    let refused = app.announce_one(announced).await;
    assert_eq!(refused["error"]["code"], "invalid_request");
    assert_eq!(refused["error"]["field"], "variants[1].name");
}

#[tokio::test]
async fn a_request_that_is_wrong_as_a_whole_names_the_field() {
    let app = TestApp::start().await;
    let good = file("a", "a.jpg", "image/jpeg", 4096);
    let with = |name: &str, value: Value| {
        let mut file = good.clone();
        file[name] = value;
        json!({"project_id": "job-7", "files": [good, file]})
    };
    let many: Vec<Value> = (0..101).map(|n| file(&n.to_string(), "a.jpg", "image/jpeg", 4096)).collect();
    let without = |name: &str| {
        let mut file = good.clone();
        file.as_object_mut().unwrap().remove(name);
        json!({"project_id": "job-7", "files": [good, file]})
    };
    let cases = [
        (json!({"files": [good]}), "project_id"),
        (without("size"), "files[1].size"),
        (without("client_ref"), "files[1].client_ref"),
        (with("status", json!("completed")), "files[1].status"),
        (with("tenant", json!("other")), "files[1].tenant"),
        (with("folder", json!("x")), "files[1].folder"),
        (with("size", json!("4096")), "files[1].size"),
        (with("size", json!(-1)), "files[1].size"),
        (with("checksum", json!(7)), "files[1].checksum"),
        (with("client_ref", json!(7)), "files[1].client_ref"),
        (json!({"project_id": "../x", "files": [good]}), "project_id"),
        (json!({"project_id": "job-7", "files": [good], "tenant": "x"}), "tenant"),
        (json!({"project_id": "job-7", "files": []}), "files"),
        (json!({"project_id": "job-7", "files": many}), "files"),
    ];
    for (request, field) in cases {
        let answer = app.post("/api/v1/uploads", request).await;
        answer.assert_problem(400, "invalid_request");
        assert_eq!(answer.body["field"], field, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_name_or_a_checksum_that_is_not_well_formed_refuses_its_file_only() {
    let app = TestApp::start().await;
    let good = file("good", "a.jpg", "image/jpeg", 4096);
    let with = |name: &str, value: Value| {
        let mut file = file("bad", "b.jpg", "image/jpeg", 4096);
        file[name] = value;
        file
    };
    let variant = json!([{"name": "thumb_200", "content_type": "image/jpeg", "size": 900, "width": 200,
                          "height": 150, "checksum": "?"}]);
    let cases = [
        (with("checksum", json!("AAAA")), "bad", "checksum"),
        (with("variants", variant), "bad", "variants[0].checksum"),
        (with("client_ref", json!("a\u{7}")), "a\u{7}", "client_ref"),
        (with("client_ref", json!("")), "", "client_ref"),
    ];
    for (bad, name, field) in cases {
        let uploads = app.announce(json!([bad, good])).await;
        assert_eq!(uploads[0]["client_ref"], name, "{uploads:?}");
        let error = &uploads[0]["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!("invalid_request"), &json!(400)), "{error}");
        assert_eq!((&error["field"], &error["file"]), (&json!(field), &json!(name)), "{error}");
        assert!(error["request_id"].is_string(), "{error}");
        assert_eq!(uploads[1]["status"], "pending_upload", "{uploads:?}");
    }
}

#[tokio::test]
async fn a_project_the_token_does_not_cover_is_forbidden() {
    let app = TestApp::start().await;
    let request = json!({"project_id": "job-8", "files": [file("a", "a.jpg", "image/jpeg", 4096)]});
    app.post("/api/v1/uploads", request).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn when_the_store_is_down_small_files_are_still_announced() {
    let app = TestApp::start().await;
    app.store.is_down.store(true, SeqCst);
    let files = json!([file("a", "a.jpg", "image/jpeg", 4096), file("b", "b.mp4", "video/mp4", 20 * MIB)]);
    let uploads = app.announce(files.clone()).await;
    assert_eq!(uploads[0]["status"], "pending_upload");
    assert_eq!(uploads[1]["error"]["code"], "store_unavailable");
    app.store.is_down.store(false, SeqCst);
    let again = app.announce(files).await;
    assert_eq!(again[0]["upload_id"], uploads[0]["upload_id"]);
    assert_eq!(again[1]["part_count"], 4);
}

#[tokio::test]
async fn of_two_requests_with_one_client_ref_both_get_the_one_multipart_upload() {
    let app = TestApp::start().await;
    let request = json!({"project_id": "job-7", "files": [file("a", "a.mp4", "video/mp4", 6 << 20)]});
    // The second request comes in, and is answered, just after the first one was recorded.
    let rival =
        app.http.post(app.url("/api/v1/uploads")).bearer_auth(app.ann()).json(&request).build().unwrap();
    let (http, (told, answer)) = (app.http.clone(), tokio::sync::oneshot::channel());
    app.uploads.after_next_insert(async move {
        let _ = told.send(Answer::of(http.execute(rival).await.unwrap()).await);
    });
    let first = app.post("/api/v1/uploads", request).await.body;
    let second = answer.await.unwrap().body;
    let multipart = |body: &Value| {
        let url: reqwest::Url =
            body["uploads"][0]["parts"][0]["url"].as_str().expect("signed").parse().unwrap();
        url.query_pairs().find(|(name, _)| name == "uploadId").map(|(_, id)| id.into_owned())
    };
    assert_eq!(first["uploads"][0]["upload_id"], second["uploads"][0]["upload_id"]);
    assert_eq!(multipart(&first), multipart(&second));
}

#[tokio::test]
async fn whoever_hangs_up_while_a_multipart_upload_is_opened_leaves_none_that_nobody_knows() {
    let app = TestApp::start().await;
    let files = json!([file("a", "a.mp4", "video/mp4", 6 << 20)]);
    let body = json!({"project_id": "job-7", "files": files});
    let request = app.http.post(app.url("/api/v1/uploads")).bearer_auth(app.ann()).json(&body);
    app.store.answers_opening_late.store(true, SeqCst);
    let asking = tokio::spawn(request.send());
    app.store.has_opened.notified().await;
    asking.abort();
    // The service sees that nobody waits any more.
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.store.may_answer.notify_one();

    let again = app.announce(files).await;
    let url: reqwest::Url = again[0]["parts"][0]["url"].as_str().expect("signed").parse().unwrap();
    let only_one_is_open = async {
        loop {
            let open = app.store.list_multiparts("", None).await.unwrap().multiparts;
            if let [only] = open.as_slice() {
                assert!(url.query_pairs().any(|(name, id)| name == "uploadId" && id == only.id.0));
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), only_one_is_open).await.expect("one that nobody knows");
}
