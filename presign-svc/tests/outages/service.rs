//! A real `windlass serve` under whatever a test puts around it, and a client that knows what was acknowledged.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::inside::check_says_nothing_of_it;

/// The binary.
pub const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");
const SECRET: &str = "a secret of these tests that is long enough";
/// Longer than any request may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether there is time for what takes minutes of waiting: `cargo xtask test rust --long`.
pub fn is_long() -> bool {
    std::env::var_os("WINDLASS_LONG").is_some()
}

/// A program with nothing of this machine's configuration, and limits of its own switched off.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    let is_ours = |name: &str| name.starts_with("WINDLASS_") || name.starts_with("AWS_");
    for (name, _) in std::env::vars().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    for limit in ["SUBJECT", "TENANT"] {
        command.env(format!("WINDLASS_RATE_PER_{limit}"), "0");
    }
    command.env("WINDLASS_JWT_HS256_SECRET", SECRET).env("WINDLASS_MAX_OPEN_UPLOADS", "100000");
    command
}

/// The arguments of `windlass` that begin it.
pub fn serve(data: &Path) -> Vec<String> {
    let data = data.to_str().unwrap();
    ["serve", "--port", "0", "--store-port", "0", "--data-dir", data].map(str::to_owned).to_vec()
}

/// A running service, killed when dropped.
pub struct Served {
    child: Child,
    pub api: String,
    pub http: reqwest::Client,
    pub token: String,
    /// Where its log is.
    folder: TempDir,
}

impl Served {
    /// Starts a command that ends in `windlass serve`, and reads where it listens.
    pub fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        command.stderr(File::create(folder.path().join("log")).unwrap());
        Self::start_logging(command, folder)
    }

    /// The same, whose log goes where the command says.
    pub fn start_logging(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.next().unwrap();
        let api = line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
        let mut token = program(WINDLASS);
        // A token that is made elsewhere would be from the future of a service whose clock is slow.
        let clock =
            command.get_envs().filter(|(name, _)| *name == "LD_PRELOAD" || *name == "WINDLASS_CLOCK_SHIFT_S");
        token.envs(clock.filter_map(|(name, value)| Some((name, value?))));
        token.args(["token", "--tenant", "acme", "--project", "job-7"]);
        token.args(["--scope", "upload read delete pipeline links", "--data-dir"]).arg(folder.path());
        let token = String::from_utf8(token.output().unwrap().stdout).unwrap().trim().to_owned();
        let http = reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).timeout(LIMIT);
        Self { child, api, http: http.build().unwrap(), token, folder }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A request with a JSON body, or with none: the status, and the answer's.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.api)).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, read(status, answer).await)
    }

    /// The same, to say something.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    /// The same, to ask something.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, &Value::Null).await
    }

    /// Sends bytes to the store as they were signed.
    pub async fn put(&self, signed: &Value, bytes: &[u8]) -> u16 {
        let mut put = self.http.put(signed["url"].as_str().unwrap()).body(bytes.to_vec());
        let headers = signed["headers"].as_object().unwrap();
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
            put = put.header(name, value.as_str().unwrap());
        }
        put.send().await.unwrap().status().as_u16()
    }

    /// Tells it to stop (SIGTERM).
    pub fn tell_to_stop(&self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits until it has ended: how, and how long that took.
    pub async fn ended(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < LIMIT, "it does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Announces a photo under a name.
    pub async fn announce(&self, name: &str) -> Announced {
        let file =
            json!({"client_ref": name, "filename": "roof.jpg", "content_type": "image/jpeg", "size": 4096});
        let body = json!({"project_id": "job-7", "files": [file]});
        let request =
            self.http.post(format!("{}/api/v1/uploads", self.api)).bearer_auth(&self.token).json(&body);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Announced::Nothing(error),
        };
        let (status, retry_after) = (answer.status(), answer.headers().contains_key("retry-after"));
        let body = read(status.as_u16(), answer).await;
        match status {
            StatusCode::CREATED => Announced::Recorded(
                body.pointer("/uploads/0/upload_id").unwrap().as_str().unwrap().to_owned(),
            ),
            StatusCode::SERVICE_UNAVAILABLE => {
                assert!(retry_after, "{body}");
                assert_eq!(body["code"], "unavailable", "{body}");
                Announced::Later
            }
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(retry_after, "{body}");
                assert_eq!(body["code"], "rate_limited", "{body}");
                Announced::Limited
            }
            status => panic!("{status}: {body}"),
        }
    }

    /// Announces until it is recorded.
    pub async fn announce_at_last(&self, name: &str) -> String {
        let began = Instant::now();
        loop {
            if let Announced::Recorded(id) = self.announce(name).await {
                return id;
            }
            assert!(began.elapsed() < LIMIT, "it does not recover");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A path outside the API.
    pub async fn status(&self, path: &str) -> u16 {
        self.http.get(format!("{}{path}", self.api)).send().await.map_or(0, |answer| answer.status().as_u16())
    }

    /// That whatever is asked while the database fails is refused in words that are not the database's (T45).
    pub async fn check_refusals(&self, upload: &str) {
        let none = Value::Null;
        let one = |path: &str| format!("/api/v1/{path}/{upload}");
        let name = json!({"project_id": "job-7", "file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"});
        let uppys = "/s3/params?filename=a.jpg&type=image/jpeg&metadata[project_id]=job-7";
        let requests = [
            (Method::GET, "/api/v1/photos?project_id=job-7".to_owned(), none.clone()),
            (
                Method::GET,
                "/api/v1/photos?project_id=job-7&q=roof&label=north&created_by=ann".to_owned(),
                none.clone(),
            ),
            (Method::GET, one("uploads"), none.clone()),
            (Method::GET, one("photos"), none.clone()),
            (Method::POST, format!("{}/complete", one("uploads")), none.clone()),
            (Method::DELETE, one("uploads"), none.clone()),
            (Method::PATCH, one("photos"), json!({"caption": "roof"})),
            (Method::POST, "/api/v1/photos/upload-url".to_owned(), name),
            (Method::POST, "/api/v1/photos/urls".to_owned(), json!({"photo_ids": [upload]})),
            (Method::POST, "/api/v1/projects/job-7/upload-links".to_owned(), json!({})),
            (Method::GET, "/api/v1/projects/job-7/upload-links".to_owned(), none.clone()),
            (Method::GET, uppys.to_owned(), none.clone()),
            (Method::GET, "/readyz".to_owned(), none),
        ];
        let asked = requests.iter().map(|(method, path, body)| async move {
            let (status, answer) = self.send(method.clone(), path, body).await;
            // What is answered from memory, or needs no database, is answered.
            assert!(status < 400 || status == 503, "{method} {path}: {status} {answer}");
            (path, status, answer)
        });
        let answers = join_all(asked).await;
        let refused = answers.iter().filter(|(_, status, _)| *status == 503).count();
        assert!(refused >= 6, "{answers:?}");
        let is_vague = |status: u16, answer: &Value| status == 503 && answer["code"] != "unavailable";
        assert!(!answers.iter().any(|(_, status, answer)| is_vague(*status, answer)), "{answers:?}");
    }

    /// That all of these are recorded.
    pub async fn check_recorded(&self, ids: &[String]) {
        for id in ids {
            let url = format!("{}/api/v1/uploads/{id}", self.api);
            let answer = self.http.get(url).bearer_auth(&self.token).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{id} was acknowledged, and is lost");
        }
    }

    /// That it runs, and nothing in it panicked.
    pub fn check_health(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", self.log());
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// What it says of itself.
    pub async fn health(&self) -> Value {
        self.http.get(format!("{}/healthz", self.api)).send().await.unwrap().json().await.unwrap()
    }

    /// What it wrote there so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an answer; one that refuses says nothing of the inside.
async fn read(status: u16, answer: reqwest::Response) -> Value {
    let text = answer.text().await.unwrap_or_default();
    if status >= 400 {
        check_says_nothing_of_it(&text);
    }
    serde_json::from_str(&text).unwrap_or_default()
}

/// What became of an announcement.
#[derive(Debug)]
pub enum Announced {
    /// It was acknowledged, with this id.
    Recorded(String),
    /// 429, and when to ask again.
    Limited,
    /// 503, and when to ask again.
    Later,
    /// The connection broke.
    Nothing(reqwest::Error),
}
