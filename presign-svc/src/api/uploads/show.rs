//! `GET /api/v1/uploads/{upload_id}`: where an upload stands. Polling costs one look at the record, of an upload in
//! parts one question to the bucket every few seconds, however many poll, and nothing on the wire while nothing changes.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG};
use http::{HeaderMap, StatusCode};
use tokio::time::timeout;
use windlass_protocol::create_uploads::UploadMethod;
use windlass_protocol::show_upload::UploadState as WireState;
use windlass_protocol::{ErrorCode, Timestamp, UploadId};

use super::find;
use super::list_parts::arrived;
use crate::api::error::{ApiError, failure_code, problem_of};
use crate::api::extract::{Id, is_known};
use crate::api::rates::{Place, draw_looks};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::Transfer;
use crate::domain::stored::StoredPart;
use crate::domain::upload::{Stage, Upload, UploadState};

/// How long the answer waits for the bucket, which may be slow or away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says where an upload stands.
#[utoipa::path(
    get,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "show_upload",
    tag = "uploads",
    params(
        ("upload_id" = UploadId, Path, description = "The upload"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer"),
    ),
    responses(
        (status = 200, body = WireState, headers(("ETag" = String, description = "Names this version"))),
        (
            status = 304,
            description = "Not changed since the version in If-None-Match",
            headers(("ETag" = String, description = "Names this version"))
        ),
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

/// How much of it is there, as far as is known. Of all who watch it one asks the bucket, and not for long: the others
/// are told what was known before.
async fn percent(app: &App, caller: &Caller, place: &Place, upload: &Upload) -> u8 {
    if upload.object().is_some() {
        return 100;
    }
    let (id, now) = (upload.id(), app.clock.now());
    if *upload.state() == UploadState::Pending
        && let Some(multipart) = &upload.progress().multipart
        && app.progress.is_due(id, now)
        // Whoever has asked too much is refused the look, and not the answer.
        && draw_looks(app, caller, place, 1).await.is_ok()
        && app.progress.take_look(id, now)
        && let Ok(Ok(parts)) = timeout(PATIENCE, app.store.list_parts(&upload.original_key(), multipart)).await
    {
        app.progress.keep(id, percent_in(upload, &parts), now);
    }
    app.progress.of(id)
}

fn percent_in(upload: &Upload, parts: &[StoredPart]) -> u8 {
    let stored: u64 = arrived(upload, parts).iter().map(|range| range.end - range.start).sum();
    let percent = stored.saturating_mul(100) / upload.size_bytes().max(1);
    // Not all of it is done while nobody has put the parts together.
    u8::try_from(percent).map_or(99, |percent| percent.min(99))
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
            // Its pipeline is not this service, and what it gave up no repetition of a request mends.
            Some(problem_of(ErrorCode::UploadClosed, reason.clone()))
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
