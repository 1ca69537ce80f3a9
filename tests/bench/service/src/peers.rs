//! The peers: FastAPI with boto3 and SQLite, and Uppy Companion.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;
use serde_json::Value;

use crate::http::{Connection, request};
use crate::server::{Server, free_port};
use crate::token::{PROJECT, SECRET, token};
use crate::windlass::ask;

/// FastAPI under uvicorn.
pub struct FastApi {
    /// The environment's Python.
    pub python: PathBuf,
    /// The folder of `app.py`.
    pub app: PathBuf,
    /// How many processes.
    pub workers: usize,
}

impl FastApi {
    /// Starts it on a database in a folder.
    pub async fn start(&self, data: &Path) -> Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--log-level", "warning", "--no-access-log", "--loop", "uvloop", "--http", "httptools"])
            .args(["--workers", &self.workers.to_string()])
            .current_dir(&self.app)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("BENCH_JWT_SECRET", SECRET)
            .env("BENCH_DATABASE", data.join("bench.sqlite"))
            .stdout(Stdio::null());
        Server::start(command, port, "/openapi.json").await
    }
}

/// The same announcement as ours.
pub fn create(token: &str, asker: usize, number: u64) -> Vec<u8> {
    let body = format!(
        "{{\"project_id\":\"{PROJECT}\",\"files\":[{{\"client_ref\":\"{asker}-{number}\",\
         \"filename\":\"roof {number}.jpg\",\"content_type\":\"image/jpeg\",\"size\":2400000}}]}}"
    );
    request("POST", "/uploads", token, Some(&body))
}

/// The newest hundred photos.
pub fn list(token: &str) -> Vec<u8> {
    request("GET", &format!("/photos?project_id={PROJECT}&limit=100"), token, None)
}

/// Makes so many photos. Their bytes are nobody's matter there.
pub async fn store_photos(server: &Server, count: usize) -> Result<()> {
    let token = token(0)?;
    let mut api = Connection::open(server.address).await?;
    for number in 0..count {
        let created = ask(&mut api, &create(&token, usize::MAX, number as u64), 201).await?;
        let id = created.pointer("/uploads/0/upload_id").and_then(Value::as_str).unwrap_or_default();
        ask(&mut api, &request("POST", &format!("/uploads/{id}/complete"), &token, Some("{}")), 200).await?;
    }
    Ok(())
}

/// Starts Companion, whose packages are in its folder.
pub async fn companion(folder: &Path) -> Result<Server> {
    let port = free_port()?;
    let mut command = Command::new("node");
    command
        .arg("server.mjs")
        .current_dir(folder)
        .env("BENCH_PORT", port.to_string())
        .env("NODE_ENV", "production")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Server::start(command, port, "/healthz").await
}

/// One file's POST policy.
pub fn companion_params(asker: usize, number: u64) -> Vec<u8> {
    request("GET", &format!("/s3/params?filename=roof-{asker}-{number}.jpg&type=image%2Fjpeg"), "", None)
}
