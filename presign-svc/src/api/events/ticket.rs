//! `POST /api/v1/events/tickets`: a ticket for one stream of one project's events.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use windlass_protocol::Timestamp;
use windlass_protocol::events::{EventTicket, EventTicketRequest};

use super::digest;
use crate::api::access::may_touch;
use crate::api::error::ApiError;
use crate::api::extract::JsonBody;
use crate::app::App;
use crate::auth::Caller;
use crate::ports::tickets::Admission;

/// How long a ticket waits to be used: it is used at once, on a bad network.
const LIFETIME: Duration = Duration::from_secs(30);

/// Gives out a ticket.
#[utoipa::path(
    post,
    path = "/api/v1/events/tickets",
    operation_id = "event_ticket",
    tag = "events",
    request_body = EventTicketRequest,
    responses(
        (status = 201, body = EventTicket),
    ),
    security(("token" = []))
)]
pub async fn ticket(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<EventTicketRequest>,
) -> Result<(StatusCode, Json<EventTicket>), ApiError> {
    if !may_touch(&app, &caller, &request.project_id).await? {
        return Err(ApiError::NotFound("There is no such project"));
    }
    let ticket = app.ids.secret().ok_or_else(|| ApiError::Unavailable("no randomness".to_owned()))?;
    let now = app.clock.now();
    let expires_at = now + LIFETIME;
    let admission =
        Admission { tenant: caller.tenant, subject: caller.subject, project: request.project_id, expires_at };
    app.tickets.keep(digest(&ticket), admission, now).await?;
    Ok((StatusCode::CREATED, Json(EventTicket { ticket, expires_at: Timestamp::from(expires_at) })))
}
