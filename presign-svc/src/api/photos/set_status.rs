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
use crate::api::rates::Place;
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
    place: Place,
    Id(id): Id<PhotoId>,
    JsonBody(request): JsonBody<SetStatusRequest>,
) -> Result<Json<Photo>, ApiError> {
    let found = if request.status == PipelineStatus::Uploaded {
        // Whoever brought the bytes may say so: it is what completing says, and costs as much.
        uploads::find(&app, &caller, id.into()).await?
    } else {
        caller.require(Scope::Pipeline)?;
        find(&app, &caller, id).await?
    };
    let Some(verdict) = verdict(request)? else {
        let upload = finish(&app, &caller, &place, found, ClientClaim::default()).await?;
        return Ok(Json(present(&app, &caller, &upload).await?));
    };
    let _turn = app.turns.take(id.into()).await?;
    let mut upload = find(&app, &caller, id).await?;
    upload.advance(verdict, app.clock.now()).map_err(ApiError::Transition)?;
    if !upload.news().is_empty() {
        app.uploads.save(&mut upload).await?;
    }
    Ok(Json(present(&app, &caller, &upload).await?))
}

/// What the pipeline found; `None` where somebody says that the bytes are there.
fn verdict(request: SetStatusRequest) -> Result<Option<Verdict>, ApiError> {
    let wrong = |reason: String| Err(ApiError::InvalidRequest { field: Some("reason".to_owned()), reason });
    let reason = request.reason.as_deref().map(text::clean);
    let verdict = match (request.status, reason) {
        (PipelineStatus::Uploaded, None) => return Ok(None),
        (PipelineStatus::Processing, None) => Verdict::Processing,
        (PipelineStatus::Completed, None) => Verdict::Completed,
        (PipelineStatus::Uploaded | PipelineStatus::Processing | PipelineStatus::Completed, Some(_)) => {
            return wrong("may only be given with failed or quarantined".to_owned());
        }
        (PipelineStatus::Failed, Some(reason))
            if (1..=MAX_REASON_CHARS).contains(&reason.chars().count()) =>
        {
            Verdict::Failed { reason }
        }
        (PipelineStatus::Quarantined, None) => Verdict::Quarantined { reason: None },
        (PipelineStatus::Quarantined, Some(reason))
            if (1..=MAX_REASON_CHARS).contains(&reason.chars().count()) =>
        {
            Verdict::Quarantined { reason: Some(reason) }
        }
        (PipelineStatus::Quarantined, Some(_)) => {
            return wrong(format!("must be 1 to {MAX_REASON_CHARS} characters, or left out"));
        }
        (PipelineStatus::Failed, _) => {
            return wrong(format!("must say why it failed in 1 to {MAX_REASON_CHARS} characters"));
        }
    };
    Ok(Some(verdict))
}
