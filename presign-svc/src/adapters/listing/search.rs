//! Which of what is asked for leads to a page: questions to the database, answers, and at last the page's
//! statements. It asks nothing where there is no choice.

use super::page::{Columns, Lead, Set};
use super::statement::{Dialect, Statement, after_all};
use crate::domain::cells::Cover;
use crate::domain::filter::BoundingBox;
use crate::domain::search::TermKind;
use crate::ports::uploads::PhotoQuery;

/// How many lists are merged at most: each is looked up once more in a page.
const MANY: usize = 32;
/// How many squares are looked at, to find those in a box.
const STEPS: usize = 128;
/// A set of fewer photos may be sorted.
const FEW: i64 = 1000;
/// How dense a list is, is seen in how far its so many photos reach.
const SAMPLE: i64 = 32;

/// The search for the photos that lead to a page.
pub(in crate::adapters) struct Search<'q> {
    query: PhotoQuery<'q>,
    dialect: &'q Dialect<'q>,
    /// What is still to be asked about, the next one last.
    open: Vec<Question<'q>>,
    found: Vec<Lead<'q>>,
    lead: Option<Lead<'q>>,
}

#[derive(Debug, Clone, Copy)]
enum Question<'q> {
    /// Which words begin so.
    Words(&'q str),
    /// Whether a set is small.
    Size(Set<'q>),
    /// In which squares photos were taken: the larger by so many sizes.
    Cells(BoundingBox, usize),
    /// How far the first photos of everything that may lead reach.
    Reach,
}

impl<'q> Search<'q> {
    /// Begins the search for a page.
    pub(in crate::adapters) fn of(query: PhotoQuery<'q>, dialect: &'q Dialect<'q>) -> Self {
        let filter = query.filter;
        let mut search = Self { query, dialect, open: Vec::new(), found: Vec::new(), lead: None };
        search.found.extend(filter.status.map(|_| Lead::Status));
        search.found.extend(filter.kind.map(|_| Lead::Kind));
        search.found.extend(filter.sender.as_ref().map(|_| Lead::Sender));
        for set in Set::all_of(&query) {
            match set {
                Set::Term(TermKind::Word, word) => search.open.push(Question::Words(word)),
                Set::Term(kind, term) => search.found.push(Lead::Terms(set, kind, vec![term.to_owned()])),
                Set::Place(_) => search.open.push(Question::Size(set)),
            }
        }
        search.go_on();
        search
    }

    /// What the database is to be asked next: answered with all values of all rows, in order.
    pub(in crate::adapters) fn question(&self) -> Option<Statement> {
        if self.lead.is_some() {
            return None;
        }
        Some(match *self.open.last()? {
            Question::Words(word) => self.words(word),
            Question::Size(set) => self.size(set),
            Question::Cells(bounds, times_larger) => self.cells(bounds, times_larger),
            Question::Reach => self.reach(),
        })
    }

    /// Takes the answer to it.
    pub(in crate::adapters) fn answer(&mut self, answer: Vec<Option<String>>) {
        let Some(question) = self.open.pop() else { return };
        match question {
            Question::Words(word) => self.words_are(word, answer.into_iter().flatten().collect()),
            Question::Size(set) => {
                let size = answer.first().cloned().flatten().and_then(|size| size.parse().ok());
                self.size_is(set, size.unwrap_or(FEW));
            }
            Question::Cells(bounds, times_larger) => {
                self.cells_are(bounds, times_larger, answer.into_iter().flatten().collect());
            }
            Question::Reach => self.choose(&answer),
        }
        self.go_on();
    }

    /// What finds the rows of the page and one row more, which tells whether there is another page; to be run in
    /// this order. What is on its way is looked for first: what is verified in between is then found at least once.
    pub(in crate::adapters) fn page(&self) -> Vec<Statement> {
        let (query, filter) = (&self.query, self.query.filter);
        let lead = self.lead.as_ref().unwrap_or(&Lead::All);
        let arriving = filter.passes_arriving().then(|| Statement::arriving(query, self.dialect));
        let is_stored = filter.passes_stored() && *lead != Lead::Nothing;
        let stored = is_stored.then(|| Statement::stored(query, self.dialect, lead));
        arriving.into_iter().chain(stored).collect()
    }

    /// Once all is known, one leads: what there is, or what is found out to be the sparsest.
    fn go_on(&mut self) {
        if !self.open.is_empty() || self.lead.is_some() {
            return;
        }
        if !self.query.filter.passes_stored() {
            self.lead = Some(Lead::Nothing);
        } else if self.found.len() > 1 {
            self.open.push(Question::Reach);
        } else {
            self.lead = Some(self.found.pop().unwrap_or(Lead::All));
        }
    }

    fn words_are(&mut self, word: &'q str, words: Vec<String>) {
        let set = Set::Term(TermKind::Word, word);
        match words.len() {
            0 => self.lead = Some(Lead::Nothing),
            1..=MANY => self.found.push(Lead::Terms(set, TermKind::Word, words)),
            _ => self.open.push(Question::Size(set)),
        }
    }

    fn size_is(&mut self, set: Set<'q>, size: i64) {
        match set {
            _ if size == 0 => self.lead = Some(Lead::Nothing),
            set if size < FEW => self.found.push(Lead::Few(set)),
            Set::Place(bounds) => self.open.push(Question::Cells(bounds, 0)),
            // Many words with many photos: in the end others lead, and each photo is asked for the word.
            Set::Term(..) => {}
        }
    }

    fn cells_are(&mut self, bounds: BoundingBox, times_larger: usize, cells: Vec<String>) {
        let covers = Cover::of(bounds, times_larger);
        let within: Vec<String> =
            cells.iter().filter(|cell| covers.iter().any(|cover| cover.holds(cell))).cloned().collect();
        // Nothing where there is no larger size: it holds so much that all photos may lead.
        if cells.len() >= STEPS || within.len() > MANY {
            self.open.push(Question::Cells(bounds, times_larger + 1));
        } else if !within.is_empty() {
            self.found.push(Lead::Terms(Set::Place(bounds), TermKind::Place, within));
        }
    }

    fn choose(&mut self, reach: &[Option<String>]) {
        let by_taken = self.query.filter.taken.is_some();
        let reached = |mark: Option<&str>| {
            // Ids are compared as texts, times as numbers.
            let mark = mark?;
            Some(if by_taken { (mark.parse().ok()?, String::new()) } else { (0_i64, mark.to_owned()) })
        };
        // One that ends before that is the sparsest: nothing is less than anything.
        let sparsest = self.found.iter().zip(reach).min_by_key(|(_, mark)| reached(mark.as_deref()));
        self.lead = Some(sparsest.map_or(Lead::All, |(lead, _)| lead.clone()));
    }

    /// The different words that begin so, up to one more than can be merged: each leads to the next.
    fn words(&self, word: &str) -> Statement {
        let mut sql = Statement::default();
        let least = |sql: &mut Statement, from: &str| {
            sql.push("(SELECT min(w.term) FROM photo_terms w WHERE ");
            sql.push_kind(&self.query, "w", TermKind::Word).push(from);
        };
        sql.push("WITH RECURSIVE found (term, n) AS (SELECT ");
        least(&mut sql, " AND w.term >= ");
        sql.bind(word).push(" AND w.term < ").bind(after_all(word)).push("), 1 UNION ALL SELECT ");
        least(&mut sql, " AND w.term > found.term");
        sql.push(" AND w.term < ").bind(after_all(word));
        sql.push(&format!("), n + 1 FROM found WHERE term IS NOT NULL AND n <= {MANY})"));
        sql.push(" SELECT term FROM found WHERE term IS NOT NULL");
        sql
    }

    /// The squares with photos between the first and the last of a box's covers, each leading to the next one that
    /// may be in it: those beside it are passed by once a row.
    fn cells(&self, bounds: BoundingBox, times_larger: usize) -> Statement {
        let mut sql = Statement::default();
        let row = format!("substr(found.term, 1, {})", Cover::COLUMN_AT - 1);
        let column = format!("substr(found.term, {})", Cover::COLUMN_AT);
        let covers = Cover::of(bounds, times_larger);
        if covers.is_empty() {
            sql.push("SELECT NULL");
        }
        for (number, cover) in covers.iter().enumerate() {
            let (first, last) = cover.endings();
            let least = |sql: &mut Statement| {
                sql.push("(SELECT min(w.term) FROM photo_terms w WHERE ");
                sql.push_kind(&self.query, "w", TermKind::Place).push(" AND w.term <= ").bind(cover.last());
                sql.push(" AND w.term >= ");
            };
            sql.push(if number == 0 { "" } else { " UNION ALL " });
            sql.push("SELECT term FROM (WITH RECURSIVE found (term, n) AS (SELECT ");
            least(&mut sql);
            sql.bind(cover.first()).push("), 1 UNION ALL SELECT ");
            least(&mut sql);
            sql.push(&format!("CASE WHEN {column} < ")).bind(first.as_str());
            sql.push(&format!(" THEN {row} || ")).bind(first).push(&format!(" WHEN {column} < ")).bind(last);
            // The least that is greater than a name, and than all names of a row.
            sql.push(&format!(" THEN found.term || '0' ELSE {row} || 'g' END), n + 1 FROM found"));
            sql.push(&format!(" WHERE term IS NOT NULL AND n < {STEPS})"));
            sql.push(" SELECT term FROM found WHERE term IS NOT NULL) AS cover");
            sql.push(&number.to_string());
        }
        sql
    }

    fn size(&self, set: Set<'q>) -> Statement {
        let mut sql = Statement::default();
        sql.push("SELECT CAST(count(*) AS text) FROM (SELECT 1 FROM ");
        match set {
            Set::Term(kind, term) => {
                sql.push("photo_terms w WHERE ").push_term(&self.query, "w", kind, term);
            }
            Set::Place(bounds) => {
                sql.push("uploads p WHERE ").push_few_there(&self.query, bounds);
            }
        }
        sql.push(" LIMIT ").bind(FEW).push(") AS few");
        sql
    }

    fn reach(&self) -> Statement {
        let mut sql = Statement::default();
        for (number, lead) in self.found.iter().enumerate() {
            sql.push(if number == 0 { "SELECT " } else { ", " }).push("CAST((");
            sql.push_lists(&self.query, self.dialect.engine, lead, Columns::Mark);
            // By its first column, whatever that is.
            sql.push(" ORDER BY 1 DESC LIMIT 1 OFFSET ").bind(SAMPLE - 1).push(") AS text)");
        }
        sql
    }
}
