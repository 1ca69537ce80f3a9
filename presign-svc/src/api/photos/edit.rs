//! `PATCH /api/v1/photos/{photo_id}`: caption and tags.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::edit_photo::EditPhotoRequest;
use windlass_protocol::{Photo, PhotoId};

use super::find;
use super::present::present;
use crate::api::error::ApiError;
use crate::api::extract::{Id, JsonBody};
use crate::api::rates::{EDIT, Place, draw};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::description;

/// Changes what people say about a photo.
#[utoipa::path(
    patch,
    path = "/api/v1/photos/{photo_id}",
    operation_id = "edit_photo",
    tag = "photos",
    params(("photo_id" = PhotoId, Path, description = "The photo")),
    request_body = EditPhotoRequest,
    responses(
        (status = 200, body = Photo),
    ),
    security(("token" = []))
)]
pub async fn edit(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<PhotoId>,
    JsonBody(request): JsonBody<EditPhotoRequest>,
) -> Result<Json<Photo>, ApiError> {
    find(&app, &caller, id).await?;
    let caption =
        request.caption.map(|caption| description::caption(&caption.unwrap_or_default())).transpose()?;
    let tags = request.tags.map(|tags| description::tags(&tags)).transpose()?;
    draw(&app, &caller, &place, EDIT).await?;
    let _turn = app.turns.take(id.into()).await?;
    let mut upload = find(&app, &caller, id).await?;
    let mut description = upload.progress().description.clone();
    if let Some(caption) = caption {
        description.caption = caption;
    }
    if let Some(tags) = tags {
        description.tags = tags;
    }
    upload.describe(description, app.clock.now());
    if !upload.news().is_empty() {
        app.uploads.save(&mut upload).await?;
    }
    Ok(Json(present(&app, &caller, &upload).await?))
}
