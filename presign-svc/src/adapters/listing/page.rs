//! The statements of a page, and the photos that may lead to it, in the order of the list.

use super::super::columns::{kind_column, status_column};
use super::statement::{Dialect, Engine, Statement};
use crate::domain::filter::BoundingBox;
use crate::domain::search::TermKind;
use crate::ports::uploads::PhotoQuery;

/// What a filter asks for beside what is in a photo's own columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::adapters) enum Set<'q> {
    /// This term, or a word that begins so.
    Term(TermKind, &'q str),
    /// To be taken there.
    Place(BoundingBox),
}

/// What the photos of a page are read from.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::adapters) enum Lead<'q> {
    /// All photos.
    All,
    /// Those of the filter's status.
    Status,
    /// Those of the filter's kind.
    Kind,
    /// Those of the filter's sender.
    Sender,
    /// The lists of all terms that a set comes down to.
    Terms(Set<'q>, TermKind, Vec<String>),
    /// A set that is small: it is sorted.
    Few(Set<'q>),
    /// There are none.
    Nothing,
}

impl<'q> Set<'q> {
    /// Those of a filter.
    pub(super) fn all_of(query: &PhotoQuery<'q>) -> Vec<Self> {
        let filter = query.filter;
        let whole = [(TermKind::Tag, &filter.tag), (TermKind::Camera, &filter.camera)];
        let whole = whole.into_iter().filter_map(|(kind, term)| Some((kind, term.as_deref()?)));
        let words = filter.words.iter().map(|word| (TermKind::Word, word.as_str()));
        let terms = whole.chain(words).map(|(kind, term)| Self::Term(kind, term));
        terms.chain(filter.place.map(Self::Place)).collect()
    }
}

/// Which columns of what leads are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// What the list is ordered by.
    Order,
    /// The first of it.
    Mark,
}

impl Statement {
    /// Photos whose original is on its way, newest first.
    pub(super) fn arriving(query: &PhotoQuery<'_>, dialect: &Dialect<'_>) -> Self {
        let (tenant, project) = (query.tenant.as_str(), query.project.as_str());
        let mut sql = Self::default();
        sql.push(&format!("SELECT {} FROM uploads u", dialect.columns));
        sql.push(" WHERE u.tenant = ").bind(tenant).push(" AND u.project = ").bind(project);
        // A process of an older version may have closed it without a word about this.
        sql.push(" AND u.is_arriving AND u.status = 'pending_upload' AND u.deleted_at IS NULL");
        if let Some(kind) = query.filter.kind {
            sql.push(" AND u.kind = ").bind(kind_column(kind));
        }
        if let Some(sender) = &query.filter.sender {
            sql.push(&format!(" AND {}u.created_by = ", dialect.engine.unindexed())).bind(sender.as_str());
        }
        sql.push_before(query, dialect.engine, "u.id").push(" ORDER BY u.id DESC LIMIT ");
        sql.bind(i64::from(query.limit) + 1);
        sql
    }

    /// Photos.
    pub(super) fn stored(query: &PhotoQuery<'_>, dialect: &Dialect<'_>, lead: &Lead<'_>) -> Self {
        let mut sql = Self::default();
        match lead {
            Lead::All | Lead::Status | Lead::Kind | Lead::Sender | Lead::Nothing => {
                sql.push(&format!("SELECT {} FROM uploads u WHERE ", dialect.columns));
                sql.push_shown(query, dialect.engine, lead);
                sql.push_filters(query, dialect.engine, lead).push_order(query, "u.id", "u.taken_local");
            }
            Lead::Terms(..) | Lead::Few(_) => sql.push_led(query, dialect, lead),
        }
        sql.push(" LIMIT ").bind(i64::from(query.limit) + 1);
        sql
    }

    /// The rows of what leads, one after the other, each with its photo.
    fn push_led(&mut self, query: &PhotoQuery<'_>, dialect: &Dialect<'_>, lead: &Lead<'_>) {
        let by_taken = query.filter.taken.is_some();
        let is_merged = !matches!(lead, Lead::Terms(_, _, terms) if terms.len() == 1);
        match dialect.engine {
            // What is joined first is read in its own order.
            Engine::Sqlite => {
                self.push(&format!("SELECT {} FROM (", dialect.columns));
                self.push_lists(query, dialect.engine, lead, Columns::Order);
                if is_merged {
                    self.push_order(query, "photo", "taken_local").push(" LIMIT -1");
                }
                self.push(") t CROSS JOIN uploads u WHERE u.id = t.photo AND ");
                self.push_visible(query, "+").push_filters(query, dialect.engine, lead);
                if !is_merged {
                    self.push_order(query, "t.photo", "t.taken_local");
                }
            }
            // What has an offset is planned by itself. One that is in two of the merged lists comes twice in a row.
            Engine::Postgres => {
                let distinct = match (is_merged, by_taken) {
                    (false, _) => "",
                    (true, false) => "DISTINCT ON (t.photo) ",
                    (true, true) => "DISTINCT ON (t.taken_local, t.photo) ",
                };
                self.push(&format!("SELECT {distinct}{} FROM (", dialect.columns));
                self.push_lists(query, dialect.engine, lead, Columns::Order);
                if is_merged {
                    self.push_order(query, "photo", "taken_local").push(" OFFSET 0");
                }
                self.push(") t CROSS JOIN LATERAL (SELECT * FROM uploads u WHERE u.id = t.photo AND ");
                self.push_visible(query, "").push_filters(query, dialect.engine, lead);
                self.push(" OFFSET 0) u").push_order(query, "t.photo", "t.taken_local");
            }
        }
    }

    /// Visible photos by the index of a lead, from the page's mark on.
    fn push_shown(&mut self, query: &PhotoQuery<'_>, engine: Engine, lead: &Lead<'_>) -> &mut Self {
        let filter = query.filter;
        self.push_visible(query, "");
        if let Some(status) = filter.status.filter(|_| *lead == Lead::Status) {
            self.push(" AND u.status = ").bind(status_column(status));
        }
        if let Some(kind) = filter.kind.filter(|_| *lead == Lead::Kind) {
            self.push(" AND u.kind = ").bind(kind_column(kind));
        }
        if let Some(sender) = filter.sender.as_deref().filter(|_| *lead == Lead::Sender) {
            self.push(" AND u.created_by = ").bind(sender);
        }
        match filter.taken {
            Some(range) => self.push_taken(query, range, engine, "u.id", "u.taken_local"),
            None => self.push_before(query, engine, "u.id"),
        }
    }

    /// All that must be true of a photo and that what leads does not say.
    fn push_filters(&mut self, query: &PhotoQuery<'_>, engine: Engine, lead: &Lead<'_>) -> &mut Self {
        let (filter, unindexed) = (query.filter, engine.unindexed());
        if let Some(status) = filter.status.filter(|_| *lead != Lead::Status) {
            self.push(&format!(" AND {unindexed}u.status = ")).bind(status_column(status));
        }
        if let Some(kind) = filter.kind.filter(|_| *lead != Lead::Kind) {
            self.push(&format!(" AND {unindexed}u.kind = ")).bind(kind_column(kind));
        }
        if let Some(sender) = filter.sender.as_deref().filter(|_| *lead != Lead::Sender) {
            self.push(&format!(" AND {unindexed}u.created_by = ")).bind(sender);
        }
        if let Some(range) = filter.taken {
            self.push_taken_utc(range);
        }
        if let Some(bounds) = filter.place {
            self.push(" AND ").push_place("u", unindexed, bounds);
        }
        let said = match lead {
            Lead::Terms(set, ..) | Lead::Few(set) => Some(*set),
            _ => None,
        };
        for set in Set::all_of(query).into_iter().filter(|set| Some(*set) != said) {
            // As a value, which is asked of one photo at a time.
            if let Set::Term(kind, term) = set {
                self.push(" AND (SELECT 1 FROM photo_terms w WHERE w.photo = u.id AND ");
                self.push_term(query, "w", kind, term).push(" LIMIT 1) = 1");
            }
        }
        self
    }

    pub(super) fn push_order(&mut self, query: &PhotoQuery<'_>, id: &str, taken: &str) -> &mut Self {
        match query.filter.taken {
            Some(_) => self.push(&format!(" ORDER BY {taken} DESC, {id} DESC")),
            None => self.push(&format!(" ORDER BY {id} DESC")),
        }
    }

    /// The photos that lead, after the page's mark, each list of them in order.
    pub(super) fn push_lists(
        &mut self,
        query: &PhotoQuery<'_>,
        engine: Engine,
        lead: &Lead<'_>,
        columns: Columns,
    ) -> &mut Self {
        let by_taken = query.filter.taken.is_some();
        let columns = |id: &str, taken: &str| match (by_taken, columns) {
            (false, _) => format!("SELECT {id}"),
            (true, Columns::Order) => format!("SELECT {taken}, {id}"),
            (true, Columns::Mark) => format!("SELECT {taken}"),
        };
        let after = |sql: &mut Self, id: &str, taken: &str| match query.filter.taken {
            Some(range) => _ = sql.push_taken(query, range, engine, id, taken),
            None => _ = sql.push_before(query, engine, id),
        };
        match lead {
            Lead::All | Lead::Status | Lead::Kind | Lead::Sender | Lead::Nothing => {
                self.push(&columns("u.id", "u.taken_local")).push(" FROM uploads u WHERE ");
                self.push_shown(query, engine, lead)
            }
            Lead::Terms(_, kind, terms) => {
                let is_merged = terms.len() > 1;
                // Only SQLite's merge leaves out what comes twice, and only PostgreSQL has to be told of each list
                // that it is in order.
                let (union, is_told) = match engine {
                    Engine::Sqlite => (" UNION ", false),
                    Engine::Postgres => (" UNION ALL ", is_merged),
                };
                for (number, term) in terms.iter().enumerate() {
                    self.push(if number == 0 { "" } else { union }).push(if is_told { "(" } else { "" });
                    self.push(&columns("w.photo", "w.taken_local")).push(" FROM photo_terms w WHERE ");
                    self.push_kind(query, "w", *kind).push(" AND w.term = ").bind(term.as_str());
                    after(self, "w.photo", "w.taken_local");
                    if is_told {
                        self.push_order(query, "w.photo", "w.taken_local").push(")");
                    }
                }
                self
            }
            Lead::Few(Set::Term(kind, term)) => {
                let columns = columns("w.photo", "w.taken_local").replacen("SELECT", "SELECT DISTINCT", 1);
                self.push(&columns).push(" FROM photo_terms w WHERE ").push_term(query, "w", *kind, term);
                after(self, "w.photo", "w.taken_local");
                self
            }
            Lead::Few(Set::Place(bounds)) => {
                self.push(&columns("p.id AS photo", "p.taken_local")).push(" FROM uploads p WHERE ");
                self.push_few_there(query, *bounds);
                let unindexed = engine.unindexed();
                after(self, &format!("{unindexed}p.id"), &format!("{unindexed}p.taken_local"));
                self
            }
        }
    }

    /// Photos by their place alone.
    pub(super) fn push_few_there(&mut self, query: &PhotoQuery<'_>, bounds: BoundingBox) -> &mut Self {
        self.push("p.tenant = ").bind(query.tenant.as_str());
        self.push(" AND p.project = ").bind(query.project.as_str());
        self.push(" AND p.verified_at IS NOT NULL AND p.deleted_at IS NULL AND p.latitude IS NOT NULL AND ");
        self.push_place("p", "", bounds)
    }
}
