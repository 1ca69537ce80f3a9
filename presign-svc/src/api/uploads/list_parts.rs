//! `GET /api/v1/uploads/{upload_id}/parts`: what the store itself has, so that a client resumes from the
//! truth and not from its memory.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::UploadId;
use windlass_protocol::list_parts::{ListPartsResponse, StoredPart};

use super::find;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::UploadState;
use crate::jobs::join_parts::stored_parts;

/// Lists the stored parts.
#[utoipa::path(
    get,
    path = "/api/v1/uploads/{upload_id}/parts",
    operation_id = "list_parts",
    tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    responses(
        (status = 200, body = ListPartsResponse),
    ),
    security(("token" = []))
)]
pub async fn list_parts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> Result<Json<ListPartsResponse>, ApiError> {
    Ok(Json(ListPartsResponse { parts: parts_in_store(&app, &caller, id).await? }))
}

/// The stored parts of the caller's upload.
pub(in crate::api) async fn parts_in_store(
    app: &App,
    caller: &Caller,
    id: UploadId,
) -> Result<Vec<StoredPart>, ApiError> {
    find(app, caller, id).await?;
    let _turn = app.turns.take(id).await?;
    let mut upload = find(app, caller, id).await?;
    if *upload.state() != UploadState::Pending {
        return Err(ApiError::UploadClosed(upload.status()));
    }
    let stored = match upload.progress().multipart.clone() {
        Some(multipart) => stored_parts(app, &mut upload, &multipart).await?,
        None => Vec::new(),
    };
    let parts = stored.into_iter().map(|part| StoredPart {
        part_number: part.part_number,
        size: part.size_bytes,
        etag: part.etag,
        checksum: part.checksum,
    });
    Ok(parts.collect())
}
