//! `POST /api/v1/uploads/{upload_id}/parts`: sign parts of the plan, for the first time or again.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use time::OffsetDateTime;
use windlass_protocol::create_uploads::SignedPart;
use windlass_protocol::sign_parts::{MAX_PARTS, PartToSign, SignPartsRequest, SignPartsResponse};
use windlass_protocol::{Checksum, ChecksumAlgorithm, Timestamp, UploadId};

use super::{find, open_plan, sign};
use crate::api::error::ApiError;
use crate::api::extract::{Id, JsonBody};
use crate::api::rates::{Place, draw_parts};
use crate::app::App;
use crate::auth::Caller;
use crate::jobs::multipart;

/// Signs parts.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/{upload_id}/parts",
    operation_id = "sign_parts",
    tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    request_body = SignPartsRequest,
    responses(
        (status = 200, body = SignPartsResponse),
    ),
    security(("token" = []))
)]
pub async fn sign_parts(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<UploadId>,
    JsonBody(request): JsonBody<SignPartsRequest>,
) -> Result<Json<SignPartsResponse>, ApiError> {
    let (parts, expires_at) = sign_some(&app, &caller, &place, id, &request.parts).await?;
    Ok(Json(SignPartsResponse { parts, expires_at: Timestamp::from(expires_at) }))
}

/// Signs parts of the caller's upload, and keeps it open while they are asked for.
pub(in crate::api) async fn sign_some(
    app: &App,
    caller: &Caller,
    place: &Place,
    id: UploadId,
    wanted: &[PartToSign],
) -> Result<(Vec<SignedPart>, OffsetDateTime), ApiError> {
    let mut upload = find(app, caller, id).await?;
    let plan = open_plan(&upload)?;
    check(wanted)?;
    draw_parts(app, caller, place, id, (wanted.len(), plan.part_count().into())).await?;
    if upload.progress().multipart.is_none() {
        let _turn = app.turns.take(id).await?;
        upload = find(app, caller, id).await?;
        open_plan(&upload)?;
        multipart::ensure_open(app, &mut upload).await?;
    }
    if upload.stays_open(app.clock.now(), app.settings.upload_deadline) {
        let _turn = app.turns.take(id).await?;
        upload = find(app, caller, id).await?;
        open_plan(&upload)?;
        if upload.stays_open(app.clock.now(), app.settings.upload_deadline) {
            app.uploads.save(&mut upload).await?;
        }
    }
    let Some(multipart) = upload.progress().multipart.clone() else {
        return Err(ApiError::UploadClosed(upload.status()));
    };
    let wanted: Vec<_> = wanted.iter().map(|part| (part.part_number, part.checksum)).collect();
    sign::sign_parts(app, &upload, &multipart, &plan, &wanted, app.clock.now()).await
}

fn check(parts: &[PartToSign]) -> Result<(), ApiError> {
    let wrong = |field: String, reason: String| Err(ApiError::InvalidRequest { field: Some(field), reason });
    if !(1..=MAX_PARTS).contains(&parts.len()) {
        return wrong("parts".to_owned(), format!("must hold 1 to {MAX_PARTS} entries, not {}", parts.len()));
    }
    let mut seen = HashSet::new();
    for (index, part) in parts.iter().enumerate() {
        if !seen.insert(part.part_number) {
            return wrong(
                format!("parts[{index}].part_number"),
                format!("is asked for twice: {}", part.part_number),
            );
        }
        let is_verifiable = |sum: &Checksum| sum.algorithm() == ChecksumAlgorithm::Crc64Nvme;
        if !part.checksum.as_ref().is_none_or(is_verifiable) {
            return wrong(format!("parts[{index}].checksum"), "of a part must be a CRC64NVME".to_owned());
        }
    }
    Ok(())
}
