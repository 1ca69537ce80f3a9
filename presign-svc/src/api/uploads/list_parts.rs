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
use crate::api::rates::{Place, draw_looks};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::Transfer;
use crate::domain::staging::{Staged, StagingFolder};
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
    place: Place,
    Id(id): Id<UploadId>,
) -> Result<Json<ListPartsResponse>, ApiError> {
    Ok(Json(parts_in_store(&app, &caller, &place, id).await?))
}

/// What the store has of the caller's upload.
pub(in crate::api) async fn parts_in_store(
    app: &App,
    caller: &Caller,
    place: &Place,
    id: UploadId,
) -> Result<ListPartsResponse, ApiError> {
    find(app, caller, id).await?;
    draw_looks(app, caller, place, 1).await?;
    let turn = app.turns.take(id).await?;
    let mut upload = find(app, caller, id).await?;
    if *upload.state() != UploadState::Pending {
        return Err(ApiError::UploadClosed(upload.closed_as()));
    }
    let stored = match upload.progress().multipart.clone() {
        Some(multipart) => stored_parts(app, &mut upload, &multipart).await?,
        None => Vec::new(),
    };
    // What follows changes nothing, and may take a while.
    drop(turn);
    let staged = match staged(app, &upload).await? {
        Some(staged) => {
            let needed = needed_pieces(&upload, &staged, &stored);
            draw_looks(app, caller, place, needed.len().min(MAX_LOOKS)).await?;
            Some(staged_pieces(app, &upload, &staged, needed).await?)
        }
        None => None,
    };
    let parts = stored.into_iter().map(|part| StoredPart {
        part_number: part.part_number,
        size: part.size_bytes,
        etag: part.etag,
        checksum: part.checksum,
    });
    Ok(ListPartsResponse { parts: parts.collect(), staged })
}

/// The staged pieces of parts the store does not have whole.
fn needed_pieces(upload: &Upload, staged: &Staged, stored: &[PartInStore]) -> Vec<PieceNumber> {
    let arrived = arrived(upload, stored);
    let is_needed = |piece: &PieceNumber| {
        let start = staged.plan().byte_range(*piece).map(|range| range.start);
        start.is_some_and(|start| {
            // In order and without overlap: the first one that ends behind it is the only one that can have it.
            let part = arrived.get(arrived.partition_point(|part| part.end <= start));
            !part.is_some_and(|part| part.contains(&start))
        })
    };
    staged.numbers().into_iter().filter(is_needed).collect()
}

/// Pieces with the store's own checksums: a file may have changed since.
async fn staged_pieces(
    app: &App,
    upload: &Upload,
    staged: &Staged,
    needed: Vec<PieceNumber>,
) -> Result<StagedPieces, StoreError> {
    let folder = StagingFolder::of(upload);
    let looks = needed.into_iter().enumerate().map(|(before, piece_number)| {
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
    Ok(StagedPieces { piece_size, pieces: pieces.into_iter().flatten().collect() })
}

/// The bytes of the file that are in parts the store has whole, in order.
pub(super) fn arrived(upload: &Upload, stored: &[PartInStore]) -> Vec<Range<u64>> {
    let Transfer::Multipart(plan) = upload.facts().file.transfer else { return Vec::new() };
    let whole = stored.iter().filter(|part| plan.size_of(part.part_number) == Some(part.size_bytes));
    let mut ranges: Vec<_> = whole.filter_map(|part| plan.byte_range(part.part_number)).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}
