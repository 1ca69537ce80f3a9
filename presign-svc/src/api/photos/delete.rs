//! `DELETE /api/v1/photos/{photo_id}`: the photo is gone for everybody once this answers; its objects go
//! now or, where the store does not answer, at the next sweep.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use windlass_protocol::PhotoId;

use super::find;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;
use crate::jobs::cleanup::remove_now;

/// Deletes a photo.
#[utoipa::path(
    delete,
    path = "/api/v1/photos/{photo_id}",
    operation_id = "delete_photo",
    tag = "photos",
    params(("photo_id" = PhotoId, Path, description = "The photo")),
    responses(
        (status = 204, description = "Deleted"),
    ),
    security(("token" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PhotoId>,
) -> Result<StatusCode, ApiError> {
    find(&app, &caller, id).await?;
    let _turn = app.turns.take(id.into()).await?;
    let mut upload = find(&app, &caller, id).await?;
    upload.delete(app.clock.now(), app.settings.bytes_may_arrive_for(&upload));
    app.uploads.save(&mut upload).await?;
    remove_now(&app, &upload).await;
    Ok(StatusCode::NO_CONTENT)
}
