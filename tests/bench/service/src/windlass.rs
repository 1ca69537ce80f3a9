//! Our service as it is measured: the release binary with its embedded store, a JWT secret, and limits and quotas
//! that are counted but never reached.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::{Connection, request};
use crate::server::{Server, free_port};
use crate::token::{PROJECT, SECRET, token};

const VARIANTS: [(&str, u32); 2] = [("thumb_200", 200), ("web_800", 800)];

/// How it is started.
pub struct Windlass {
    /// The release binary.
    pub program: PathBuf,
    /// A PostgreSQL database; an SQLite file in the data directory otherwise.
    pub database_url: Option<String>,
}

impl Windlass {
    /// Starts it on what is in a folder.
    pub async fn start(&self, data: &Path) -> Result<Server> {
        let (port, store_port) = (free_port()?, free_port()?);
        let mut command = Command::new(&self.program);
        let ours = |name: &str| name.starts_with("WINDLASS_") || name.starts_with("AWS_");
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command
            .args([
                "--log",
                "warn",
                "serve",
                "--port",
                &port.to_string(),
                "--store-port",
                &store_port.to_string(),
            ])
            .arg("--data-dir")
            .arg(data)
            .env("WINDLASS_JWT_HS256_SECRET", SECRET)
            .env("WINDLASS_RATE_PER_SUBJECT", "10000000")
            .env("WINDLASS_RATE_PER_TENANT", "10000000")
            .env("WINDLASS_TENANT_QUOTA_SIZE", "1000TiB")
            .env("WINDLASS_TENANT_QUOTA_FILES", "1000000000")
            .env("WINDLASS_MAX_OPEN_UPLOADS", "1000000000")
            .stdout(Stdio::null());
        if let Some(url) = &self.database_url {
            command.env("WINDLASS_DATABASE_URL", url);
        }
        Server::start(command, port, "/healthz").await
    }
}

/// An announcement of one photo.
pub fn create(token: &str, asker: usize, number: u64) -> Vec<u8> {
    let body = format!(
        "{{\"project_id\":\"{PROJECT}\",\"files\":[{{\"client_ref\":\"{asker}-{number}\",\
         \"filename\":\"roof {number}.jpg\",\"content_type\":\"image/jpeg\",\"size\":2400000}}]}}"
    );
    request("POST", "/api/v1/uploads", token, Some(&body))
}

/// The newest hundred photos.
pub fn list(token: &str) -> Vec<u8> {
    request("GET", &format!("/api/v1/photos?project_id={PROJECT}&limit=100"), token, None)
}

/// The same in other letters, of which there are 256 ways: what is answered from memory is found by the text of the
/// question, and there is room for some forty of these.
pub fn list_anew(token: &str, number: u64) -> Vec<u8> {
    let mut bits = number;
    let mut spell = |text: &str| -> String {
        let mut letters = String::new();
        for byte in text.bytes() {
            match bits & 1 {
                0 => letters.push(char::from(byte)),
                _ => letters.push_str(&format!("%{byte:02X}")),
            }
            bits >>= 1;
        }
        letters
    };
    let (project, limit) = (spell(PROJECT), spell("100"));
    request("GET", &format!("/api/v1/photos?project_id={project}&limit={limit}"), token, None)
}

/// One full page after the other, from the second on: by the time that one comes again, others have taken its room.
pub fn list_unseen(token: &str, number: u64, cursors: &[String]) -> Vec<u8> {
    let cursor = cursors.get(number as usize % cursors.len().max(1)).map_or("", String::as_str);
    request("GET", &format!("/api/v1/photos?project_id={PROJECT}&limit=100&cursor={cursor}"), token, None)
}

/// Where all full pages begin, but for the first.
pub async fn cursors(server: &Server) -> Result<Vec<String>> {
    let (token, mut api) = (token(0)?, Connection::open(server.address).await?);
    let mut cursors: Vec<String> = Vec::new();
    loop {
        let question = match cursors.last() {
            None => list(&token),
            Some(_) => list_unseen(&token, cursors.len() as u64 - 1, &cursors),
        };
        let page = ask(&mut api, &question, 200).await?;
        match page["next_cursor"].as_str() {
            Some(next) => cursors.push(next.to_owned()),
            None => return Ok(cursors),
        }
    }
}

/// Sends and completes so many photos, each with two smaller pictures, and says the id of one of them.
pub async fn store_photos(server: &Server, count: usize) -> Result<String> {
    let token = token(0)?;
    let picture = jpeg()?;
    let mut api = Connection::open(server.address).await?;
    let mut last = None;
    for number in 0..count {
        let variants: Vec<Value> = VARIANTS
            .iter()
            .map(|(name, edge)| {
                json!({"name": name, "content_type": "image/jpeg", "size": picture.len(), "width": edge, "height": edge})
            })
            .collect();
        let file = json!({
            "client_ref": format!("stored-{number}"), "filename": format!("roof {number}.jpg"),
            "content_type": "image/jpeg", "size": picture.len(), "variants": variants,
        });
        let body = json!({"project_id": PROJECT, "files": [file]}).to_string();
        let answer = ask(&mut api, &request("POST", "/api/v1/uploads", &token, Some(&body)), 201).await?;
        let upload = answer.pointer("/uploads/0").context("no upload")?.clone();
        put(&upload, &picture).await?;
        for variant in upload["variants"].as_array().into_iter().flatten() {
            put(variant, &picture).await?;
        }
        let id = upload["upload_id"].as_str().context("the photo was refused")?.to_owned();
        let complete = format!("/api/v1/uploads/{id}/complete");
        ask(&mut api, &request("POST", &complete, &token, Some("{}")), 200).await?;
        last = Some(id);
    }
    last.context("no photo was wanted")
}

/// Asks and reads the JSON that is answered.
pub async fn ask(connection: &mut Connection, request: &[u8], status: u16) -> Result<Value> {
    let answer = connection.ask(request).await?;
    ensure!(answer.status == status, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok(serde_json::from_slice(answer.body)?)
}

/// What a browser does with a signed PUT.
async fn put(signed: &Value, bytes: &[u8]) -> Result<()> {
    let url = signed["url"].as_str().context("no URL")?.strip_prefix("http://").context("not http")?;
    let (host, path) = url.split_once('/').context("no path")?;
    let address: SocketAddr = host.parse()?;
    let mut text = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in signed["headers"].as_object().into_iter().flatten() {
        text.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
    }
    let request = [text.as_bytes(), b"\r\n", bytes].concat();
    let mut connection = Connection::open(address).await?;
    let answer = connection.ask(&request).await?;
    ensure!(answer.status == 200, "the store answers {}", answer.status);
    Ok(())
}

/// A small picture that is no thumbnail of nothing: the service refuses photos under a kilobyte.
fn jpeg() -> Result<Vec<u8>> {
    const EDGE: u16 = 96;
    let pixels: Vec<u8> = (0..u32::from(EDGE) * u32::from(EDGE) * 3)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 80).encode(&pixels, EDGE, EDGE, jpeg_encoder::ColorType::Rgb)?;
    Ok(bytes)
}
