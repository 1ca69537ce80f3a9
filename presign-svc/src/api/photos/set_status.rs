//! `PATCH /api/v1/photos/{photo_id}/status`: how far the pipeline is with a photo.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::set_status::{PipelineStatus, SetStatusRequest};
use windlass_protocol::{Photo, PhotoId};

use super::find;
use super::present::present;
use crate::api::error::ApiError;
use crate::api::extract::{Id, JsonBody};
use crate::api::uploads::{self, finish};
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::domain::text;
use crate::domain::upload::pipeline::{MAX_REASON_CHARS, Verdict};
use crate::jobs::ClientClaim;

/// Records what the pipeline says.
#[utoipa::path(
    patch,
    path = "/api/v1/photos/{photo_id}/status",
    operation_id = "set_photo_status",
    tag = "photos",
    params(("photo_id" = PhotoId, Path, description = "The photo")),
    request_body = SetStatusRequest,
    responses(
        (status = 200, body = Photo),
    ),
    security(("token" = []))
)]
pub async fn set_status(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PhotoId>,
    JsonBody(request): JsonBody<SetStatusRequest>,
) -> Result<Json<Photo>, ApiError> {
    if request.status == PipelineStatus::Uploaded && request.reason.is_none() {
        // Whoever brought the bytes may say so: it is what completing says.
        uploads::find(&app, &caller, id.into()).await?;
        let upload = finish(&app, &caller, id.into(), ClientClaim::default()).await?;
        return Ok(Json(present(&app, &caller, &upload).await?));
    }
    caller.require_any(&[Scope::Pipeline])?;
    find(&app, &caller, id).await?;
    let verdict = verdict(request)?;
    let _turn = app.turns.take(id.into()).await?;
    let mut upload = find(&app, &caller, id).await?;
    upload.advance(verdict, app.clock.now()).map_err(ApiError::Transition)?;
    if !upload.news().is_empty() {
        app.uploads.save(&mut upload).await?;
    }
    Ok(Json(present(&app, &caller, &upload).await?))
}

fn verdict(request: SetStatusRequest) -> Result<Verdict, ApiError> {
    let wrong = |reason: String| Err(ApiError::InvalidRequest { field: Some("reason".to_owned()), reason });
    let reason = request.reason.as_deref().map(text::clean);
    match (request.status, reason) {
        (PipelineStatus::Processing, None) => Ok(Verdict::Processing),
        (PipelineStatus::Completed, None) => Ok(Verdict::Completed),
        (PipelineStatus::Uploaded, _) | (PipelineStatus::Processing | PipelineStatus::Completed, Some(_)) => {
            wrong("may only be given with failed or quarantined".to_owned())
        }
        (PipelineStatus::Failed, Some(reason))
            if (1..=MAX_REASON_CHARS).contains(&reason.chars().count()) =>
        {
            Ok(Verdict::Failed { reason })
        }
        (PipelineStatus::Quarantined, None) => Ok(Verdict::Quarantined { reason: None }),
        (PipelineStatus::Quarantined, Some(reason))
            if (1..=MAX_REASON_CHARS).contains(&reason.chars().count()) =>
        {
            Ok(Verdict::Quarantined { reason: Some(reason) })
        }
        (PipelineStatus::Quarantined, Some(_)) => {
            wrong(format!("must be 1 to {MAX_REASON_CHARS} characters, or left out"))
        }
        (PipelineStatus::Failed, _) => {
            wrong(format!("must say why it failed in 1 to {MAX_REASON_CHARS} characters"))
        }
    }
}
