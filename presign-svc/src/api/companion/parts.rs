//! `GET /s3/multipart/{uploadId}`: the parts the store has, so that Uppy resumes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::UploadId;
use windlass_protocol::companion::UploadedPart;
use windlass_protocol::list_parts::ListPartsResponse;

use super::{KeyQuery, find};
use crate::api::error::ApiError;
use crate::api::extract::{Id, QueryOf};
use crate::api::rates::Place;
use crate::api::uploads::parts_in_store;
use crate::app::App;
use crate::auth::Caller;

/// Lists stored parts.
#[utoipa::path(
    get,
    path = "/s3/multipart/{upload_id}",
    operation_id = "companion_list_parts",
    tag = "uppy",
    params(("upload_id" = UploadId, Path, description = "The upload"), KeyQuery),
    responses(
        (status = 200, body = Vec<UploadedPart>),
    ),
    security(("token" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<UploadId>,
    QueryOf(query): QueryOf<KeyQuery>,
) -> Result<Json<Vec<UploadedPart>>, ApiError> {
    find(&app, &caller, id, &query).await?;
    let ListPartsResponse { parts, .. } = parts_in_store(&app, &caller, &place, id).await?;
    let parts = parts.into_iter().map(|part| UploadedPart {
        part_number: part.part_number,
        size: part.size,
        etag: part.etag,
    });
    Ok(Json(parts.collect()))
}
