//! Requests and answers as tests write and read them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// An answer, read to its end; a body that is not JSON is a string.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// That it is a problem of this code and status, as the contract has it.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:windlass:problem:{code}"));
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        assert!(self.body["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{}", self.body);
    }
}

/// A file to announce.
pub fn file(client_ref: &str, filename: &str, content_type: &str, size: u64) -> Value {
    json!({"client_ref": client_ref, "filename": filename, "content_type": content_type, "size": size})
}

/// A JPEG to announce.
pub fn file_of(client_ref: &str, filename: &str, bytes: &[u8]) -> Value {
    file(client_ref, filename, "image/jpeg", bytes.len() as u64)
}

/// As S3 writes it.
pub fn crc64nvme(bytes: &[u8]) -> String {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes);
    STANDARD.encode(sum.to_be_bytes())
}
