//! Lists of photos, under any filter, in pages that continue after a photo.
//!
//! A page is read from an index in the order of the list, and each photo of it is asked whether it passes the
//! other filters. Which index leads decides what that costs, so it is one that leads to few others: whatever is
//! asked for has its photos in that order, those of a status, a kind or a sender in indexes of `uploads`, those of a
//! term in indexes of `photo_terms`; words that begin alike, and squares that cover a part of the globe, are a few such
//! lists, which are merged. `search` finds out which are there and which is the sparsest, `page` writes the
//! statement, `statement` has what both are made of. `rows` makes
//! the page of what they answer.

mod page;
#[cfg(test)]
mod plan_tests;
mod rows;
mod search;
mod statement;

pub(super) use self::rows::{PageRow, RowMark, page_of};
pub(super) use self::search::Search;
pub(super) use self::statement::{Dialect, Engine, Statement, Value, arguments};

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use windlass_protocol::list_photos::PhotoTotals;

use super::upload_row::UploadRow;
use crate::domain::upload::Upload;
use crate::ports::uploads::{FoundRecords, PhotoPlace, PhotosInOrder, RepositoryError, RepositoryResult};

/// The uploads of those rows that can be read; the others are told to the operator.
pub(super) fn readable(rows: Vec<UploadRow>) -> Vec<Upload> {
    read(rows, |error| tracing::error!(%error, "a record is left out"))
}

fn read(rows: Vec<UploadRow>, tell: impl Fn(&RepositoryError)) -> Vec<Upload> {
    rows.into_iter().filter_map(|row| row.into_upload().inspect_err(&tell).ok()).collect()
}

/// So many batches of what is due are read at most, where nearly nothing of them can be.
const BATCHES: u32 = 8;

/// So many records that cannot be read are remembered as told: more than what the jobs read at a time.
const MAX_TOLD: usize = 1024;

/// What was told of records that are due: a job finds them again every few seconds, for as long as nobody mends them.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether this was not told yet, as far as is remembered.
fn is_news(told: &Mutex<BTreeSet<String>>, error: &RepositoryError) -> bool {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let words = error.to_string();
    if told.len() >= MAX_TOLD && !told.contains(&words) {
        told.clear();
    }
    told.insert(words)
}

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
        let tell = |error: &RepositoryError| {
            if is_news(&TOLD, error) {
                tracing::error!(%error, "a record is left out of what is due until it can be read");
            }
        };
        for upload in read(rows, tell) {
            // What others have put off since the batch before has moved what is behind it.
            if due.iter().all(|known| known.id() != upload.id()) {
                due.push(upload);
            }
        }
        // No batch that is nearly full: whoever asked for it takes that for the last one, and pauses.
        if is_last || due.len() >= limit as usize {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_stays_unreadable_is_told_once_and_what_is_remembered_has_an_end() {
        let told = Mutex::default();
        let is_told =
            |id: usize, column| is_news(&told, &RepositoryError::Corrupt { id: id.to_string(), column });
        assert!(is_told(0, "variants") && !is_told(0, "variants"));
        assert!(is_told(0, "metadata"), "something else is wrong with it");
        assert!((1..10 * MAX_TOLD).all(|id| is_told(id, "variants") && !is_told(id, "variants")));
        assert!(told.lock().unwrap().len() <= MAX_TOLD);
    }
}
