//! A stream of events as a page reads it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::Served;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open stream.
pub struct Events {
    response: reqwest::Response,
    read: String,
    /// The number of the last event that was told.
    pub last: u64,
}

impl Events {
    /// Opens a stream of that query, with a token or with the ticket in it.
    pub async fn open(service: &Served, query: &str) -> Self {
        let mut request = service.http.get(format!("{}/api/v1/events?{query}", service.api));
        if !query.contains("ticket=") {
            request = request.bearer_auth(&service.token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, read: String::new(), last: 0 }
    }

    /// The next event and its data; `None` when the stream has ended well.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                let event = (field("event: ")?.to_owned(), serde_json::from_str(field("data: ")?).unwrap());
                if let Some(number) = field("id: ") {
                    self.last = number.parse().unwrap();
                }
                self.read = rest.to_owned();
                return Some(event);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap();
            self.read.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    /// The next event of that name; those before it are of no concern.
    pub async fn next_of(&mut self, name: &str) -> Value {
        loop {
            let (found, data) = self.next().await.unwrap();
            if found == name {
                return data;
            }
        }
    }

    /// The photos of all events of that name up to one that is marked by another name.
    pub async fn photos_of(&mut self, name: &str, until: &str) -> Vec<Value> {
        let mut photos = Vec::new();
        loop {
            let (found, data) = self.next().await.unwrap();
            if found == until {
                return photos;
            }
            if found == name {
                photos.push(data["photo_id"].clone());
            }
        }
    }
}

/// How often each photo of the project was told to be created, by a change that is made to the last of them: told by
/// the one service, asked of the other, which may be the same.
pub async fn created(one: &Served, other: &Served, last: &str) -> Vec<Value> {
    let mut events = Events::open(other, "project_id=job-7&last_event_id=0").await;
    let change = json!({"caption": "the last"});
    let (status, body) = one.send(Method::PATCH, &format!("/api/v1/photos/{last}"), &change).await;
    assert_eq!(status, 200, "{body}");
    events.photos_of("photo.created", "photo.updated").await
}
