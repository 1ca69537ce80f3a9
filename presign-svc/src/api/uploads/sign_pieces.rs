//! `POST /api/v1/uploads/{upload_id}/pieces`: sign small staged pieces, for the first time or again.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::piece_plan::{InvalidPiecePlan, MAX_COMPOSED_BYTES};
use windlass_protocol::sign_pieces::{MAX_PIECES, SignPiecesRequest, SignPiecesResponse, SignedPiece};
use windlass_protocol::{ChecksumAlgorithm, PiecePlan, Timestamp, UploadId};

use super::find;
use crate::api::error::ApiError;
use crate::api::extract::{Id, JsonBody};
use crate::api::rates::{Place, draw_parts};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::{SizeClaim, Transfer};
use crate::domain::staging::StagingFolder;
use crate::domain::upload::{Upload, UploadState};
use crate::ports::object_store::PutToSign;

/// What a piece is to the store: bytes, and never a picture.
const CONTENT_TYPE: &str = "application/octet-stream";

/// Signs small pieces.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/{upload_id}/pieces",
    operation_id = "sign_pieces",
    tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    request_body = SignPiecesRequest,
    responses(
        (status = 200, body = SignPiecesResponse),
    ),
    security(("token" = []))
)]
pub async fn sign_pieces(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<UploadId>,
    JsonBody(request): JsonBody<SignPiecesRequest>,
) -> Result<Json<SignPiecesResponse>, ApiError> {
    let mut upload = find(&app, &caller, id).await?;
    let plan = plan_of(&app, &upload, request.piece_size)?;
    check(&request, &plan)?;
    draw_parts(&app, &caller, &place, id, (request.pieces.len(), plan.piece_count())).await?;
    let is_settled = |upload: &mut Upload| {
        let is_known = upload.progress().piece_size_bytes.is_some();
        is_known && !upload.stays_open(app.clock.now(), app.settings.upload_deadline)
    };
    if !is_settled(&mut upload) {
        let _turn = app.turns.take(id).await?;
        upload = find(&app, &caller, id).await?;
        plan_of(&app, &upload, request.piece_size)?;
        if !is_settled(&mut upload) {
            upload.staged_in(request.piece_size, app.clock.now())?;
            app.uploads.save(&mut upload).await?;
        }
    }
    let folder = StagingFolder::of(&upload);
    let window = app.settings.put_window(app.clock.now());
    let mut expires_at = window.signed_at + window.lifetime;
    let mut pieces = Vec::with_capacity(request.pieces.len());
    for piece in &request.pieces {
        let size = plan.size_of(piece.piece_number).unwrap_or_default();
        let put = PutToSign {
            key: &folder.piece(piece.piece_number),
            size_bytes: size,
            content_type: CONTENT_TYPE,
            checksum: Some(&piece.checksum),
            // One that was sent again with other bytes replaces what is there.
            only_if_absent: false,
        };
        let signed = app.store.sign_put(&put, window).await?;
        expires_at = expires_at.min(signed.expires_at);
        pieces.push(SignedPiece {
            piece_number: piece.piece_number,
            url: signed.url,
            headers: signed.headers,
            size,
        });
    }
    Ok(Json(SignPiecesResponse { pieces, expires_at: Timestamp::from(expires_at) }))
}

/// How an upload that still takes bytes is cut.
fn plan_of(app: &App, upload: &Upload, piece_size: u64) -> Result<PiecePlan, ApiError> {
    let wrong = |field: Option<&str>, reason: String| ApiError::InvalidRequest {
        field: field.map(str::to_owned),
        reason,
    };
    if !app.settings.weak_signal {
        return Err(wrong(
            None,
            "files are not taken in small pieces here; send them whole or in parts".to_owned(),
        ));
    }
    if *upload.state() != UploadState::Pending {
        return Err(ApiError::UploadClosed(upload.closed_as()));
    }
    if upload.facts().file.size_claim == SizeClaim::AtMost {
        let reason = "this upload's size is not known, so it cannot be cut; announce the file with its size";
        return Err(wrong(None, reason.to_owned()));
    }
    if upload.facts().file.transfer == Transfer::Put && upload.facts().file.size_bytes > MAX_COMPOSED_BYTES {
        let reason = "this upload goes in one PUT, and more than 64 MiB is not put together from pieces in one; \
                      announce the file by POST /uploads, which cuts it in parts";
        return Err(wrong(None, reason.to_owned()));
    }
    if let Some(settled) = upload.progress().piece_size_bytes.filter(|settled| *settled != piece_size) {
        let reason = format!("must be {settled}, which the first pieces of this upload have");
        return Err(wrong(Some("piece_size"), reason));
    }
    PiecePlan::new(upload.facts().file.size_bytes, piece_size).map_err(|error| match error {
        InvalidPiecePlan::PieceSize(_) => wrong(Some("piece_size"), error.to_string()),
        InvalidPiecePlan::FileSize(_) => wrong(None, error.to_string()),
    })
}

fn check(request: &SignPiecesRequest, plan: &PiecePlan) -> Result<(), ApiError> {
    let wrong = |field: String, reason: String| Err(ApiError::InvalidRequest { field: Some(field), reason });
    let pieces = &request.pieces;
    if !(1..=MAX_PIECES).contains(&pieces.len()) {
        let reason = format!("must hold 1 to {MAX_PIECES} entries, not {}", pieces.len());
        return wrong("pieces".to_owned(), reason);
    }
    let mut seen = HashSet::new();
    for (index, piece) in pieces.iter().enumerate() {
        let number = piece.piece_number;
        if plan.size_of(number).is_none() {
            let reason = format!("must be between 1 and {} for this upload", plan.piece_count());
            return wrong(format!("pieces[{index}].piece_number"), reason);
        }
        if !seen.insert(number) {
            return wrong(format!("pieces[{index}].piece_number"), format!("is asked for twice: {number}"));
        }
        if piece.checksum.algorithm() != ChecksumAlgorithm::Crc64Nvme {
            return wrong(format!("pieces[{index}].checksum"), "of a piece must be a CRC64NVME".to_owned());
        }
    }
    Ok(())
}
