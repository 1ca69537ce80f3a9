//! `DELETE /s3/multipart/{uploadId}`: give an upload up.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::UploadId;
use windlass_protocol::companion::Aborted;

use super::{KeyQuery, find};
use crate::api::error::ApiError;
use crate::api::extract::{Id, QueryOf};
use crate::api::uploads::give_up;
use crate::app::App;
use crate::auth::Caller;

/// Aborts a multipart upload.
#[utoipa::path(
    delete,
    path = "/s3/multipart/{upload_id}",
    operation_id = "companion_abort",
    tag = "uppy",
    params(("upload_id" = UploadId, Path, description = "The upload"), KeyQuery),
    responses(
        (status = 200, body = Aborted, description = "Given up"),
    ),
    security(("token" = []))
)]
pub async fn abort(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UploadId>,
    QueryOf(query): QueryOf<KeyQuery>,
) -> Result<Json<Aborted>, ApiError> {
    find(&app, &caller, id, &query).await?;
    give_up(&app, &caller, id).await?;
    Ok(Json(Aborted {}))
}
