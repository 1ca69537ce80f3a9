//! How a stream is written: Server-Sent Events (HTML Standard, section 9.2).

use bytes::Bytes;
use serde::Serialize;
use windlass_protocol::Timestamp;
use windlass_protocol::events::{EventsReady, EventsReset, PhotoEvent, READY, RESET};

use crate::domain::news::{Event, EventNumber};

/// How soon a browser that lost the stream comes back by itself, in milliseconds.
const RETRY_MS: u32 = 2000;

/// The beginning of a stream that tells everything after an event.
pub(super) fn ready(after: EventNumber) -> Bytes {
    let ready = frame(after, READY, &EventsReady { after });
    [format!("retry: {RETRY_MS}\n").as_bytes(), &ready].concat().into()
}

/// An event.
pub(super) fn event(event: &Event) -> Bytes {
    let news = &event.news;
    let data = PhotoEvent {
        photo_id: news.photo,
        status: news.status,
        reason: news.reason.clone(),
        at: Timestamp::from(news.at),
    };
    frame(event.number, news.kind.as_str(), &data)
}

/// That earlier events are lost.
pub(super) fn reset(latest: EventNumber) -> Bytes {
    frame(latest, RESET, &EventsReset { latest })
}

/// That nothing happened. An event and no comment, which pages are not told of: so they know a dead stream.
pub(super) fn heartbeat() -> Bytes {
    Bytes::from_static(b"event: heartbeat\ndata: {}\n\n")
}

/// JSON is one line: it writes line ends within texts as `\n`.
fn frame(number: EventNumber, name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {number}\nevent: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::news::News;
    use time::macros::datetime;
    use windlass_protocol::UploadStatus;
    use windlass_protocol::events::EventKind;

    #[test]
    fn a_reason_with_line_ends_stays_one_event() {
        let told = Event {
            number: 7,
            tenant: "acme".parse().unwrap(),
            project: "job-7".parse().unwrap(),
            news: News {
                kind: EventKind::Status,
                photo: "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap(),
                status: UploadStatus::Failed,
                reason: Some("dark\n\nevent: forged\r\ndata: {}".to_owned()),
                at: datetime!(2026-11-21 12:00 UTC),
            },
        };
        let text = String::from_utf8(event(&told).to_vec()).unwrap();
        let lines: Vec<&str> = text.split(['\n', '\r']).collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert_eq!(lines[..2], ["id: 7", "event: photo.status"]);
        let data: PhotoEvent = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data.reason, told.news.reason);
    }
}
