//! `GET /api/v1/uploads/{upload_id}`: where an upload stands. Polling costs one look at the record, of an upload in
//! parts one question to the bucket every few seconds, and nothing on the wire while nothing changes.

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
use crate::api::rates::{Place, draw_looks};
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
    place: Place,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let upload = find(&app, &caller, id).await?;
    let percent = percent(&app, &caller, &place, &upload).await;
    let etag = format!("\"{id}.{}.{percent}\"", upload.progress().version);
    let fresh = [(ETAG, etag.as_str()), (CACHE_CONTROL, "private, no-cache")];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, fresh).into_response());
    }
    Ok((fresh, Json(wire(&upload, percent))).into_response())
}

/// How much of it is there, as far as is known.
async fn percent(app: &App, caller: &Caller, place: &Place, upload: &Upload) -> u8 {
    if upload.object().is_some() {
        return 100;
    }
    let now = app.clock.now();
    let before = app.progress.of(upload.id(), now);
    if let Some((percent, true)) = before {
        return percent;
    }
    match percent_in_store(app, caller, place, upload).await {
        Some(percent) => {
            app.progress.keep(upload.id(), percent, now);
            percent
        }
        None => before.map_or(0, |(percent, _)| percent),
    }
}

/// What the bucket says of an upload in parts; `None` also where it does not answer, or where its caller has asked too
/// much: then the look is refused, and not the answer.
async fn percent_in_store(app: &App, caller: &Caller, place: &Place, upload: &Upload) -> Option<u8> {
    let Transfer::Multipart(plan) = upload.facts().file.transfer else { return None };
    let multipart = upload.progress().multipart.as_ref()?;
    if *upload.state() != UploadState::Pending {
        return None;
    }
    draw_looks(app, caller, place, 1).await.ok()?;
    let parts = app.store.list_parts(&upload.original_key(), multipart).await.ok()?;
    let whole = parts.iter().filter(|part| plan.size_of(part.part_number) == Some(part.size_bytes));
    let stored: u64 = whole.map(|part| part.size_bytes).sum();
    let percent = stored.saturating_mul(100) / upload.size_bytes().max(1);
    // Not all of it is done while nobody has put the parts together.
    Some(u8::try_from(percent).map_or(99, |percent| percent.min(99)))
}

fn wire(upload: &Upload, progress_percent: u8) -> WireState {
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
        progress_percent,
        error,
        created_at: Timestamp::from(facts.created_at),
        updated_at: Timestamp::from(upload.progress().updated_at),
    }
}
