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
use crate::api::rates::{FILE, Place, draw};
use crate::api::uploads::{Draft, allowance_of, announcement, draft, may_upload_to, sign_original};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::{FileClaim, TransferChoice};
use crate::domain::unplanned::{UnplannedClaim, Way, accept_unplanned};
use crate::domain::upload::Upload;
use crate::metrics::UploadOutcome;
use crate::ports::uploads::Recorded;

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
    let upload = match request.file_size {
        Some(size_bytes) => {
            let file = FileClaim {
                filename: request.file_name,
                content_type: request.mime_type,
                size_bytes,
                checksum: None,
                metadata: None,
                preferred_part_size_bytes: None,
            };
            let announced = Draft {
                caller: &caller,
                project,
                file,
                variants: Vec::new(),
                client_ref: None,
                transfer: TransferChoice::SinglePut,
            };
            draft(&app, announced, now)?
        }
        None if app.settings.plain_clients => {
            let claim = UnplannedClaim {
                filename: &request.file_name,
                content_type: &request.mime_type,
                size_bytes: None,
            };
            let file =
                accept_unplanned(&claim, Way::Form, &app.settings.limits).map_err(ApiError::Refused)?;
            let facts = announcement(&app, &caller, project, file, now)?;
            Upload::announce(facts, None, Vec::new(), now + app.settings.upload_deadline)
        }
        None => {
            let reason = "is missing".to_owned();
            return Err(ApiError::InvalidRequest { field: Some("file_size".to_owned()), reason });
        }
    };
    draw(&app, &caller, &place, FILE).await?;
    let recorded = app.uploads.insert(vec![upload.clone()], &allowance_of(&app, &caller)).await?;
    if let Some(Recorded::OverQuota(exceeded)) = recorded.into_iter().next() {
        return Err(ApiError::Quota(exceeded));
    }
    app.metrics.uploads(UploadOutcome::Announced, 1);
    let signed = sign_original(&app, &upload, now).await?;
    app.awaited.add(&upload, now);
    // Signing counts whole seconds.
    let lives = signed.expires_at.unix_timestamp() - now.unix_timestamp();
    let answer = UploadUrlResponse {
        upload_id: upload.id(),
        photo_id: upload.photo_id(),
        upload_url: signed.url,
        s3_url: app.store.object_url(&upload.original_key()),
        headers: signed.headers,
        expires_in_seconds: u32::try_from(lives).unwrap_or_default(),
        status_url: format!("{API_PREFIX}/uploads/{}", upload.id()),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
