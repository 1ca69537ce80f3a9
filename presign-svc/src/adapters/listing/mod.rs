//! Lists of photos, under any filter, in pages that continue after a photo.
//!
//! A page is read from an index in the order of the list, and each photo of it is asked whether it passes the
//! other filters. Which index leads decides what that costs, so it is one that leads to few others: whatever is
//! asked for has its photos in that order, those of a status, a kind or a sender in indexes of `uploads`, those of a
//! term in indexes of `photo_terms`; words that begin alike, and squares that cover a part of the globe, are a few such
//! lists, which are merged. `search` finds out which are there and which is the sparsest, `page` writes the
//! statement, `statement` has what both are made of.

mod page;
#[cfg(test)]
mod plan_tests;
mod search;
mod statement;

pub(super) use self::search::Search;
pub(super) use self::statement::{Dialect, Engine, Statement, Value, arguments};

use windlass_protocol::list_photos::PhotoTotals;

use super::upload_row::UploadRow;
use crate::domain::filter::{PageMark, PhotoFilter};
use crate::domain::upload::Upload;
use crate::ports::uploads::{
    FoundRecords, PhotoPage, PhotoPlace, PhotoQuery, PhotosInOrder, RepositoryResult,
};

/// The uploads of those rows that can be read; the others are told to the operator.
pub(super) fn readable(rows: Vec<UploadRow>) -> Vec<Upload> {
    let uploads = rows.into_iter().map(UploadRow::into_upload);
    uploads
        .filter_map(|upload| upload.inspect_err(|error| tracing::error!(%error, "a record is left out")).ok())
        .collect()
}

/// So many batches of what is due are read at most, where nearly nothing of them can be.
const BATCHES: u32 = 8;

/// A batch of what is due to a job, as far as it can be read; `page` asks for the rows after so many. Nobody puts off
/// what cannot be read: it stays in front, and what is behind it would be hidden once that fills a batch.
pub(super) async fn readable_due<Page>(
    limit: u32,
    page: impl Fn(u32) -> Page,
) -> RepositoryResult<Vec<Upload>>
where
    Page: Future<Output = RepositoryResult<Vec<UploadRow>>>,
{
    let mut due: Vec<Upload> = Vec::new();
    for batch in 0..BATCHES {
        let rows = page(batch * limit).await?;
        let is_last = rows.len() < limit as usize;
        for upload in readable(rows) {
            // What others have put off since the batch before has moved what is behind it.
            if due.iter().all(|known| known.id() != upload.id()) {
                due.push(upload);
            }
        }
        if is_last || due.len() * 2 >= limit as usize {
            break;
        }
    }
    due.truncate(limit as usize);
    Ok(due)
}

/// The uploads of rows that were asked for by id, and the ids of those that cannot be read.
pub(super) fn found_in(rows: Vec<UploadRow>) -> RepositoryResult<FoundRecords> {
    let mut found = FoundRecords::default();
    for row in rows {
        let id = row.parse(&row.id, "id")?;
        match row.into_upload() {
            Ok(upload) => found.uploads.push(upload),
            Err(error) => {
                tracing::error!(%error, "a record is left out");
                found.unreadable.push(id);
            }
        }
    }
    Ok(found)
}

/// The photos of rows in the order of all.
pub(super) fn in_order(rows: Vec<UploadRow>) -> PhotosInOrder {
    let mut found = PhotosInOrder::default();
    for row in rows {
        let place =
            PhotoPlace { tenant: row.tenant.clone(), project: row.project.clone(), id: row.id.clone() };
        match row.into_upload() {
            Ok(photo) => found.photos.push(photo),
            Err(error) => {
                tracing::error!(%error, "a record is left out");
                found.unreadable.push(place.clone());
            }
        }
        found.last = Some(place);
    }
    found
}

/// The page that is in the rows of [`Search::page`], one statement's after the other's.
pub(super) fn page_of(mut rows: Vec<UploadRow>, query: &PhotoQuery<'_>) -> RepositoryResult<PhotoPage> {
    let limit = query.limit as usize;
    if query.filter.passes_arriving() {
        // One that was verified between the two statements is in the rows of both: as it was read last.
        rows.reverse();
        rows.sort_by(|a, b| b.id.cmp(&a.id));
        rows.dedup_by(|later, kept| later.id == kept.id);
    }
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    // Also where the last row cannot be read: the next page begins after it.
    let next = rows.last().filter(|_| has_more).map(|row| mark_of(row, query.filter)).transpose()?;
    Ok(PhotoPage { photos: readable(rows), next })
}

fn mark_of(row: &UploadRow, filter: &PhotoFilter) -> RepositoryResult<PageMark> {
    let photo = row.parse(&row.id, "id")?;
    Ok(PageMark { photo, taken_ms: row.taken_local.filter(|_| filter.taken.is_some()) })
}

/// A project's rows of `photo_totals`: status and how many photos.
pub(super) fn totals_of(rows: Vec<(String, i64)>) -> PhotoTotals {
    let mut totals = PhotoTotals::default();
    for (status, photos) in rows {
        let photos = photos.unsigned_abs();
        match status.as_str() {
            "uploaded" => totals.uploaded = photos,
            "processing" => totals.processing = photos,
            "completed" => totals.completed = photos,
            "failed" => totals.failed = photos,
            "quarantined" => totals.quarantined = photos,
            _ => {}
        }
    }
    totals
}
