//! Lists of photos, under any filter, in pages that continue after a photo.
//!
//! A statement is put together from the filters that are given, so that each finds its index: whole terms
//! by a join whose rows come in the order of the list, beginnings of words by a subquery, the rest by the
//! partial indexes of visible photos.

use std::fmt::Write as _;

use windlass_protocol::list_photos::PhotoTotals;

use super::columns::{kind_column, status_column};
use super::upload_row::UploadRow;
use crate::domain::filter::{BoundingBox, MAX_OFFSET_MS, PageMark, PhotoFilter, TakenClock, TakenRange};
use crate::domain::search::TermKind;
use crate::domain::upload::Upload;
use crate::ports::uploads::{PhotoPage, PhotoQuery, RepositoryResult};

/// Greater than every UUID of version 7, also as text.
const NEWEST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/// Greater than every time.
const LATEST: i64 = i64::MAX;

/// The uploads of those rows that can be read; the others are told to the operator.
pub(super) fn readable(rows: Vec<UploadRow>) -> Vec<Upload> {
    let uploads = rows.into_iter().map(UploadRow::into_upload);
    uploads
        .filter_map(|upload| upload.inspect_err(|error| tracing::error!(%error, "a record is left out")).ok())
        .collect()
}

/// The page that is in the rows of [`Statement::of_page`], one statement's after the other's.
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

/// The id to come after.
fn last_of(query: &PhotoQuery<'_>) -> String {
    query.after.map_or_else(|| NEWEST.to_owned(), |mark| mark.photo.to_string())
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
            _ => {}
        }
    }
    totals
}

/// How a database writes what differs among them.
pub(super) struct Dialect<'a> {
    /// The columns of `uploads u`, as a row has them.
    pub columns: &'a str,
    /// What makes an id of a text.
    pub id_cast: &'static str,
}

/// A statement with the values of `$1`, `$2` and so on.
#[derive(Debug)]
pub(super) struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

/// A value to bind.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Real(f64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl Statement {
    /// What finds the rows of one page and one row more, which tells whether there is another page; to be run in
    /// this order. What is on its way is looked for first: what is verified in between is then found at least once.
    pub(super) fn of_page(query: &PhotoQuery<'_>, dialect: &Dialect<'_>) -> Vec<Self> {
        let filter = query.filter;
        let arriving = filter.passes_arriving().then(|| Self::arriving(query, dialect));
        let stored = filter.passes_stored().then(|| Self::stored(query, dialect));
        arriving.into_iter().chain(stored).collect()
    }

    /// Photos whose original is on its way, newest first.
    fn arriving(query: &PhotoQuery<'_>, dialect: &Dialect<'_>) -> Self {
        let (tenant, project) = (query.tenant.as_str(), query.project.as_str());
        let mut sql = Self { sql: format!("SELECT {} FROM uploads u", dialect.columns), values: Vec::new() };
        sql.push(" WHERE u.tenant = ").bind(tenant).push(" AND u.project = ").bind(project);
        sql.push(" AND u.is_arriving");
        if let Some(kind) = query.filter.kind {
            sql.push(" AND u.kind = ").bind(kind_column(kind));
        }
        sql.push(" AND u.id < ").bind(last_of(query).as_str()).push(dialect.id_cast);
        sql.push(" ORDER BY u.id DESC LIMIT ").bind(i64::from(query.limit) + 1);
        sql
    }

    /// Photos.
    fn stored(query: &PhotoQuery<'_>, dialect: &Dialect<'_>) -> Self {
        let filter = query.filter;
        let (tenant, project) = (query.tenant.as_str(), query.project.as_str());
        let whole_terms = [(TermKind::Tag, &filter.tag), (TermKind::Camera, &filter.camera)];
        let whole_terms: Vec<_> =
            whole_terms.into_iter().filter_map(|(kind, term)| Some((kind, term.as_deref()?))).collect();
        // The ids of a term's rows come in order, those of the uploads they lead to would be sorted first.
        let id = if whole_terms.is_empty() || filter.taken.is_some() { "u.id" } else { "t0.photo" };

        let mut sql = Self { sql: format!("SELECT {} FROM ", dialect.columns), values: Vec::new() };
        for index in 0..whole_terms.len() {
            sql.push(&format!("photo_terms t{index} CROSS JOIN "));
        }
        sql.push("uploads u WHERE u.tenant = ").bind(tenant).push(" AND u.project = ").bind(project);
        sql.push(" AND u.verified_at IS NOT NULL AND u.deleted_at IS NULL AND u.status != 'quarantined'");
        for (index, (kind, term)) in whole_terms.iter().enumerate() {
            sql.push(&format!(" AND t{index}.tenant = ")).bind(tenant);
            sql.push(&format!(" AND t{index}.project = ")).bind(project);
            sql.push(&format!(" AND t{index}.kind = ")).bind(kind.as_str());
            sql.push(&format!(" AND t{index}.term = ")).bind(*term);
            match index {
                0 => sql.push(" AND u.id = t0.photo"),
                _ => sql.push(&format!(" AND t{index}.photo = t0.photo")),
            };
        }
        if let Some(status) = filter.status {
            sql.push(" AND u.status = ").bind(status_column(status));
        }
        if let Some(kind) = filter.kind {
            sql.push(" AND u.kind = ").bind(kind_column(kind));
        }
        if let Some(bounds) = filter.place {
            sql.push_place(bounds);
        }
        for word in &filter.words {
            sql.push_word(query, word);
        }
        let last = last_of(query);
        match filter.taken {
            Some(range) => {
                sql.push_taken(range);
                let taken = query.after.and_then(|mark| mark.taken_ms).unwrap_or(LATEST);
                sql.push(" AND (u.taken_local, u.id) < (").bind(taken).push(", ").bind(last.as_str());
                sql.push(dialect.id_cast).push(") ORDER BY u.taken_local DESC, u.id DESC LIMIT ");
            }
            None => {
                sql.push(&format!(" AND {id} < ")).bind(last.as_str()).push(dialect.id_cast);
                sql.push(&format!(" ORDER BY {id} DESC LIMIT "));
            }
        }
        sql.bind(i64::from(query.limit) + 1);
        sql
    }

    fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a text does not fail.
        let _ = write!(self.sql, "${}", self.values.len());
        self
    }

    /// The indexed camera's clock finds them; where UTC is meant it finds a day more at each end.
    fn push_taken(&mut self, range: TakenRange) {
        let slack = match range.clock {
            TakenClock::Camera => 0,
            TakenClock::Utc => MAX_OFFSET_MS,
        };
        self.push(" AND u.taken_local BETWEEN ");
        self.bind(range.from_ms.map_or(i64::MIN, |from| from.saturating_sub(slack)));
        self.push(" AND ").bind(range.to_ms.map_or(LATEST, |to| to.saturating_add(slack)));
        if range.clock == TakenClock::Utc {
            self.push(" AND u.taken_utc BETWEEN ").bind(range.from_ms.unwrap_or(i64::MIN));
            self.push(" AND ").bind(range.to_ms.unwrap_or(LATEST));
        }
    }

    fn push_place(&mut self, bounds: BoundingBox) {
        self.push(" AND u.latitude IS NOT NULL AND u.latitude BETWEEN ").bind(bounds.south);
        self.push(" AND ").bind(bounds.north);
        let crosses = bounds.west > bounds.east;
        self.push(" AND (u.longitude >= ").bind(bounds.west);
        self.push(if crosses { " OR " } else { " AND " });
        self.push("u.longitude <= ").bind(bounds.east).push(")");
    }

    fn push_word(&mut self, query: &PhotoQuery<'_>, word: &str) {
        self.push(" AND u.id IN (SELECT photo FROM photo_terms WHERE tenant = ").bind(query.tenant.as_str());
        self.push(" AND project = ").bind(query.project.as_str());
        self.push(" AND kind = 'word' AND term >= ").bind(word);
        // Greater than every word that begins so.
        self.push(" AND term < ").bind(format!("{word}\u{10FFFF}").as_str()).push(")");
    }
}
