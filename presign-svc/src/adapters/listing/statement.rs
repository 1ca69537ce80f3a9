//! A statement in the making: text and the values it binds, and the conditions that lists are made of.

use std::fmt::Write as _;

use sqlx::{Arguments, Encode, Type};

use crate::domain::filter::{BoundingBox, MAX_OFFSET_MS, TakenClock, TakenRange};
use crate::domain::search::TermKind;
use crate::ports::uploads::PhotoQuery;

/// Greater than every UUID of version 7, also as text.
const NEWEST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/// Greater than every time.
const LATEST: i64 = i64::MAX;

/// How a database writes what differs among them.
pub(in crate::adapters) struct Dialect<'a> {
    /// The columns of `uploads u`, as a row has them.
    pub columns: &'a str,
    /// Which it is.
    pub engine: Engine,
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) enum Engine {
    /// It joins in the order it is told, and merges what a `UNION` orders.
    Sqlite,
    /// It has statistics, and its own mind unless a subquery has an `OFFSET`.
    Postgres,
}

impl Engine {
    /// What makes an id of a text.
    pub fn id_cast(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "::uuid",
        }
    }

    /// What keeps a column from leading, where there are no statistics to say so.
    pub fn unindexed(self) -> &'static str {
        match self {
            Self::Sqlite => "+",
            Self::Postgres => "",
        }
    }
}

/// A statement with the values of `$1`, `$2` and so on.
#[derive(Debug, Default)]
pub(in crate::adapters) struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

/// A value to bind.
#[derive(Debug, Clone)]
pub(in crate::adapters) enum Value {
    Text(String),
    Integer(i64),
    Real(f64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
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
pub(in crate::adapters) fn arguments<'q, A>(values: Vec<Value>) -> Result<A, sqlx::Error>
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
    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a text does not fail.
        let _ = write!(self.sql, "${}", self.values.len());
        self
    }

    /// The photos of a tenant's project that are shown.
    pub(super) fn push_visible(&mut self, query: &PhotoQuery<'_>, unindexed: &str) -> &mut Self {
        self.push(&format!("{unindexed}u.tenant = ")).bind(query.tenant.as_str());
        self.push(&format!(" AND {unindexed}u.project = ")).bind(query.project.as_str());
        self.push(" AND u.verified_at IS NOT NULL AND u.deleted_at IS NULL")
    }

    /// The camera's clock finds them; where UTC is meant it finds a day more at each end. Those after the page's
    /// mark: of two bounds only one finds where to begin.
    pub(super) fn push_taken(
        &mut self,
        query: &PhotoQuery<'_>,
        range: TakenRange,
        engine: Engine,
        id: &str,
        taken: &str,
    ) -> &mut Self {
        let slack = match range.clock {
            TakenClock::Camera => 0,
            TakenClock::Utc => MAX_OFFSET_MS,
        };
        let mark = query.after.and_then(|mark| mark.taken_ms).unwrap_or(LATEST);
        self.push(&format!(" AND {taken} BETWEEN "));
        self.bind(range.from_ms.map_or(i64::MIN, |from| from.saturating_sub(slack)));
        self.push(" AND ").bind(range.to_ms.map_or(LATEST, |to| to.saturating_add(slack)).min(mark));
        // Named once more it would draw SQLite to the index of all times, with two bounds instead of one.
        self.push(&format!(" AND ({}{taken}, {id}) < (", engine.unindexed())).bind(mark).push(", ");
        self.bind(last_of(query)).push(engine.id_cast()).push(")")
    }

    /// Where UTC is meant.
    pub(super) fn push_taken_utc(&mut self, range: TakenRange) -> &mut Self {
        if range.clock == TakenClock::Utc {
            self.push(" AND u.taken_utc BETWEEN ").bind(range.from_ms.unwrap_or(i64::MIN));
            self.push(" AND ").bind(range.to_ms.unwrap_or(LATEST));
        }
        self
    }

    /// Those after the page's mark, by id.
    pub(super) fn push_before(&mut self, query: &PhotoQuery<'_>, engine: Engine, id: &str) -> &mut Self {
        self.push(&format!(" AND {id} < ")).bind(last_of(query)).push(engine.id_cast())
    }

    pub(super) fn push_place(&mut self, rows: &str, unindexed: &str, bounds: BoundingBox) -> &mut Self {
        self.push(&format!("{unindexed}{rows}.latitude BETWEEN ")).bind(bounds.south);
        self.push(" AND ").bind(bounds.north);
        let crosses = bounds.west > bounds.east;
        self.push(&format!(" AND ({rows}.longitude >= ")).bind(bounds.west);
        self.push(if crosses { " OR " } else { " AND " });
        self.push(&format!("{rows}.longitude <= ")).bind(bounds.east).push(")")
    }

    /// The rows of a kind of terms.
    pub(super) fn push_kind(&mut self, query: &PhotoQuery<'_>, rows: &str, kind: TermKind) -> &mut Self {
        self.push(&format!("{rows}.tenant = ")).bind(query.tenant.as_str());
        self.push(&format!(" AND {rows}.project = ")).bind(query.project.as_str());
        self.push(&format!(" AND {rows}.kind = ")).bind(kind.as_str())
    }

    /// The rows of a term, or of all words that begin so.
    pub(super) fn push_term(
        &mut self,
        query: &PhotoQuery<'_>,
        rows: &str,
        kind: TermKind,
        term: &str,
    ) -> &mut Self {
        self.push_kind(query, rows, kind);
        match kind {
            TermKind::Tag | TermKind::Camera | TermKind::Place => {
                self.push(&format!(" AND {rows}.term = ")).bind(term)
            }
            TermKind::Word => {
                self.push(&format!(" AND {rows}.term >= ")).bind(term);
                self.push(&format!(" AND {rows}.term < ")).bind(after_all(term))
            }
        }
    }
}

/// Greater than every word that begins so.
pub(super) fn after_all(beginning: &str) -> String {
    format!("{beginning}\u{10FFFF}")
}

/// The id to come after.
fn last_of(query: &PhotoQuery<'_>) -> String {
    query.after.map_or_else(|| NEWEST.to_owned(), |mark| mark.photo.to_string())
}
