//! The rows of a page: those of photos that are known to whoever asks are not read.

use super::super::upload_row::UploadRow;
use super::readable;
use crate::domain::filter::{PageMark, PhotoFilter};
use crate::ports::uploads::{
    KnownPhotos, ListedPhoto, PhotoPage, PhotoQuery, PhotoVersion, RepositoryError, RepositoryResult,
    ShownPhoto,
};

/// Where a row stands in a list, and which version of its photo it has.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(in crate::adapters) struct RowMark {
    pub id: String,
    pub version: i64,
    pub updated_at: i64,
    pub taken_local: Option<i64>,
}

/// A row of a page.
#[derive(Debug)]
pub(in crate::adapters) struct PageRow {
    mark: RowMark,
    photo: RowPhoto,
}

#[derive(Debug)]
enum RowPhoto {
    Known(ShownPhoto),
    Read(Box<UploadRow>),
}

impl PageRow {
    /// The row of this mark, which is read where its photo is not known.
    pub(in crate::adapters) fn of<E>(
        mark: RowMark,
        known: &dyn KnownPhotos,
        read: impl FnOnce() -> Result<UploadRow, E>,
    ) -> Result<Self, E> {
        let photo = match mark.photo_version().and_then(|version| known.find(&version)) {
            Some(photo) => RowPhoto::Known(photo),
            None => RowPhoto::Read(Box::new(read()?)),
        };
        Ok(Self { mark, photo })
    }

    /// Nothing where the record cannot be read, which is told to the operator.
    fn listed(self) -> Option<ListedPhoto> {
        match self.photo {
            RowPhoto::Known(photo) => Some(ListedPhoto::Known(photo)),
            RowPhoto::Read(row) => {
                readable(vec![*row]).pop().map(|photo| ListedPhoto::Recorded(Box::new(photo)))
            }
        }
    }
}

impl RowMark {
    /// `None` where a record cannot be understood: it is for who reads it to say so.
    fn photo_version(&self) -> Option<PhotoVersion> {
        let (id, number) = (self.id.parse().ok()?, self.version.try_into().ok()?);
        Some(PhotoVersion { id, number, at_ms: self.updated_at })
    }

    fn place(&self, filter: &PhotoFilter) -> RepositoryResult<PageMark> {
        let corrupt = |_| RepositoryError::Corrupt { id: self.id.clone(), column: "id" };
        let photo = self.id.parse().map_err(corrupt)?;
        Ok(PageMark { photo, taken_ms: self.taken_local.filter(|_| filter.taken.is_some()) })
    }
}

/// The page that is in the rows of [`super::Search::page`], one statement's after the other's.
pub(in crate::adapters) fn page_of(
    mut rows: Vec<PageRow>,
    query: &PhotoQuery<'_>,
) -> RepositoryResult<PhotoPage> {
    let limit = query.limit as usize;
    if query.filter.passes_arriving() {
        // One that was verified between the two statements is in the rows of both: as it was read last.
        rows.reverse();
        rows.sort_by(|a, b| b.mark.id.cmp(&a.mark.id));
        rows.dedup_by(|later, kept| later.mark.id == kept.mark.id);
    }
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    // Also where the last row cannot be read: the next page begins after it.
    let next = rows.last().filter(|_| has_more).map(|row| row.mark.place(query.filter)).transpose()?;
    Ok(PhotoPage { photos: rows.into_iter().filter_map(PageRow::listed).collect(), next })
}
