//! `windlass reconcile` as an operator runs it: what it says, what it touches, and what it takes to remove.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Served, run, token, windlass};

/// A service's folder with one photo in it that is old enough to be looked at; the service has ended.
async fn folder_of_a_photo() -> TempDir {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path());
    let token = token(folder.path(), &["--project", "job-7", "--scope", "upload read"]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let bytes = [b"%PDF-1.7\n".to_vec(), vec![b' '; 4096]].concat();
    let file = json!({"client_ref": "plan", "filename": "plan.pdf", "content_type": "application/pdf",
                      "size": bytes.len()});
    let request = json!({"project_id": "job-7", "files": [file]});
    let create = http.post(format!("{}/api/v1/uploads", served.api)).bearer_auth(&token).json(&request);
    let created: Value = create.send().await.unwrap().json().await.unwrap();
    let signed = &created["uploads"][0];
    let mut put = http.put(signed["url"].as_str().unwrap()).body(bytes);
    let headers = signed["headers"].as_object().unwrap();
    for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
        put = put.header(name, value.as_str().unwrap());
    }
    assert_eq!(put.send().await.unwrap().status(), 200);
    let path = format!("{}/api/v1/uploads/{}/complete", served.api, signed["upload_id"].as_str().unwrap());
    assert_eq!(http.post(path).bearer_auth(&token).send().await.unwrap().status(), 200);
    drop(served);
    for path in objects(folder.path()) {
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        manifest["last_modified"] = json!("2026-01-01T00:00:00Z");
        fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    }
    folder
}

/// The embedded store's manifests, one for each object.
fn objects(data: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(data.join("store/objects")).unwrap();
    let files = shards.flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

fn forget_the_record(data: &Path) {
    for file in fs::read_dir(data).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("windlass.sqlite")) {
            fs::remove_file(file).unwrap();
        }
    }
}

/// Whether it says that all is well, and what it says.
fn reconcile(data: &Path, arguments: &[&str]) -> (bool, String) {
    let (output, text) = run(windlass(data).args(["--log", "error", "reconcile"]).args(arguments));
    (output.status.success(), text)
}

#[tokio::test]
async fn beside_a_record_that_is_not_there_nothing_is_made_and_nothing_removed() {
    let folder = folder_of_a_photo().await;
    let data = folder.path();
    let (is_well, text) = reconcile(data, &[]);
    assert!(is_well && text.contains("1 objects (0 not ours), 1 photos: 0 findings"), "{text}");
    forget_the_record(data);
    for arguments in [&[][..], &["--adopt"], &["--remove"], &["--remove", "--yes-remove", "1"]] {
        let (is_well, text) = reconcile(data, arguments);
        assert!(!is_well && text.contains("WINDLASS_DATABASE_URL"), "{arguments:?}: {text}");
        assert!(!data.join("windlass.sqlite").exists(), "to compare is not to make");
        assert_eq!(objects(data).len(), 1);
    }
}

#[tokio::test]
async fn what_an_empty_record_does_not_know_is_adopted_or_goes_only_when_it_is_counted() {
    let folder = folder_of_a_photo().await;
    let data = folder.path();
    let empty_record = || {
        forget_the_record(data);
        assert!(run(windlass(data).arg("migrate")).0.status.success());
    };
    empty_record();
    let (is_well, text) = reconcile(data, &[]);
    assert!(!is_well && text.contains("object without record: acme/job-7/"), "{text}");
    for arguments in [&["--remove"][..], &["--remove", "--yes-remove", "2"]] {
        let (is_well, text) = reconcile(data, arguments);
        assert!(!is_well && text.contains("nothing was removed: 1 would be"), "{arguments:?}: {text}");
        assert_eq!(objects(data).len(), 1);
    }
    let (is_well, text) = reconcile(data, &["--adopt"]);
    assert!(is_well && text.contains(": adopted"), "{text}");
    assert!(reconcile(data, &[]).0);
    empty_record();
    let (is_well, text) = reconcile(data, &["--remove", "--yes-remove", "1"]);
    assert!(is_well && text.contains(": removed"), "{text}");
    assert_eq!(objects(data), Vec::<PathBuf>::new());
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let folder = TempDir::new().unwrap();
    for (arguments, complaint) in [
        (&["--min-age-hours", "0"][..], "1..=87600"),
        (&["--min-age-hours", "100000000"], "1..=87600"),
        (&["--yes-remove", "1"], "--remove"),
        (&["--adopt", "--remove"], "cannot be used with"),
    ] {
        let (is_well, text) = reconcile(folder.path(), arguments);
        assert!(!is_well && text.contains(complaint), "{arguments:?}: {text}");
    }
}
