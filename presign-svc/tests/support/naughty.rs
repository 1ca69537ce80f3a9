//! Strings that break programs, and what a service does with them wherever people write: it shows them as they were
//! written, or refuses them and says which field it is about. Over HTTP, so that any service can be asked.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

/// The big list of naughty strings, where it is beside the checkout, and some of our own.
pub fn strings() -> Vec<String> {
    let own = [
        "../../etc/passwd",
        "..\\..\\a.jpg",
        "%2e%2e%2fa.jpg",
        "a\r\nSet-Cookie: b=c.jpg",
        "\"; filename=\"b.html",
        "\u{202E}gpj.exe",
        "<img src=x onerror=alert(1)>.jpg",
        "__proto__",
        "con",
        "a\u{0}b.jpg",
        "\u{0}",
        "'; DROP TABLE uploads; --",
        "%' OR '1'='1",
        "\u{FFFF}\u{10FFFF}",
    ];
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/security/naughty-strings/blns.json");
    let list: Vec<String> = match std::fs::read(&file) {
        Ok(text) => serde_json::from_slice(&text).unwrap(),
        Err(_) => {
            eprintln!("skipped: no naughty strings in ../shared");
            Vec::new()
        }
    };
    own.iter().map(ToString::to_string).chain(list).collect()
}

/// What of a text people can see: blanks and characters that only steer what is around them may go.
fn seen(text: &str) -> String {
    let steers = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
            || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{E0001}')
    };
    text.nfc().filter(|c| !steers(*c)).collect()
}

/// A service, and somebody who may do everything in `job-7`.
pub struct Writer<'a> {
    pub http: &'a reqwest::Client,
    /// Its address, without a path.
    pub service: &'a str,
    pub token: &'a str,
}

impl Writer<'_> {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v1/{path}", self.service);
        let request = self.http.request(method, url).bearer_auth(self.token);
        let request = if body.is_null() { request } else { request.json(body) };
        read(request.send().await.unwrap()).await
    }

    /// That every text is taken and shown, or refused with its field's name; `photo` is one of the project's. The
    /// names of links are shown in their list.
    pub async fn writes(&self, photo: &str) {
        let all = strings();
        let (path, status_path) = (format!("photos/{photo}"), format!("photos/{photo}/status"));
        let (mut taken, mut labels) = (0, BTreeMap::new());
        for text in &all {
            let (status, answer) = self.ask(Method::PATCH, &path, &json!({"caption": text})).await;
            if is_taken(status, &answer, "caption", text) {
                taken += 1;
                is_shown(&answer["caption"], text);
                is_shown(&self.ask(Method::GET, &path, &Value::Null).await.1["caption"], text);
            }
            let (status, answer) = self.ask(Method::PATCH, &path, &json!({"tags": ["roof", text]})).await;
            if is_taken(status, &answer, "tags[1]", text) {
                // One that is the first one again, in other letters, is one.
                is_shown(answer["tags"].as_array().unwrap().last().unwrap(), text);
            }
            let (status, answer) =
                self.ask(Method::PATCH, &status_path, &json!({"status": "processing"})).await;
            assert_eq!(status, 200, "{answer}");
            let failed = json!({"status": "failed", "reason": text});
            let (status, answer) = self.ask(Method::PATCH, &status_path, &failed).await;
            if is_taken(status, &answer, "reason", text) {
                is_shown(&answer["status_reason"], text);
            }
            let links = "projects/job-7/upload-links";
            let (status, answer) = self.ask(Method::POST, links, &json!({"label": text})).await;
            if is_taken(status, &answer, "label", text) {
                let link = &answer["link"];
                is_shown(&link["label"], text);
                labels.insert(link["link_id"].to_string(), link["label"].clone());
            }
            // The list is of the newest, which are fewer than these texts.
            if labels.len() == 100 {
                self.are_listed(std::mem::take(&mut labels)).await;
            }
        }
        self.are_listed(labels).await;
        assert!(taken * 10 >= all.len() * 9, "{taken} of {} are captions", all.len());
    }

    /// That the list of links has these, under these names.
    async fn are_listed(&self, mut labels: BTreeMap<String, Value>) {
        let (_, listed) = self.ask(Method::GET, "projects/job-7/upload-links", &Value::Null).await;
        for link in listed["links"].as_array().unwrap() {
            if let Some(label) = labels.remove(&link["link_id"].to_string()) {
                assert_eq!(link["label"], label);
            }
        }
        assert!(labels.is_empty(), "not in the list of links: {labels:?}");
    }

    /// That every text may be asked for: it finds something or nothing, or is refused with its field's name.
    pub async fn searches(&self) {
        for text in &strings() {
            for field in ["q", "label", "camera", "created_by", "taken_from", "bbox", "cursor"] {
                let query: String = form_urlencoded::Serializer::new(String::new())
                    .append_pair("project_id", "job-7")
                    .append_pair(field, text)
                    .finish();
                let (status, answer) = self.ask(Method::GET, &format!("photos?{query}"), &Value::Null).await;
                if is_taken(status, &answer, field, text) {
                    assert!(answer["photos"].is_array(), "{field} {text:?}: {answer}");
                }
            }
        }
    }

    /// That every text may be in what a client read from its file, or in its own name of it.
    pub async fn announces(&self) {
        for (batch, texts) in strings().chunks(50).enumerate() {
            let files: Vec<Value> = texts
                .iter()
                .enumerate()
                .map(|(n, text)| {
                    json!({"client_ref": format!("{batch}-{n}"), "filename": text, "content_type": "image/jpeg",
                           "size": 4096, "metadata": {"make": text, "model": text, "software": text,
                           "lens_model": text, "display_orientation": 1, "taken_at": {"local": text}}})
                })
                .collect();
            let (status, answer) =
                self.ask(Method::POST, "uploads", &json!({"project_id": "job-7", "files": files})).await;
            assert_eq!(status, 201, "{answer}");
            for (entry, text) in answer["uploads"].as_array().unwrap().iter().zip(texts) {
                let code = entry.pointer("/error/code").and_then(Value::as_str);
                assert!(code.is_none_or(|code| code == "invalid_request"), "{text:?}: {entry}");
            }
        }
        for text in &strings() {
            let files =
                json!([{"client_ref": text, "filename": "a.jpg", "content_type": text, "size": 4096}]);
            let body = json!({"project_id": "job-7", "files": files});
            let (status, answer) = self.ask(Method::POST, "uploads", &body).await;
            assert!(status == 201 || status == 400, "{text:?}: {status} {answer}");
        }
    }
}

async fn read(answer: Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Whether it was taken; otherwise it was refused as people are to be refused.
#[track_caller]
fn is_taken(status: u16, answer: &Value, field: &str, text: &str) -> bool {
    if (200..300).contains(&status) {
        return true;
    }
    let code = answer["code"].as_str();
    assert_eq!((status, code), (400, Some("invalid_request")), "{field} {text:?}: {answer}");
    assert_eq!(answer["field"], field, "{text:?}: {answer}");
    assert!(answer["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{text:?}: {answer}");
    false
}

/// That a text is shown as it was written; one of which nobody can see anything is none.
#[track_caller]
fn is_shown(shown: &Value, text: &str) {
    let shown = shown.as_str().unwrap_or_default();
    assert_eq!(seen(shown), seen(text), "{text:?} is shown as {shown:?}");
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}
