//! `POST /s3/multipart`: one file in parts, cut as Uppy likes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::companion::{CreateMultipart, CreatedMultipart};

use super::announce::{File, announce};
use crate::api::error::ApiError;
use crate::api::extract::JsonBody;
use crate::api::rates::Place;
use crate::api::uploads::give_up_unbegun;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::unplanned::Way;
use crate::jobs::multipart;

/// Opens a multipart upload.
#[utoipa::path(
    post,
    path = "/s3/multipart",
    operation_id = "companion_create_multipart",
    tag = "uppy",
    request_body = CreateMultipart,
    responses(
        (status = 200, body = CreatedMultipart),
    ),
    security(("token" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    JsonBody(request): JsonBody<CreateMultipart>,
) -> Result<Json<CreatedMultipart>, ApiError> {
    let file = File {
        filename: &request.filename,
        content_type: &request.content_type,
        metadata: &request.metadata,
        way: Way::Parts,
    };
    let mut upload = announce(&app, &caller, &place, file).await?;
    if let Err(error) = multipart::ensure_open(&app, &mut upload).await {
        give_up_unbegun(&app, &upload).await;
        return Err(error.into());
    }
    Ok(Json(CreatedMultipart { key: upload.original_key().as_str().to_owned(), upload_id: upload.id() }))
}
