//! A stream of events as a page reads it.

use std::time::Duration;

use serde_json::Value;

use super::{Answer, TestApp};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open stream.
pub struct EventStream {
    response: reqwest::Response,
    read: String,
}

/// An event that was told.
#[derive(Debug, PartialEq)]
pub struct ToldEvent {
    pub id: u64,
    pub name: String,
    pub data: Value,
}

impl EventStream {
    /// Opens a stream with whatever the query says, or answers the refusal.
    pub async fn open(
        app: &TestApp,
        query: &str,
        token: Option<&str>,
        last: Option<&str>,
    ) -> Result<Self, Answer> {
        let mut request = app.http.get(app.url(&format!("/api/v1/events?{query}")));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        if response.status() != 200 {
            return Err(Answer::of(response).await);
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Ok(Self { response, read: String::new() })
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<ToldEvent> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let event = read(block);
                self.read = rest.to_owned();
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap();
            self.read.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    /// The names of the next events.
    pub async fn names(&mut self, count: usize) -> Vec<(u64, String)> {
        let mut names = Vec::new();
        for _ in 0..count {
            let event = self.next().await.unwrap();
            names.push((event.id, event.name));
        }
        names
    }
}

/// An event of its lines; a comment is none.
fn read(block: &str) -> Option<ToldEvent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    Some(ToldEvent {
        id: field("id")?.parse().unwrap(),
        name: field("event")?.to_owned(),
        data: serde_json::from_str(field("data")?).unwrap(),
    })
}
