//! `GET /api/v1/photos/{photo_id}`: one photo with fresh signed URLs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::show_photo::ShowPhotoQuery;
use windlass_protocol::{Photo, PhotoId};

use super::present::present;
use super::{find, find_arriving};
use crate::api::error::ApiError;
use crate::api::extract::{Id, QueryOf};
use crate::app::App;
use crate::auth::Caller;

/// Shows a photo.
#[utoipa::path(
    get,
    path = "/api/v1/photos/{photo_id}",
    operation_id = "show_photo",
    tag = "photos",
    params(("photo_id" = PhotoId, Path, description = "The photo"), ShowPhotoQuery),
    responses(
        (status = 200, body = Photo),
    ),
    security(("token" = []))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PhotoId>,
    QueryOf(query): QueryOf<ShowPhotoQuery>,
) -> Result<Json<Photo>, ApiError> {
    let upload = match query.arriving {
        Some(true) => find_arriving(&app, &caller, id).await?,
        Some(false) | None => find(&app, &caller, id).await?,
    };
    Ok(Json(present(&app, &caller, &upload).await?))
}
