//! How the databases find lists of photos: under every combination of filters, and whatever leads, by an index and
//! in its order, so that a page costs the same wherever it begins; and that it is the same page.

use rusqlite::params_from_iter;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use windlass_protocol::photo::MediaKind;
use windlass_protocol::{ProjectId, TenantId, UploadStatus};

use super::page::{Lead, Set};
use super::{Dialect, Engine, Search, Statement, arguments};
use crate::adapters::postgres::{PostgresDatabase, SESSION};
use crate::adapters::postgres_server::Postgres;
use crate::adapters::sqlite::{SqliteDatabase, lists};
use crate::domain::cells::cells_of;
use crate::domain::filter::{BoundingBox, PageMark, PhotoFilter, TakenClock, TakenRange};
use crate::domain::search::TermKind;
use crate::ports::uploads::PhotoQuery;

/// Photos, which are known by their numbers: enough for PostgreSQL to prefer indexes.
const PHOTOS: u32 = 8_000;
/// The page begins after this one.
const MARK: u32 = 6_000;
const LIMIT: u32 = 40;
/// Which squares places are recorded in: those that [`THERE`] is covered by.
const SIZE: usize = 1;
const THERE: BoundingBox = BoundingBox { west: 8.4, south: 47.3, east: 8.6, north: 47.5 };
/// Each of these is in it.
const LATITUDES: [f64; 3] = [47.35, 47.4, 47.45];
const ELSEWHERE: f64 = 60.0;
/// One photo in so many has it. All are found by the words `roo` or `nor`.
const TERMS: [(TermKind, &str, u32); 5] = [
    (TermKind::Tag, "roof", 5),
    (TermKind::Camera, "google", 3),
    (TermKind::Word, "roof", 5),
    (TermKind::Word, "roofing", 4),
    (TermKind::Word, "north", 3),
];

/// With and without each of them.
fn every_combination() -> impl Iterator<Item = PhotoFilter> {
    let taken = TakenRange { clock: TakenClock::Camera, from_ms: Some(0), to_ms: Some(1_000_000_000) };
    (0..1 << 8).map(move |which: u32| {
        let has = |bit: u32| which & (1 << bit) != 0;
        PhotoFilter {
            status: has(0).then_some(UploadStatus::Completed),
            kind: has(1).then_some(MediaKind::Photo),
            taken: has(2).then_some(taken),
            place: has(3).then_some(THERE),
            camera: has(4).then(|| "google".to_owned()),
            tag: has(5).then(|| "roof".to_owned()),
            // Where the others let it pass: a statement of its own.
            with_arriving: true,
            words: if has(6) { vec!["nor".to_owned(), "roo".to_owned()] } else { Vec::new() },
            sender: has(7).then(|| "ann".to_owned()),
        }
    })
}

/// As the rows below are made.
fn passes(number: u32, filter: &PhotoFilter) -> bool {
    let has = |kind, beginning: &str| {
        let of_kind = TERMS.iter().filter(|(other, term, _)| *other == kind && term.starts_with(beginning));
        of_kind.into_iter().any(|(.., one_in)| number.is_multiple_of(*one_in))
    };
    (filter.status.is_none() || !number.is_multiple_of(2))
        && (filter.kind.is_none() || number % 7 != 2)
        && (filter.sender.is_none() || number % 3 != 1)
        && (filter.place.is_none() || !number.is_multiple_of(4))
        && filter.camera.as_deref().is_none_or(|camera| has(TermKind::Camera, camera))
        && filter.tag.as_deref().is_none_or(|tag| has(TermKind::Tag, tag))
        && filter.words.iter().all(|word| has(TermKind::Word, word))
}

fn id(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012x}")
}

fn cell(latitude: f64) -> String {
    cells_of(latitude, 8.5).nth(SIZE).unwrap()
}

/// Everything that may lead to a filter's page.
fn leads<'q>(query: &PhotoQuery<'q>) -> Vec<Lead<'q>> {
    let mut leads: Vec<Lead<'q>> = Vec::new();
    leads.extend(query.filter.status.map(|_| Lead::Status));
    leads.extend(query.filter.kind.map(|_| Lead::Kind));
    leads.extend(query.filter.sender.as_ref().map(|_| Lead::Sender));
    if leads.is_empty() {
        leads.push(Lead::All);
    }
    for set in Set::all_of(query) {
        match set {
            Set::Term(kind, beginning) => {
                let terms =
                    TERMS.iter().filter(|(other, term, _)| *other == kind && term.starts_with(beginning));
                leads.push(Lead::Terms(set, kind, terms.map(|(_, term, _)| (*term).to_owned()).collect()));
                leads.extend((kind == TermKind::Word).then_some(Lead::Few(set)));
            }
            Set::Place(_) => {
                let mut cells = LATITUDES.map(cell).to_vec();
                cells.dedup();
                leads.push(Lead::Terms(set, TermKind::Place, cells));
                leads.push(Lead::Few(set));
            }
        }
    }
    leads
}

/// The column that what leads is found by. Without it a page would be a walk through all photos, in order.
fn column_of(lead: &Lead<'_>) -> Option<&'static str> {
    match lead {
        Lead::Status => Some("status"),
        Lead::Kind => Some("kind"),
        Lead::Sender => Some("created_by"),
        Lead::Terms(..) => Some("term"),
        Lead::All | Lead::Few(_) | Lead::Nothing => None,
    }
}

enum Server {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Server {
    fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// All values of all rows.
    async fn ask(&mut self, statement: Statement) -> Vec<Option<String>> {
        use sqlx::Row as _;
        match self {
            Self::Sqlite(connection) => lists::values(connection, &statement).unwrap(),
            Self::Postgres(connection) => {
                let Statement { sql, values } = statement;
                let asked = sqlx::query_with(AssertSqlSafe(sql), arguments::<PgArguments>(values).unwrap());
                let rows = asked.fetch_all(connection).await.unwrap();
                rows.iter().flat_map(|row| (0..row.len()).map(|index| row.get(index))).collect()
            }
        }
    }

    /// The steps of its plan.
    async fn plan(&mut self, Statement { sql, values }: Statement) -> Vec<String> {
        match self {
            Self::Sqlite(connection) => {
                let mut asked = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let steps = asked.query_map(params_from_iter(&values), |step| step.get("detail")).unwrap();
                steps.collect::<Result<_, _>>().unwrap()
            }
            Self::Postgres(connection) => {
                let sql = AssertSqlSafe(format!("EXPLAIN {sql}"));
                let asked = sqlx::query_scalar_with(sql, arguments::<PgArguments>(values).unwrap());
                asked.fetch_all(connection).await.unwrap()
            }
        }
    }

    /// Whether an index finds rows by this column. PostgreSQL has statistics, and takes the list of all photos where
    /// many of them are meant.
    async fn finds_by(&mut self, statement: Statement, column: &str) -> Result<(), String> {
        if self.engine() == Engine::Postgres {
            return Ok(());
        }
        let sql = statement.sql.clone();
        let plan = self.plan(statement).await;
        // With the tenant: what is asked of one photo at a time begins with that photo.
        let is_found = |step: &String| step.contains("(tenant=? ") && step.contains(&format!(" {column}=?"));
        if plan.iter().any(is_found) { Ok(()) } else { Err(format!("{sql}\n{plan:#?}")) }
    }

    /// Whether nothing is read but what an index finds, and in its order; `may_sort` what is known to be little.
    async fn is_led_by_indexes(&mut self, statement: Statement, may_sort: bool) -> Result<(), String> {
        let (sql, engine) = (statement.sql.clone(), self.engine());
        let plan = self.plan(statement).await;
        let is_bad = |step: &String| match engine {
            // What is read through is one of our own subqueries, which reads as much as it is asked for.
            Engine::Sqlite => {
                let read_through = step
                    .strip_prefix("SCAN ")
                    .is_some_and(|name| !["t", "few", "found", "cover0", "CONSTANT ROW"].contains(&name));
                read_through || step.contains("MATERIALIZE") || (!may_sort && step.contains("TEMP B-TREE"))
            }
            // A merge has a "Sort Key", too.
            Engine::Postgres => {
                step.contains("Seq Scan")
                    || (!may_sort && (step.contains("Sort  (") || step.contains("Hash")))
            }
        };
        if plan.iter().any(is_bad) { Err(format!("{sql}\n{plan:#?}")) } else { Ok(()) }
    }
}

async fn whatever_leads_the_page_is_the_same_and_read_from_indexes(mut server: Server) {
    let (tenant, project): (TenantId, ProjectId) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    let rows = Dialect { columns: "u.*", engine: server.engine() };
    let ids = Dialect { columns: "CAST(u.id AS text)", engine: server.engine() };
    let photo = id(MARK).parse().unwrap();
    for filter in every_combination() {
        let after = Some(PageMark { photo, taken_ms: filter.taken.map(|_| i64::from(MARK)) });
        let query = PhotoQuery { tenant: &tenant, project: &project, filter: &filter, after, limit: LIMIT };
        let expected =
            (1..MARK).rev().filter(|number| passes(*number, &filter)).map(|number| Some(id(number)));
        let expected: Vec<_> = expected.take(LIMIT as usize + 1).collect();
        for lead in leads(&query) {
            let statement = Statement::stored(&query, &rows, &lead);
            let may_sort = matches!(lead, Lead::Few(_));
            if let Err(plan) = server.is_led_by_indexes(statement, may_sort).await {
                panic!("{filter:?} led by {lead:?}: {plan}");
            }
            if let Some(column) = column_of(&lead)
                && let Err(plan) = server.finds_by(Statement::stored(&query, &rows, &lead), column).await
            {
                panic!("{filter:?} led by {lead:?} is not found by {column}: {plan}");
            }
            let found = server.ask(Statement::stored(&query, &ids, &lead)).await;
            assert_eq!(found, expected, "{filter:?} led by {lead:?}");
        }
        let mut search = Search::of(query, &ids);
        while let Some(question) = search.question() {
            let again = search.question().unwrap();
            if let Err(plan) = server.is_led_by_indexes(again, false).await {
                panic!("{filter:?}: {plan}");
            }
            search.answer(server.ask(question).await);
        }
        let mut found = Vec::new();
        for statement in search.page() {
            found.extend(server.ask(statement).await);
        }
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn of_every_list_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.sqlite");
    SqliteDatabase::open(&path).await.unwrap().close().await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PHOTOS})");
    connection.execute("BEGIN").await.unwrap();
    for statement in rows(&numbers, "printf('00000000-0000-7000-8000-%012x', i)") {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.execute("COMMIT").await.unwrap();
    connection.close().await.unwrap();
    let reader = lists::open(&path).unwrap();
    whatever_leads_the_page_is_the_same_and_read_from_indexes(Server::Sqlite(reader)).await;
}

#[tokio::test]
async fn of_every_list_in_postgres() {
    let Some(server) = Postgres::start() else { return };
    let url = server.url("postgres");
    PostgresDatabase::connect(&url, 4).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(SESSION).await.unwrap();
    // Its triggers count row by row, in one transaction ever slower.
    connection.execute("ALTER TABLE uploads DISABLE TRIGGER USER").await.unwrap();
    let numbers = format!("WITH n (i) AS (SELECT * FROM generate_series(1, {PHOTOS}))");
    for statement in rows(&numbers, "('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid") {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.execute("VACUUM ANALYZE").await.unwrap();
    whatever_leads_the_page_is_the_same_and_read_from_indexes(Server::Postgres(connection)).await;
}

fn rows(numbers: &str, id: &str) -> Vec<String> {
    let [south, middle, north] = LATITUDES;
    let mut statements = vec![format!(
        "{numbers} INSERT INTO uploads (id, tenant, project, created_by, version, status, filename, media_type,
            size_bytes, folder, verified_at, variants, created_at, updated_at, deadline_at, kind, taken_local,
            taken_utc, latitude, longitude)
        SELECT {id}, 'acme', 'job-7', CASE i % 3 WHEN 1 THEN 'ben' ELSE 'ann' END, 1,
            CASE i % 2 WHEN 1 THEN 'completed' ELSE 'uploaded' END, 'roof.jpg', 'image/jpeg', 4096, 'acme/job-7',
            1, '[]', 1, 1, 1, CASE i % 7 WHEN 2 THEN 'video' ELSE 'photo' END,
            i, i, CASE i % 4 WHEN 0 THEN {ELSEWHERE} WHEN 1 THEN {south} WHEN 2 THEN {middle} ELSE {north} END, 8.5
        FROM n"
    )];
    let mut term = |kind: TermKind, term: &str, those: &str| {
        statements.push(format!(
            "{numbers} INSERT INTO photo_terms (tenant, project, kind, term, photo, taken_local)
             SELECT 'acme', 'job-7', '{}', '{term}', {id}, i FROM n WHERE {those}",
            kind.as_str()
        ));
    };
    for (kind, text, one_in) in TERMS {
        term(kind, text, &format!("i % {one_in} = 0"));
    }
    for (rest, latitude) in [ELSEWHERE, south, middle, north].into_iter().enumerate() {
        term(TermKind::Place, &cell(latitude), &format!("i % 4 = {rest}"));
    }
    statements
}
