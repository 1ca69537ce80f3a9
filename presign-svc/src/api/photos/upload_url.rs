//! `POST /api/v1/photos/upload-url`: one file by one PUT, for clients that know nothing of Windlass.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use windlass_protocol::API_PREFIX;
use windlass_protocol::upload_url::{UploadUrlRequest, UploadUrlResponse};

use crate::api::access::project_of;
use crate::api::error::ApiError;
use crate::api::extract::JsonBody;
use crate::api::rates::Place;
use crate::api::seconds_left;
use crate::api::uploads::{give_up_unbegun, may_upload_to, record_single, sign_original};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::{FileClaim, TransferChoice, accept_file};
use crate::domain::unplanned::{UnplannedClaim, Way, accept_unplanned};

/// Announces one file.
#[utoipa::path(
    post,
    path = "/api/v1/photos/upload-url",
    operation_id = "upload_url",
    tag = "uploads",
    request_body = UploadUrlRequest,
    responses(
        (status = 201, body = UploadUrlResponse),
    ),
    security(("token" = []))
)]
pub async fn upload_url(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    JsonBody(request): JsonBody<UploadUrlRequest>,
) -> Result<(StatusCode, Json<UploadUrlResponse>), ApiError> {
    let project = project_of(&caller, request.project_id.as_ref(), "project_id")?;
    may_upload_to(&app, &caller, project).await?;
    let now = app.clock.now();
    let file = match request.file_size {
        Some(size_bytes) => {
            let file = FileClaim {
                filename: request.file_name,
                content_type: request.mime_type,
                size_bytes,
                checksum: None,
                metadata: None,
                preferred_part_size_bytes: None,
            };
            accept_file(file, &app.settings.limits, TransferChoice::SinglePut)
        }
        None if app.settings.plain_clients => {
            let claim = UnplannedClaim {
                filename: &request.file_name,
                content_type: &request.mime_type,
                size_bytes: None,
            };
            accept_unplanned(&claim, Way::Form, &app.settings.limits)
        }
        None => {
            let reason = "is missing".to_owned();
            return Err(ApiError::InvalidRequest { field: Some("file_size".to_owned()), reason });
        }
    };
    let file = file.map_err(ApiError::Refused)?;
    // Its one URL cannot be had again: what has not arrived a while after that died does not come any more.
    let deadline_at = now + app.settings.request_may_arrive_for(file.size_bytes);
    let upload = record_single(&app, &caller, &place, (project, file), deadline_at).await?;
    let signed = match sign_original(&app, &upload, now).await {
        Ok(signed) => signed,
        Err(error) => {
            give_up_unbegun(&app, &upload).await;
            return Err(error);
        }
    };
    app.awaited.add(&upload, now, app.settings.bytes_may_arrive_for(&upload));
    let answer = UploadUrlResponse {
        upload_id: upload.id(),
        photo_id: upload.photo_id(),
        upload_url: signed.url,
        s3_url: app.store.object_url(&upload.original_key()),
        headers: signed.headers,
        expires_in_seconds: seconds_left(signed.expires_at, now),
        status_url: format!("{API_PREFIX}/uploads/{}", upload.id()),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
