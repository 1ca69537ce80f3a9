//! What is staged of an upload in small pieces: found, put together, and removed.
//!
//! Putting together can be repeated safely, and interrupted at any step: it only ever writes what the store
//! lacks, and the pieces stay until the whole was verified.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use windlass_protocol::piece_plan::MAX_COMPOSED_BYTES;
use windlass_protocol::{PartNumber, PartPlan, PieceNumber, PiecePlan};

use super::NotFinished;
use crate::app::App;
use crate::domain::staging::{Staged, StagingFolder};
use crate::domain::upload::Upload;
use crate::domain::verify::Failure;
use crate::jobs::multipart;
use crate::ports::object_store::{PartToWrite, PutToSign, StoreError};

/// Pieces read, or removed, at once.
const AT_ONCE: usize = 8;

/// What the store has of an upload in pieces; `None` where no piece of it was ever signed.
pub async fn staged(app: &App, upload: &Upload) -> Result<Option<Staged>, StoreError> {
    let size_bytes = upload.facts().file.size_bytes;
    let plan = upload.progress().piece_size_bytes.map(|piece_size| PiecePlan::new(size_bytes, piece_size));
    let Some(Ok(plan)) = plan else { return Ok(None) };
    let folder = StagingFolder::of(upload);
    let found = app.store.list(folder.prefix()).await?;
    let pieces = found.iter().filter_map(|object| Some((folder.number_of(&object.key)?, object.size_bytes)));
    Ok(Some(Staged::of(plan, pieces)))
}

/// Whether these bytes of the file can be put together from pieces.
pub fn is_all_there(staged: &Staged, range: &Range<u64>) -> bool {
    range.end - range.start <= MAX_COMPOSED_BYTES && staged.pieces_of(range).is_some()
}

/// Puts the object together.
pub async fn compose_whole(app: &App, upload: &Upload, staged: &Staged) -> Result<(), NotFinished> {
    let file = &upload.facts().file;
    let pieces = staged.pieces_of(&(0..file.size_bytes)).ok_or(NotFinished::BytesMissing)?;
    let bytes = read(app, upload, staged, &pieces).await?.ok_or(NotFinished::BytesMissing)?;
    let put = PutToSign {
        key: &upload.original_key(),
        size_bytes: file.size_bytes,
        content_type: file.media_type.mime(),
        checksum: file.checksum.as_ref(),
        only_if_absent: app.settings.conditional_writes,
    };
    match app.store.put(&put, bytes).await {
        // It is there already: what it is, is verified as ever.
        Ok(()) | Err(StoreError::Precondition) => Ok(()),
        Err(StoreError::ChecksumMismatch) => Err(NotFinished::Refused(Failure::checksum(file))),
        Err(error) => Err(error.into()),
    }
}

/// Puts parts together, one after the other: no more than one is in memory.
pub async fn compose_parts(
    app: &App,
    upload: &mut Upload,
    staged: &Staged,
    plan: &PartPlan,
    missing: &[PartNumber],
) -> Result<(), NotFinished> {
    let (key, multipart) = (upload.original_key(), multipart::ensure_open(app, upload).await?);
    for part_number in missing {
        let lacks = || NotFinished::PartsMissing(missing.to_vec());
        let range = plan.byte_range(*part_number).ok_or_else(lacks)?;
        let pieces = staged.pieces_of(&range).ok_or_else(lacks)?;
        let part = PartToWrite { key: &key, multipart: &multipart, part_number: *part_number };
        // What is one piece the store copies by itself: S3 takes the last part at any size.
        if let [only] = pieces.as_slice() {
            match app.store.copy_part(&part, &StagingFolder::of(upload).piece(*only)).await {
                Ok(()) => continue,
                Err(error @ (StoreError::Unavailable(_) | StoreError::PermissionDenied(_))) => {
                    return Err(error.into());
                }
                Err(error) => tracing::debug!(%error, "a piece cannot be copied; it is read and written"),
            }
        }
        let bytes = read(app, upload, staged, &pieces).await?.ok_or_else(lacks)?;
        app.store.upload_part(&part, bytes).await?;
    }
    Ok(())
}

/// Reads pieces one behind the other; `None` where one of them is not there any more, or not whole.
async fn read(
    app: &App,
    upload: &Upload,
    staged: &Staged,
    pieces: &[PieceNumber],
) -> Result<Option<Bytes>, StoreError> {
    let folder = StagingFolder::of(upload);
    let sizes: Vec<(PieceNumber, u64)> =
        pieces.iter().map(|number| (*number, staged.plan().size_of(*number).unwrap_or_default())).collect();
    let total: u64 = sizes.iter().map(|(_, size_bytes)| size_bytes).sum();
    let reads = sizes.into_iter().map(|(number, size_bytes)| {
        let key = folder.piece(number);
        async move {
            match app.store.read_range(&key, 0..size_bytes, None).await {
                Ok(bytes) => Ok((bytes.len() as u64 == size_bytes).then_some(bytes)),
                Err(StoreError::NotFound) => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    let mut reads = stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE);
    // All of it at once: to grow would take up to twice of it. What is put together is never more than fits.
    let mut whole = BytesMut::with_capacity(usize::try_from(total).unwrap_or_default());
    while let Some(piece) = reads.try_next().await? {
        let Some(piece) = piece else { return Ok(None) };
        whole.extend_from_slice(&piece);
    }
    Ok(Some(whole.freeze()))
}

/// Removes what is staged of an upload.
pub async fn remove_staged(app: &App, upload: &Upload) -> Result<(), StoreError> {
    if upload.progress().piece_size_bytes.is_none() {
        return Ok(());
    }
    let folder = StagingFolder::of(upload);
    let found = app.store.list(folder.prefix()).await?;
    let numbers: Vec<PieceNumber> = found.iter().filter_map(|object| folder.number_of(&object.key)).collect();
    let removals = numbers.into_iter().map(|number| {
        let key = folder.piece(number);
        async move { app.store.delete(&key).await }
    });
    stream::iter(removals.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
}
