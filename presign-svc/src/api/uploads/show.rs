//! `GET /api/v1/uploads/{upload_id}`: where an upload stands. Polling costs one look at the record, and
//! nothing on the wire while nothing changes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG};
use http::{HeaderMap, StatusCode};
use windlass_protocol::create_uploads::UploadMethod;
use windlass_protocol::show_upload::UploadState as WireState;
use windlass_protocol::{ErrorCode, Timestamp, UploadId};

use super::find;
use crate::api::error::{ApiError, failure_code, problem_of};
use crate::api::extract::{Id, is_known};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::Transfer;
use crate::domain::upload::{Stage, Upload, UploadState};

/// Says where an upload stands.
#[utoipa::path(
    get,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "show_upload",
    tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    responses(
        (status = 200, body = WireState),
        (status = 304, description = "Not changed since the version in If-None-Match"),
    ),
    security(("token" = []))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let upload = find(&app, &caller, id).await?;
    let etag = format!("\"{id}.{}\"", upload.progress().version);
    let fresh = [(ETAG, etag.as_str()), (CACHE_CONTROL, "private, no-cache")];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, fresh).into_response());
    }
    Ok((fresh, Json(wire(&upload))).into_response())
}

fn wire(upload: &Upload) -> WireState {
    let facts = upload.facts();
    let plan = match facts.file.transfer {
        Transfer::Put => None,
        Transfer::Multipart(plan) => Some(plan),
    };
    let error = match upload.state() {
        UploadState::Refused(failure) => Some(problem_of(failure_code(failure.code), failure.detail.clone())),
        UploadState::Stored { stage: Stage::Failed { reason }, .. } => {
            Some(problem_of(ErrorCode::Internal, reason.clone()))
        }
        _ => None,
    };
    WireState {
        upload_id: upload.id(),
        photo_id: upload.photo_id(),
        project_id: facts.project.clone(),
        status: upload.status(),
        method: if plan.is_some() { UploadMethod::Multipart } else { UploadMethod::Put },
        size: upload.size_bytes(),
        part_size: plan.map(|plan| plan.part_size_bytes()),
        part_count: plan.map(|plan| plan.part_count()),
        progress_percent: if upload.object().is_some() { 100 } else { 0 },
        error,
        created_at: Timestamp::from(facts.created_at),
        updated_at: Timestamp::from(upload.progress().updated_at),
    }
}
