//! The binary itself: started with nothing, asked for tokens, examined by its doctor, told to stop.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod collector;
mod doctor;
mod doctor_token;
mod reconcile;
mod secrets;
mod traces;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

use crate::collector::Collector;

/// `windlass` with nothing configured but what the test says.
fn windlass(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    let is_ours = |name: &str| ["WINDLASS_", "AWS_", "OTEL_"].iter().any(|ours| name.starts_with(ours));
    for (name, _) in std::env::vars().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command.env("WINDLASS_DATA_DIR", data);
    command
}

fn run(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

/// A service on free ports, killed when dropped.
struct Served {
    child: Child,
    api: String,
    store: String,
}

impl Served {
    fn start(data: &Path) -> Self {
        let mut command = windlass(data);
        command.args(["serve", "--port", "0", "--log", "error"]);
        Self::of(command)
    }

    /// A command that is `windlass serve`.
    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address =
            |line: String| line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
        let api = address(lines.next().unwrap());
        let store = address(lines.next().unwrap());
        Self { child, api, store }
    }
}

#[cfg(unix)]
impl Served {
    /// Tells it to stop, and waits until it has, well.
    fn stop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn token(data: &Path, arguments: &[&str]) -> String {
    let (output, text) = run(windlass(data).args(["token", "--tenant", "acme"]).args(arguments));
    assert!(output.status.success(), "{text}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_fresh_service_accepts_the_tokens_made_in_its_folder() {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let me = async |token: &str| {
        let answer = http.get(format!("{}/api/v1/me", served.api)).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let scoped = token(folder.path(), &["--project", "job-7", "--scope", "read upload", "--subject", "ann"]);
    let (status, caller) = me(&scoped).await;
    assert_eq!(status, 200);
    for (field, expected) in [
        ("tenant", json!("acme")),
        ("subject", json!("ann")),
        ("projects", json!(["job-7"])),
        ("scopes", json!(["upload", "read"])),
    ] {
        assert_eq!(caller[field], expected, "{field}");
    }
    let everything = token(folder.path(), &["--project", "*", "--scope", "read", "--scope", "pipeline"]);
    assert_eq!(me(&everything).await.1["projects"], json!(["*"]));
    let elsewhere = TempDir::new().unwrap();
    assert_eq!(me(&token(elsewhere.path(), &["--project", "job-7"])).await.0, 401);
}

#[test]
fn what_cannot_be_minted_is_said() {
    let folder = TempDir::new().unwrap();
    for (arguments, complaint) in [
        (&["--project", ".."][..], "project_id"),
        (&["--project", "a", "--scope", "admin"], "not a scope"),
        (&["--project", "a", "--expires-in", "soon"], "not a time"),
        (&["--project", "a", "--jwt-hs256-secret", "short"], "at least 32"),
    ] {
        let (output, text) = run(windlass(folder.path()).args(["token", "--tenant", "acme"]).args(arguments));
        assert!(!output.status.success() && text.contains(complaint), "{arguments:?}: {text}");
    }
}

#[test]
fn a_companys_bucket_is_not_opened_with_the_development_key() {
    let folder = TempDir::new().unwrap();
    // The second listens on this machine alone, and its proxy for everybody.
    for open in [["--host", "0.0.0.0"], ["--trusted-proxies", "127.0.0.1/32"]] {
        for (command, says) in
            [("serve", "Error: set WINDLASS_JWT"), ("doctor", "FIX   tokens: set WINDLASS_JWT")]
        {
            let (output, text) = run(windlass(folder.path())
                .args([command, "--port", "0", "--s3-bucket", "photos", "--s3-region", "us-east-1"])
                .args(["--s3-endpoint", "no address"])
                .args(open)
                .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]));
            assert!(!output.status.success() && text.contains(says), "{command} {open:?}: {text}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_databases_address_is_said_without_its_password() {
    let folder = TempDir::new().unwrap();
    for command in ["serve", "migrate", "doctor"] {
        for address in
            ["postgress://ann:canary@db/windlass", "ann:canary@db", "postgres://ann:canary@db:x/windlass"]
        {
            // Whatever else listens on this machine is no matter of the database's.
            let windlass = || {
                let mut windlass = windlass(folder.path());
                windlass.envs([("WINDLASS_PORT", "0"), ("WINDLASS_STORE_PORT", "0")]);
                windlass
            };
            let (output, by_variable) = run(windlass().arg(command).env("WINDLASS_DATABASE_URL", address));
            assert!(!output.status.success());
            let (output, by_argument) = run(windlass().args([command, "--database-url", address]));
            assert!(!output.status.success());
            for text in [by_variable, by_argument] {
                assert!(text.contains("WINDLASS_DATABASE_URL"), "{command}: {text}");
                assert!(!text.contains("canary"), "{command}: {text}");
            }
        }
    }
}

#[test]
fn migrating_makes_the_database_and_may_be_repeated() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        let (output, text) = run(windlass(folder.path()).arg("migrate"));
        assert!(output.status.success() && text.contains("is up to date"), "{text}");
    }
    assert!(folder.path().join("windlass.sqlite").is_file());
}

/// T32: whoever reads the log or the traces can neither act as a caller nor touch an object.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn t32_at_trace_level_no_token_and_no_signed_url_is_logged_or_traced() {
    let (folder, collector) = (TempDir::new().unwrap(), Collector::start().await);
    let log = folder.path().join("log");
    let mut command = windlass(folder.path());
    command.args(["serve", "--port", "0", "--log", "trace"]).stderr(std::fs::File::create(&log).unwrap());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let mut served = Served::of(command);
    let token = token(folder.path(), &["--project", "job-7", "--scope", "upload read links"]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let links = format!("{}/api/v1/projects/job-7/upload-links", served.api);
    let link: Value = http.post(links).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    let link = link["token"].as_str().unwrap();
    for (bearer, status) in [(link.to_owned(), 200), (format!("{link}x"), 401), (format!("{token}x"), 401)] {
        let me = http.get(format!("{}/api/v1/me", served.api)).bearer_auth(bearer);
        assert_eq!(me.send().await.unwrap().status(), status);
    }
    let bytes = [b"%PDF-1.7\n".to_vec(), vec![b' '; 6 << 20]].concat();
    let file = |name: &str, size: usize| json!({"client_ref": name, "filename": "canary-name.pdf", "content_type": "application/pdf", "size": size});
    let request = json!({"project_id": "job-7", "files": [file("small", 4096), file("large", bytes.len())]});
    let create = http.post(format!("{}/api/v1/uploads", served.api)).bearer_auth(&token).json(&request);
    let created: Value = create.send().await.unwrap().json().await.unwrap();
    let [small, large] = [&created["uploads"][0], &created["uploads"][1]];
    let mut puts = vec![(small, &bytes[..4096])];
    puts.extend(large["parts"].as_array().unwrap().iter().zip(bytes.chunks(5 << 20)));
    for (signed, body) in puts {
        let mut put = http.put(signed["url"].as_str().unwrap()).body(body.to_vec());
        for (name, value) in
            signed["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length")
        {
            put = put.header(name, value.as_str().unwrap());
        }
        assert_eq!(put.send().await.unwrap().status(), 200);
    }
    for upload in [small, large] {
        let path =
            format!("{}/api/v1/uploads/{}/complete", served.api, upload["upload_id"].as_str().unwrap());
        let photo: Value = http.post(path).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        assert_eq!(http.get(photo["url"].as_str().unwrap()).send().await.unwrap().status(), 200);
    }
    tokio::task::block_in_place(|| served.stop());
    let text = std::fs::read_to_string(&log).unwrap();
    let traced = collector.bytes();
    for name in ["POST /api/v1/uploads/{upload_id}/complete", "bucket head"] {
        assert!(traced.contains(name), "requests are traced");
    }
    assert!(text.contains("/api/v1/uploads/{upload_id}/complete"), "requests are logged");
    let secret = |name: &str| std::fs::read_to_string(folder.path().join("secrets").join(name)).unwrap();
    let (key, store_key) = (secret("token-hs256.key"), secret("store-secret-access-key"));
    let (_, signature) = token.rsplit_once('.').unwrap();
    let (link_secret, _) = link.split_once('.').unwrap();
    for canary in [
        signature,
        link_secret,
        &key,
        &store_key,
        "X-Amz-Signature",
        "X-Amz-Credential",
        "Signature=",
        "canary-name",
    ] {
        if let Some(line) = text.lines().find(|line| line.contains(canary)) {
            panic!("{canary} is in the log: {line}");
        }
        assert!(!traced.contains(canary), "{canary} is in the traces");
    }
}

#[cfg(unix)]
#[test]
fn a_stop_signal_ends_the_service_well() {
    let folder = TempDir::new().unwrap();
    let mut served = Served::start(folder.path());
    served.stop();
}

/// The doctor, looking at an S3 store that happens to be the embedded one of a running service.
fn doctor(data: &Path, store: &str, secret: &str) -> (Output, String) {
    let read = |name: &str| std::fs::read_to_string(data.join("secrets").join(name)).unwrap();
    let secret = if secret.is_empty() { read("store-secret-access-key") } else { secret.to_owned() };
    let own = data.join("doctor");
    run(windlass(&own)
        .arg("doctor")
        .args(["--s3-bucket", "windlass", "--s3-region", "us-east-1", "--s3-endpoint", store])
        .args(["--s3-conditional-writes", "true", "--allowed-origins", "https://app.example.com"])
        .env("AWS_ACCESS_KEY_ID", read("store-access-key-id"))
        .env("AWS_SECRET_ACCESS_KEY", secret))
}

#[test]
fn jobs_apart_that_nobody_would_do_are_refused_with_what_they_need() {
    let folder = TempDir::new().unwrap();
    for arguments in
        [&["work"][..], &["serve", "--port", "0", "--work", "apart"], &["doctor", "--work", "apart"]]
    {
        let (output, text) = run(windlass(folder.path()).args(arguments));
        assert!(!output.status.success(), "{text}");
        assert!(text.contains("WINDLASS_S3_BUCKET"), "{text}");
    }
    let (output, text) =
        run(windlass(folder.path()).args(["work", "--s3-bucket", "b", "--s3-region", "us-east-1"]));
    assert!(!output.status.success());
    assert!(text.contains("WINDLASS_DATABASE_URL"), "SQLite belongs to one process: {text}");
}

#[test]
fn the_doctor_finds_a_sound_bucket_sound() {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path());
    let (output, text) = doctor(folder.path(), &served.store, "");
    assert!(output.status.success(), "{text}");
    assert!(text.contains("note  database:") && text.contains("not there yet"), "{text}");
    let own = folder.path().join("doctor");
    assert!(!own.join("windlass.sqlite").exists(), "to examine is not to make");
    assert!(run(windlass(&own).arg("migrate")).0.status.success());
    let (output, text) = doctor(folder.path(), &served.store, "");
    assert!(output.status.success(), "{text}");
    for what in ["database", "bucket", "clock", "signed writes", "CORS"] {
        assert!(text.contains(&format!("ok    {what}:")), "{what}: {text}");
    }
    assert!(text.contains("note  lifecycle:"), "the embedded store knows no such rules: {text}");
    assert!(text.contains("\"AbortIncompleteMultipartUpload\""), "{text}");
}

#[test]
fn the_doctor_says_what_to_fix() {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path());
    let (output, text) = doctor(folder.path(), &served.store, "not the secret");
    assert!(!output.status.success());
    assert!(text.contains("FIX   bucket: it refuses our credentials"), "{text}");
    assert!(text.contains("\"s3:ListMultipartUploadParts\""), "{text}");
    assert!(!text.contains("not the secret") && !text.contains("X-Amz-Signature"), "{text}");
    let store = served.store.clone();
    drop(served);
    // Nothing answers there any more.
    let (output, text) = doctor(folder.path(), &store, "");
    assert!(!output.status.success());
    assert!(text.contains("FIX   bucket: it does not answer"), "{text}");
}

#[test]
fn a_key_cloudfront_does_not_take_is_told_before_a_photo_needs_it() {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("cloudfront.pem");
    std::fs::write(&key, "no key, canary").unwrap();
    for command in ["doctor", "serve"] {
        let (output, text) = run(windlass(folder.path())
            .args([command, "--cloudfront-url", "https://d111.cloudfront.net"])
            .args(["--cloudfront-key-pair-id", "K2JCJMDEHXQW5F", "--cloudfront-private-key-file"])
            .arg(&key)
            .args(["--port", "0", "--store-port", "0"]));
        assert!(!output.status.success(), "{text}");
        assert!(text.contains("no private key in PEM") && !text.contains("canary"), "{text}");
    }
    let (output, text) =
        run(windlass(folder.path()).args(["serve", "--cloudfront-url", "https://d111.cloudfront.net"]));
    assert!(!output.status.success() && text.contains("--cloudfront-key-pair-id"), "{text}");
}

#[test]
fn a_key_template_that_stops_the_service_is_told_by_the_doctor() {
    let folder = TempDir::new().unwrap();
    for command in ["doctor", "serve"] {
        let (output, text) = run(windlass(folder.path())
            .args([command, "--key-template", "{tenant}/{name}"])
            .args(["--port", "0", "--store-port", "0"]));
        assert!(!output.status.success() && text.contains("the key template must hold"), "{command}: {text}");
    }
}

#[test]
fn an_endpoint_that_is_no_address_is_told_with_the_settings_that_name_it() {
    let folder = TempDir::new().unwrap();
    let (output, text) = run(windlass(folder.path())
        .args(["doctor", "--s3-bucket", "photos", "--s3-region", "garage", "--s3-endpoint", "garage:3900"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test"));
    assert!(!output.status.success(), "{text}");
    let line = text.lines().find(|line| line.starts_with("FIX   bucket:")).unwrap_or_default();
    assert!(line.contains("must start with https:// or http://. Check WINDLASS_S3_BUCKET"), "{text}");
    assert!(line.contains("WINDLASS_S3_ENDPOINT") && !line.contains("AWS_REGION"), "{text}");
}

#[cfg(unix)]
#[test]
fn the_doctor_sees_jobs_that_nobody_does() {
    let folder = TempDir::new().unwrap();
    let mut served = Served::start(folder.path());
    let (_, text) = run(windlass(folder.path()).arg("doctor"));
    assert!(text.contains("ok    queue:"), "beside the service that runs: {text}");
    served.stop();
    let database = format!("sqlite://{}", folder.path().join("windlass.sqlite").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&database).await.unwrap();
        // Announced in 1970, and never sent.
        let left = "INSERT INTO uploads (id, tenant, project, created_by, version, status, filename, media_type, size_bytes,
                folder, variants, created_at, updated_at, deadline_at)
            VALUES ('0192f0c1-2c5d-7c1e-9f00-0123456789ab', 'acme', 'job-7', 'ann', 1, 'pending_upload', 'a.jpg',
                'image/jpeg', 4096, 'acme/job-7/2026/11/22/x', '[]', 0, 0, 86400000)";
        connection.execute(left).await.unwrap();
        connection.close().await.unwrap();
    });
    let (output, text) = run(windlass(folder.path()).arg("doctor"));
    assert!(output.status.success(), "the service may just be stopped: {text}");
    assert!(text.contains("note  queue:") && text.contains("uploads past their deadline (1)"), "{text}");
    let (output, text) = run(windlass(folder.path()).args(["doctor", "--work", "apart"]));
    assert!(!output.status.success());
    assert!(text.contains("FIX   queue: nobody does the jobs") && text.contains("`windlass work`"), "{text}");
}
