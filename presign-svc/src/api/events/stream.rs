//! `GET /api/v1/events`: the stream.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use windlass_protocol::ProjectId;
use windlass_protocol::events::EventsQuery;

use super::digest;
use crate::api::access::may_touch;
use crate::api::error::ApiError;
use crate::api::extract::QueryOf;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::news::EventNumber;
use crate::feeds::{CannotWatch, Viewer};

/// The number of the last event a browser knows (HTML Standard, section 9.2.4).
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps nginx from collecting the stream before it passes it on.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Somebody who may watch a project, by a token or by a ticket.
pub struct Watcher {
    viewer: Viewer,
    project: ProjectId,
    known: Option<EventNumber>,
}

impl FromRequestParts<Arc<App>> for Watcher {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let QueryOf(query) = QueryOf::<EventsQuery>::from_request_parts(parts, app).await?;
        let known = match parts.headers.get(LAST_EVENT_ID) {
            // What is no number was never given out: a stream after it begins with a reset.
            Some(id) => Some(id.to_str().ok().and_then(|id| id.parse().ok()).unwrap_or(EventNumber::MAX)),
            None => query.last_event_id,
        };
        match query.ticket {
            Some(ticket) => {
                let admission = app.tickets.redeem(digest(&ticket), app.clock.now()).await?;
                let admission = admission.ok_or(ApiError::Ticket)?;
                match query.project_id {
                    Some(project) if project != admission.project => Err(ApiError::Ticket),
                    _ => {
                        let viewer = Viewer { tenant: admission.tenant, subject: admission.subject };
                        Ok(Self { viewer, project: admission.project, known })
                    }
                }
            }
            None => {
                let caller = Caller::from_request_parts(parts, app).await?;
                let project = query.project_id.ok_or_else(|| ApiError::InvalidRequest {
                    field: Some("project_id".to_owned()),
                    reason: "is missing".to_owned(),
                })?;
                if !may_touch(app, &caller, &project).await? {
                    return Err(ApiError::NotFound("There is no such project"));
                }
                let viewer = Viewer { tenant: caller.tenant, subject: caller.subject };
                Ok(Self { viewer, project, known })
            }
        }
    }
}

/// Opens a stream.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "events",
    tag = "events",
    params(EventsQuery),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "Events, as they happen"),
    ),
    security(("token" = []), ())
)]
pub async fn stream(State(app): State<Arc<App>>, watcher: Watcher) -> Result<Response, ApiError> {
    let Watcher { viewer, project, known } = watcher;
    let watch = app.feeds.watch(viewer, project, known).await?;
    let frames = stream::unfold(watch, |mut watch| async move {
        let frame = watch.next().await?;
        Some((Ok::<_, Infallible>(frame), watch))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (ACCEL_BUFFERING, "no")];
    Ok((headers, Body::from_stream(frames)).into_response())
}

/// A look at the headers alone, which routes of GET take as well: it opens no stream, and so it uses up no ticket, which
/// is good for one.
pub async fn look(_caller: Caller) -> Response {
    // The router says this of the methods that it refuses, and it does not refuse this one.
    ([(ALLOW, "GET")], ApiError::MethodNotAllowed).into_response()
}

impl From<CannotWatch> for ApiError {
    fn from(error: CannotWatch) -> Self {
        match error {
            CannotWatch::Record(error) => Self::Record(error),
            CannotWatch::Full(_) | CannotWatch::HasItsShare(_) | CannotWatch::CompanyHasItsShare(_) => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}
