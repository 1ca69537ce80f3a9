//! Lists of photos, under any filter, in pages that continue after a photo.
//!
//! A statement is put together from the filters that are given, so that each finds its index: one whole term by a
//! join whose rows come in the order of the list, status, kind and time by the partial indexes of visible photos,
//! which have that order, too. Words, places, and terms in a list by time have no index in its order. Where one of
//! them holds few photos it leads to them ([`Set`]); else the list is walked and each photo is asked. PostgreSQL
//! knows by its statistics which is better; SQLite has none, and counts first, not far.

use std::fmt::Write as _;

use sqlx::{Arguments, Encode, Type};
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
            "quarantined" => totals.quarantined = photos,
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
    /// What keeps a database that has no statistics from leading a list by a column's index.
    pub unindexed: &'static str,
}

/// Photos that a filter asks for and that no index has in the order of the list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Set<'q> {
    /// They have this term, or a word that begins so.
    Term(TermKind, &'q str),
    /// They were taken there.
    Place(BoundingBox),
}

impl<'q> Set<'q> {
    /// Those of a filter.
    pub(super) fn all_of(filter: &'q PhotoFilter) -> Vec<Self> {
        // In the order of ids whole terms have an index.
        let whole = whole_terms(filter).filter(|_| filter.taken.is_some());
        let terms = words(filter).chain(whole).map(|(kind, term)| Self::Term(kind, term));
        terms.chain(filter.place.map(Self::Place)).collect()
    }
}

fn words(filter: &PhotoFilter) -> impl Iterator<Item = (TermKind, &str)> {
    filter.words.iter().map(|word| (TermKind::Word, word.as_str()))
}

fn whole_terms(filter: &PhotoFilter) -> impl Iterator<Item = (TermKind, &str)> {
    [(TermKind::Tag, &filter.tag), (TermKind::Camera, &filter.camera)]
        .into_iter()
        .filter_map(|(kind, term)| Some((kind, term.as_deref()?)))
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

/// The values as a driver takes them.
pub(super) fn arguments<'q, A>(values: Vec<Value>) -> Result<A, sqlx::Error>
where
    A: Arguments,
    String: Encode<'q, A::Database> + Type<A::Database>,
    i64: Encode<'q, A::Database> + Type<A::Database>,
    f64: Encode<'q, A::Database> + Type<A::Database>,
{
    let mut arguments = A::default();
    for value in values {
        let added = match value {
            Value::Text(text) => arguments.add(text),
            Value::Integer(number) => arguments.add(number),
            Value::Real(number) => arguments.add(number),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

impl Statement {
    /// What finds the rows of one page and one row more, which tells whether there is another page; to be run in
    /// this order. What is on its way is looked for first: what is verified in between is then found at least once.
    /// Where one set is known to hold few photos it may lead to them.
    pub(super) fn of_page(query: &PhotoQuery<'_>, dialect: &Dialect<'_>, lead: Option<Set<'_>>) -> Vec<Self> {
        let filter = query.filter;
        let arriving = filter.passes_arriving().then(|| Self::arriving(query, dialect));
        let stored = filter.passes_stored().then(|| Self::stored(query, dialect, lead));
        arriving.into_iter().chain(stored).collect()
    }

    /// Photos whose original is on its way, newest first.
    fn arriving(query: &PhotoQuery<'_>, dialect: &Dialect<'_>) -> Self {
        let (tenant, project) = (query.tenant.as_str(), query.project.as_str());
        let mut sql = Self { sql: format!("SELECT {} FROM uploads u", dialect.columns), values: Vec::new() };
        sql.push(" WHERE u.tenant = ").bind(tenant).push(" AND u.project = ").bind(project);
        // A process of an older version may have closed it without a word about this.
        sql.push(" AND u.is_arriving AND u.status = 'pending_upload' AND u.deleted_at IS NULL");
        if let Some(kind) = query.filter.kind {
            sql.push(" AND u.kind = ").bind(kind_column(kind));
        }
        sql.push(" AND u.id < ").bind(last_of(query).as_str()).push(dialect.id_cast);
        sql.push(" ORDER BY u.id DESC LIMIT ").bind(i64::from(query.limit) + 1);
        sql
    }

    /// Photos.
    fn stored(query: &PhotoQuery<'_>, dialect: &Dialect<'_>, lead: Option<Set<'_>>) -> Self {
        let filter = query.filter;
        let mut terms: Vec<_> = whole_terms(filter).collect();
        // The ids of a term's rows come in order, those of the uploads they lead to would be sorted first.
        let joined = (lead.is_none() && filter.taken.is_none() && !terms.is_empty()).then(|| terms.remove(0));
        let id = if joined.is_some() { "t.photo" } else { "u.id" };
        let unindexed = if lead.is_some() { dialect.unindexed } else { "" };

        let mut sql = Self { sql: format!("SELECT {} FROM ", dialect.columns), values: Vec::new() };
        if joined.is_some() {
            sql.push("photo_terms t CROSS JOIN ");
        }
        sql.push(&format!("uploads u WHERE {unindexed}u.tenant = ")).bind(query.tenant.as_str());
        sql.push(&format!(" AND {unindexed}u.project = ")).bind(query.project.as_str());
        sql.push(" AND u.verified_at IS NOT NULL AND u.deleted_at IS NULL");
        if let Some((kind, term)) = joined {
            sql.push(" AND u.id = t.photo AND ").push_term(query, "t", kind, term);
        }
        if let Some(status) = filter.status {
            sql.push(&format!(" AND {unindexed}u.status = ")).bind(status_column(status));
        }
        if let Some(kind) = filter.kind {
            sql.push(&format!(" AND {unindexed}u.kind = ")).bind(kind_column(kind));
        }
        for (kind, term) in terms.into_iter().chain(words(filter)) {
            sql.push(&format!(" AND EXISTS (SELECT 1 FROM photo_terms w WHERE w.photo = {id} AND "));
            sql.push_term(query, "w", kind, term).push(")");
        }
        if let Some(bounds) = filter.place {
            sql.push(" AND ").push_place("u", dialect.unindexed, bounds);
        }
        let last = last_of(query);
        if let Some(set) = lead {
            sql.push_lead(query, set, filter.taken.is_none().then_some(last.as_str()));
        }
        match filter.taken {
            Some(range) => {
                let taken = query.after.and_then(|mark| mark.taken_ms).unwrap_or(LATEST);
                sql.push_taken(unindexed, range, taken);
                sql.push(&format!(" AND ({unindexed}u.taken_local, u.id) < (")).bind(taken).push(", ");
                sql.bind(last.as_str()).push(dialect.id_cast);
                sql.push(") ORDER BY u.taken_local DESC, u.id DESC LIMIT ");
            }
            // The ids that lead come in order, and begin after the mark.
            None if lead.is_some() => {
                sql.push(" ORDER BY u.id DESC LIMIT ");
            }
            None => {
                sql.push(&format!(" AND {id} < ")).bind(last.as_str()).push(dialect.id_cast);
                sql.push(&format!(" ORDER BY {id} DESC LIMIT "));
            }
        }
        sql.bind(i64::from(query.limit) + 1);
        sql
    }

    /// How many photos are in a set, counted up to a limit.
    pub(super) fn count(query: &PhotoQuery<'_>, set: Set<'_>, limit: i64) -> Self {
        let mut sql = Self { sql: "SELECT count(*) FROM (".to_owned(), values: Vec::new() };
        sql.push_set(query, set).push(" LIMIT ").bind(limit).push(")");
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

    /// The indexed camera's clock finds them; where UTC is meant it finds a day more at each end. Nothing after the
    /// page's mark: of two bounds only one finds where to begin.
    fn push_taken(&mut self, unindexed: &str, range: TakenRange, mark: i64) {
        let slack = match range.clock {
            TakenClock::Camera => 0,
            TakenClock::Utc => MAX_OFFSET_MS,
        };
        self.push(&format!(" AND {unindexed}u.taken_local BETWEEN "));
        self.bind(range.from_ms.map_or(i64::MIN, |from| from.saturating_sub(slack)));
        self.push(" AND ").bind(range.to_ms.map_or(LATEST, |to| to.saturating_add(slack)).min(mark));
        if range.clock == TakenClock::Utc {
            self.push(" AND u.taken_utc BETWEEN ").bind(range.from_ms.unwrap_or(i64::MIN));
            self.push(" AND ").bind(range.to_ms.unwrap_or(LATEST));
        }
    }

    /// Only those of a set, which leads to them; those before a photo where one is named.
    fn push_lead(&mut self, query: &PhotoQuery<'_>, set: Set<'_>, before: Option<&str>) -> &mut Self {
        self.push(" AND u.id IN (").push_set(query, set);
        if let Some(before) = before {
            let id = if matches!(set, Set::Place(_)) { "+p.id" } else { "w.photo" };
            self.push(&format!(" AND {id} < ")).bind(before);
        }
        self.push(")")
    }

    /// The ids of a set.
    fn push_set(&mut self, query: &PhotoQuery<'_>, set: Set<'_>) -> &mut Self {
        match set {
            Set::Term(kind, term) => {
                self.push("SELECT w.photo FROM photo_terms w WHERE ").push_term(query, "w", kind, term)
            }
            Set::Place(bounds) => {
                self.push("SELECT p.id FROM uploads p WHERE p.tenant = ").bind(query.tenant.as_str());
                self.push(" AND p.project = ").bind(query.project.as_str());
                self.push(" AND p.verified_at IS NOT NULL AND p.deleted_at IS NULL AND ");
                self.push_place("p", "", bounds)
            }
        }
    }

    fn push_place(&mut self, uploads: &str, unindexed: &str, bounds: BoundingBox) -> &mut Self {
        let latitude = format!("{unindexed}{uploads}.latitude");
        self.push(&format!("{uploads}.latitude IS NOT NULL AND {latitude} BETWEEN ")).bind(bounds.south);
        self.push(" AND ").bind(bounds.north);
        let crosses = bounds.west > bounds.east;
        self.push(&format!(" AND ({uploads}.longitude >= ")).bind(bounds.west);
        self.push(if crosses { " OR " } else { " AND " });
        self.push(&format!("{uploads}.longitude <= ")).bind(bounds.east).push(")")
    }

    /// The rows of a term, or of all words that begin so.
    fn push_term(&mut self, query: &PhotoQuery<'_>, rows: &str, kind: TermKind, term: &str) -> &mut Self {
        self.push(&format!("{rows}.tenant = ")).bind(query.tenant.as_str());
        self.push(&format!(" AND {rows}.project = ")).bind(query.project.as_str());
        self.push(&format!(" AND {rows}.kind = ")).bind(kind.as_str());
        match kind {
            TermKind::Tag | TermKind::Camera => self.push(&format!(" AND {rows}.term = ")).bind(term),
            TermKind::Word => {
                self.push(&format!(" AND {rows}.term >= ")).bind(term);
                // Greater than every word that begins so.
                self.push(&format!(" AND {rows}.term < ")).bind(format!("{term}\u{10FFFF}").as_str())
            }
        }
    }
}
