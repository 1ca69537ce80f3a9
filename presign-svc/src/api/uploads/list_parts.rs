//! `GET /api/v1/uploads/{upload_id}/parts`: what the store itself has, so that a client resumes from the
//! truth and not from its memory.

use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use windlass_protocol::list_parts::{ListPartsResponse, StagedPiece, StagedPieces, StoredPart};
use windlass_protocol::{PieceNumber, UploadId};

use super::find;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::Transfer;
use crate::domain::staging::StagingFolder;
use crate::domain::stored::StoredPart as PartInStore;
use crate::domain::upload::{Upload, UploadState};
use crate::jobs::join_parts::stored_parts;
use crate::jobs::staging::staged;
use crate::ports::object_store::StoreError;

/// Pieces whose checksums are asked for at once.
const AT_ONCE: usize = 16;
/// Pieces whose checksums are asked for at all: half a gigabyte in the largest. Of more a client is told no checksum,
/// and sends them again unless it has just sent them.
const MAX_LOOKS: usize = 1024;

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
    Ok(Json(parts_in_store(&app, &caller, id).await?))
}

/// What the store has of the caller's upload.
pub(in crate::api) async fn parts_in_store(
    app: &App,
    caller: &Caller,
    id: UploadId,
) -> Result<ListPartsResponse, ApiError> {
    find(app, caller, id).await?;
    let turn = app.turns.take(id).await?;
    let mut upload = find(app, caller, id).await?;
    if *upload.state() != UploadState::Pending {
        return Err(ApiError::UploadClosed(upload.status()));
    }
    let stored = match upload.progress().multipart.clone() {
        Some(multipart) => stored_parts(app, &mut upload, &multipart).await?,
        None => Vec::new(),
    };
    // What follows changes nothing, and may take a while.
    drop(turn);
    let staged = staged_pieces(app, &upload, &stored).await?;
    let parts = stored.into_iter().map(|part| StoredPart {
        part_number: part.part_number,
        size: part.size_bytes,
        etag: part.etag,
        checksum: part.checksum,
    });
    Ok(ListPartsResponse { parts: parts.collect(), staged })
}

/// What is staged of the parts the store does not have, with the store's own checksums: a file may have changed
/// since.
async fn staged_pieces(
    app: &App,
    upload: &Upload,
    stored: &[PartInStore],
) -> Result<Option<StagedPieces>, StoreError> {
    let Some(staged) = staged(app, upload).await? else { return Ok(None) };
    let arrived = arrived(upload, stored);
    let is_needed = |piece: &PieceNumber| {
        let range = staged.plan().byte_range(*piece);
        range.is_some_and(|piece| !arrived.iter().any(|part| part.contains(&piece.start)))
    };
    let folder = StagingFolder::of(upload);
    let looks = staged.numbers().into_iter().filter(is_needed).enumerate().map(|(before, piece_number)| {
        let key = folder.piece(piece_number);
        async move {
            if before >= MAX_LOOKS {
                return Ok(Some(StagedPiece { piece_number, checksum: None }));
            }
            match app.store.head(&key).await {
                Ok(object) => Ok(Some(StagedPiece { piece_number, checksum: object.checksum })),
                Err(StoreError::NotFound) => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    let pieces: Vec<Option<StagedPiece>> =
        stream::iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    let piece_size = staged.plan().piece_size_bytes();
    Ok(Some(StagedPieces { piece_size, pieces: pieces.into_iter().flatten().collect() }))
}

/// The bytes of the file that are in parts the store has whole.
fn arrived(upload: &Upload, stored: &[PartInStore]) -> Vec<Range<u64>> {
    let Transfer::Multipart(plan) = upload.facts().file.transfer else { return Vec::new() };
    let whole = stored.iter().filter(|part| plan.size_of(part.part_number) == Some(part.size_bytes));
    whole.filter_map(|part| plan.byte_range(part.part_number)).collect()
}
