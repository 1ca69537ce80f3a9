//! `GET /api/v1/events?project_id=…` — what happens to a project's photos, as it happens (Server-Sent
//! Events), and `POST /api/v1/events/tickets`, for pages: an `EventSource` cannot send a token.
//!
//! Caller: scope `read` on the project, by its token or by a ticket. Each event has its number as `id`, its
//! [`EventKind`] as `event` and a [`PhotoEvent`] as `data`. Whoever asks on with the number of the last event
//! it knows, in `Last-Event-ID` or `last_event_id`, is told everything since, once and in order. Where that
//! is not kept any more a `reset` tells so ([`EventsReset`]): look at the photos themselves. A stream begins
//! with `ready` ([`EventsReady`]), has a `heartbeat` every 15 seconds in which nothing happens, and ends when the
//! service stops, when the client reads too slowly, and after half an hour: ask again, with a new ticket.
//! Errors: `not_found`, `invalid_request`, `unavailable`.

use serde::{Deserialize, Serialize};

use crate::{PhotoId, ProjectId, Timestamp, UploadStatus};

/// The name of the event that says that earlier ones are lost.
pub const RESET: &str = "reset";
/// The name of the event that begins a stream.
pub const READY: &str = "ready";

/// What kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// Smaller pictures of a photo are there, or more of them, while its original is on its way.
    #[serde(rename = "photo.arriving")]
    Arriving,
    /// An original that was on its way does not come: the upload was aborted, has expired, or its bytes were
    /// refused. It never was a photo.
    #[serde(rename = "photo.withdrawn")]
    Withdrawn,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Status, Self::Updated, Self::Deleted, Self::Arriving, Self::Withdrawn];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "photo.created",
            Self::Status => "photo.status",
            Self::Updated => "photo.updated",
            Self::Deleted => "photo.deleted",
            Self::Arriving => "photo.arriving",
            Self::Withdrawn => "photo.withdrawn",
        }
    }
}

/// The query string of `GET /api/v1/events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct EventsQuery {
    /// Whose events. With a ticket it may be absent: a ticket is for one project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub project_id: Option<ProjectId>,
    /// A ticket instead of a token. It opens one stream, soon after it was given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub ticket: Option<String>,
    /// The number of the last event that is known, such as `latest_event` of a list. The header
    /// `Last-Event-ID` counts before it. Without either only what happens from now on is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub last_event_id: Option<u64>,
}

/// Asks for a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventTicketRequest {
    /// Whose events.
    pub project_id: ProjectId,
}

/// A ticket. Whoever has it may open one stream: never log it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventTicket {
    /// What goes into the query of `GET /api/v1/events`.
    pub ticket: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for EventTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventTicket").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The data of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoEvent {
    /// Which photo.
    pub photo_id: PhotoId,
    /// Where it stands since.
    pub status: UploadStatus,
    /// Why, where it failed.
    pub reason: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// The data of `ready`: from here on everything is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventsReady {
    /// The number of the last event before those of this stream; 0 before the first of the project.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub after: u64,
}

/// The data of `reset`: events are not there to be told, so look at the photos themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventsReset {
    /// The number of the project's latest event: a list that is asked for now holds all up to it.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub latest: u64,
}
