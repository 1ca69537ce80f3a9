//! `GET /api/v1/events?project_id=…` — what happens to a project's photos, as it happens (server-sent
//! events, WHATWG HTML section 9.2); `POST /api/v1/events/ticket` — a one-use ticket for it.
//!
//! Caller: scope `read` on the project, by bearer token; or a ticket in the query, because the browsers'
//! `EventSource` cannot send headers. Each event has the number of its place in the project as `id`; with
//! `Last-Event-ID` (or `last_event_id` in the query) the stream begins after it. It begins with `ready`;
//! `resync` says that what was missed is no longer known: load the list anew. A comment keeps the line
//! open every 15 seconds. The stream ends after half an hour at the latest, and when the service stops:
//! connect again, as `retry` says. Errors: `unauthorized`, `token_expired`, `forbidden`, `not_found`,
//! `invalid_request`.

use serde::{Deserialize, Serialize};

use crate::{PhotoId, ProjectId, Timestamp, UploadStatus};

/// What kind of event: the `event` field of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum EventKind {
    /// A file was verified and is a photo now.
    #[serde(rename = "photo.created")]
    Created,
    /// The pipeline went on with it.
    #[serde(rename = "photo.status")]
    Status,
    /// Its caption, tags or smaller pictures changed.
    #[serde(rename = "photo.updated")]
    Updated,
    /// It is gone.
    #[serde(rename = "photo.deleted")]
    Deleted,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Created, Self::Status, Self::Updated, Self::Deleted];

    /// Its name in the stream.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "photo.created",
            Self::Status => "photo.status",
            Self::Updated => "photo.updated",
            Self::Deleted => "photo.deleted",
        }
    }
}

/// The `data` of an event. It holds no signed URL: ask for the photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct PhotoEvent {
    /// As in the `event` field.
    pub event: EventKind,
    /// Of which project.
    pub project_id: ProjectId,
    /// Which photo.
    pub photo_id: PhotoId,
    /// Where it stands since.
    pub status: UploadStatus,
    /// Why it failed, where it did.
    pub status_reason: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// The query string of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct EventsQuery {
    /// Whose events.
    pub project_id: ProjectId,
    /// Instead of a bearer token: what `POST /events/ticket` answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub ticket: Option<String>,
    /// Instead of the `Last-Event-ID` header, which a new `EventSource` cannot send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub last_event_id: Option<String>,
}

/// For which project a ticket is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct EventTicketRequest {
    /// Whose events.
    pub project_id: ProjectId,
}

/// A ticket: it opens one stream, of one project, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct EventTicket {
    /// To be sent as `ticket`.
    pub ticket: String,
    /// When it stops working unless it was used: a minute from now.
    pub expires_at: Timestamp,
}
