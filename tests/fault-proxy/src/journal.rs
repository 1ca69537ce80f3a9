//! What passed: one entry for each request, with its bytes counted, for tests to ask.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::time::Instant;

use crate::fault::Fault;

/// Older requests are forgotten.
const ENTRIES_MOST: usize = 50_000;

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not.
    Open,
    /// The client got an answer's head.
    Answered,
    /// The connection was closed, or reset, by a fault.
    Cut,
    /// The client went away, or the line was reset under it.
    Gone,
    /// The upstream did not answer.
    UpstreamFailed,
}

/// A request as the proxy saw it. What is secret in a signed URL is not kept.
#[derive(Debug, Clone, Serialize)]
pub struct JournalEntry {
    /// Counts up from 1.
    pub id: u64,
    /// Which front it came to.
    pub front: String,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its query, without `X-Amz-Signature` and `X-Amz-Security-Token`.
    pub query: String,
    /// `Content-Length`, where it named one.
    pub declared_bytes: Option<u64>,
    /// `Idempotency-Key`, `Range`, `Origin`, `Last-Event-ID` and checksums, where it had them.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Milliseconds since the proxy started.
    pub started_ms: u64,
    /// When the answer's head was passed back, or the exchange ended without.
    pub ended_ms: Option<u64>,
    /// Bytes of the request's body that arrived here.
    pub request_bytes: u64,
    /// Bytes of the answer's body that were passed back.
    pub response_bytes: u64,
    /// The status the upstream answered with.
    pub upstream_status: Option<u16>,
    /// The status the client got.
    pub status: Option<u16>,
    /// The fault it met.
    pub fault: Option<Fault>,
    /// How it ended.
    pub outcome: Outcome,
}

/// An entry being written.
#[derive(Debug)]
pub(crate) struct Entry {
    head: Mutex<JournalEntry>,
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
    started: Instant,
}

impl Entry {
    pub fn change(&self, change: impl FnOnce(&mut JournalEntry)) {
        change(&mut lock(&self.head));
    }

    /// The exchange ended so, unless it had ended before.
    pub fn end(&self, outcome: Outcome) {
        let now_ms = self.started.elapsed().as_millis() as u64;
        self.change(|entry| {
            if entry.outcome == Outcome::Open {
                entry.outcome = outcome;
                entry.ended_ms = Some(entry.started_ms + now_ms);
            }
        });
    }

    pub fn request_moved(&self, bytes: usize) {
        self.request_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn response_moved(&self, bytes: usize) {
        self.response_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn snapshot(&self) -> JournalEntry {
        let mut entry = lock(&self.head).clone();
        entry.request_bytes = self.request_bytes.load(Ordering::Relaxed);
        entry.response_bytes = self.response_bytes.load(Ordering::Relaxed);
        entry
    }
}

/// All entries, oldest first.
#[derive(Debug)]
pub(crate) struct Journal {
    began: Instant,
    entries: Mutex<(u64, VecDeque<Arc<Entry>>)>,
}

impl Journal {
    pub fn new() -> Self {
        Self { began: Instant::now(), entries: Mutex::default() }
    }

    pub fn begin(&self, front: &str, head: &http::request::Parts) -> Arc<Entry> {
        let header = |name: &str| {
            let value = head.headers.get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let kept = ["idempotency-key", "range", "origin", "last-event-id", "x-amz-checksum-crc64nvme"];
        let headers = kept.into_iter().filter_map(|name| Some((name.to_owned(), header(name)?))).collect();
        let mut entries = lock(&self.entries);
        entries.0 += 1;
        let entry = Arc::new(Entry {
            head: Mutex::new(JournalEntry {
                id: entries.0,
                front: front.to_owned(),
                method: head.method.to_string(),
                path: head.uri.path().to_owned(),
                query: without_secrets(head.uri.query().unwrap_or_default()),
                declared_bytes: header("content-length").and_then(|text| text.parse().ok()),
                headers,
                started_ms: self.began.elapsed().as_millis() as u64,
                ended_ms: None,
                request_bytes: 0,
                response_bytes: 0,
                upstream_status: None,
                status: None,
                fault: None,
                outcome: Outcome::Open,
            }),
            request_bytes: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            started: Instant::now(),
        });
        if entries.1.len() >= ENTRIES_MOST {
            entries.1.pop_front();
        }
        entries.1.push_back(Arc::clone(&entry));
        entry
    }

    /// Entries younger than `id`.
    pub fn after(&self, id: u64) -> Vec<JournalEntry> {
        let entries: Vec<_> = lock(&self.entries).1.iter().cloned().collect();
        entries.iter().map(|entry| entry.snapshot()).filter(|entry| entry.id > id).collect()
    }

    pub fn forget(&self) {
        lock(&self.entries).1.clear();
    }
}

fn without_secrets(query: &str) -> String {
    let is_secret = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case("X-Amz-Signature") || name.eq_ignore_ascii_case("X-Amz-Security-Token")
    };
    query.split('&').filter(|pair| !is_secret(pair)).collect::<Vec<_>>().join("&")
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_secret_in_a_signed_url_is_not_kept() {
        let kept =
            super::without_secrets("X-Amz-Date=1&X-Amz-Signature=s&partNumber=2&x-amz-security-token=t");
        assert_eq!(kept, "X-Amz-Date=1&partNumber=2");
    }
}
