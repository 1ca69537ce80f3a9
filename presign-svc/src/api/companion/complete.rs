//! `POST /s3/multipart/{uploadId}/complete`: join the parts the client names, and verify what they are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::UploadId;
use windlass_protocol::companion::{CompleteMultipart, CompletedMultipart, SentPart};

use super::{KeyQuery, find};
use crate::api::error::ApiError;
use crate::api::extract::{Id, JsonBody, QueryOf};
use crate::api::rates::Place;
use crate::api::uploads::finish;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::stored::PartToJoin;
use crate::jobs::ClientClaim;

/// Completes a multipart upload.
#[utoipa::path(
    post,
    path = "/s3/multipart/{upload_id}/complete",
    operation_id = "companion_complete",
    tag = "uppy",
    params(("upload_id" = UploadId, Path, description = "The upload"), KeyQuery),
    request_body = CompleteMultipart,
    responses(
        (status = 200, body = CompletedMultipart),
    ),
    security(("token" = []))
)]
pub async fn complete(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<UploadId>,
    QueryOf(query): QueryOf<KeyQuery>,
    JsonBody(request): JsonBody<CompleteMultipart>,
) -> Result<Json<CompletedMultipart>, ApiError> {
    let upload = find(&app, &caller, id, &query).await?;
    let parts = request.parts.into_iter().map(PartToJoin::from).collect();
    let upload = finish(&app, &caller, &place, upload, ClientClaim { parts, checksum: None }).await?;
    let key = upload.original_key();
    Ok(Json(CompletedMultipart { location: app.store.object_url(&key), key: key.as_str().to_owned() }))
}

impl From<SentPart> for PartToJoin {
    fn from(wire: SentPart) -> Self {
        Self { part_number: wire.part_number, etag: wire.etag, checksum: None }
    }
}
