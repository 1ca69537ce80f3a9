//! Rate limits of all instances together.
//!
//! Requests that come while a draw is under way draw together by the next one, as if there was one request for the
//! sum: while there is enough for all, which is almost always, that is one trip and one look at each bucket. Where
//! there is not, each draws in its turn, all in one more trip.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::PostgresDatabase;
use super::bounded::{BoundedPool, PATIENCE};
use super::groups::{Asked, Groups};
use crate::ports::rate_limiter::{Draw, RateLimiter, RateLimiterError, Verdict};

// All by the server's clock: an instance whose own is ahead would leave buckets that are full again in days.
const DRAW: &str =
    "SELECT draw_from_buckets($1, $2, $3, $4, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)";

// All rows are locked first, in the order in which everybody locks them. The function sees what its earlier calls
// have done.
const DRAW_IN_TURN: &str = "WITH held AS MATERIALIZED (
    SELECT 1 FROM rate_buckets WHERE key = ANY ($2) ORDER BY key FOR UPDATE
)
SELECT request, draw_from_buckets(keys, needed, cost, refill,
    (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)
FROM (SELECT count(*) FROM held) AS first, (
    SELECT request, array_agg(key) AS keys, array_agg(needed) AS needed, array_agg(cost) AS cost,
        array_agg(refill) AS refill
    FROM UNNEST($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
        AS asked (request, key, needed, cost, refill)
    GROUP BY request ORDER BY request
) AS requests";

/// Full buckets are as good as none, once nobody who has found one full can still be drawing from it. Those that
/// somebody holds are left, to be forgotten another time: who waits for nobody cannot wait in a circle, in whatever
/// order the rows are found.
const FORGET_FULL: &str = "WITH full_ones AS MATERIALIZED (
    SELECT key FROM rate_buckets WHERE full_at < (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - $1
    ORDER BY key FOR UPDATE SKIP LOCKED
)
DELETE FROM rate_buckets USING full_ones WHERE rate_buckets.key = full_ones.key";
/// How long a bucket has been full before it is forgotten, in microseconds.
const FULL_FOR: i64 = 60_000_000;
/// After how many draws of this instance full buckets are forgotten.
const FORGET_EVERY: usize = 10_000;

static DRAWS: AtomicUsize = AtomicUsize::new(0);

/// What one request takes.
type Request = Vec<Draw>;

/// The queue of those that wait.
pub(super) type Draws = Groups<Request, Result<Verdict, RateLimiterError>>;

/// Starts the one who empties the queue.
pub(super) fn start(pool: BoundedPool) -> Draws {
    Groups::start(move |group| draw_group(pool.clone(), group))
}

#[async_trait]
impl RateLimiter for PostgresDatabase {
    async fn take(&self, draws: &[Draw], _now: OffsetDateTime) -> Result<Verdict, RateLimiterError> {
        let asked = self.draws.ask(draws.to_vec()).await;
        asked.unwrap_or_else(|why| Err(RateLimiterError(why.to_string())))
    }
}

async fn draw_group(pool: BoundedPool, group: Vec<Asked<Request, Result<Verdict, RateLimiterError>>>) {
    let requests: Vec<&Request> = group.iter().map(|asked| &asked.question).collect();
    let waits = draw_on_one(&pool, &requests).await;
    let waits = waits.map_err(|error| RateLimiterError(error.to_string()));
    let drawn = DRAWS.fetch_add(group.len(), Ordering::Relaxed);
    if (drawn + group.len()) / FORGET_EVERY > drawn / FORGET_EVERY {
        tokio::spawn(forget_full(pool));
    }
    for (number, asked) in (0..).zip(group) {
        let verdict = waits.as_ref().map_err(RateLimiterError::clone).map(|waits| verdict(waits.of(number)));
        asked.answer(verdict);
    }
}

/// How many microseconds each request of a group waits: those that are not named do not.
#[derive(Default)]
struct Waits(HashMap<i64, i64>);

impl Waits {
    fn of(&self, request: i64) -> i64 {
        self.0.get(&request).copied().unwrap_or_default()
    }
}

fn verdict(wait: i64) -> Verdict {
    match u64::try_from(wait) {
        Ok(wait) if wait > 0 => Verdict::Wait(Duration::from_micros(wait)),
        _ => Verdict::Granted,
    }
}

async fn draw_on_one(pool: &BoundedPool, requests: &[&Request]) -> sqlx::Result<Waits> {
    let mut held = pool.acquire().await?;
    let waits = timeout(PATIENCE, draw(held.connection()?, requests)).await;
    held.end(waits)
}

async fn draw(connection: &mut PgConnection, requests: &[&Request]) -> sqlx::Result<Waits> {
    let sums = sums_of(requests);
    let keys: Vec<&str> = sums.keys().copied().collect();
    let of = |pick: fn(&Sum) -> i64| -> Vec<i64> { sums.values().map(pick).collect() };
    let wait: i64 = sqlx::query_scalar(DRAW)
        .bind(&keys)
        .bind(of(|sum| sum.needed))
        .bind(of(|sum| sum.cost))
        .bind(of(|_| 0))
        .fetch_one(&mut *connection)
        .await?;
    match requests {
        _ if wait <= 0 => Ok(Waits::default()),
        [_] => Ok(Waits([(0, wait)].into())),
        _ => draw_in_turn(connection, requests).await,
    }
}

async fn draw_in_turn(connection: &mut PgConnection, requests: &[&Request]) -> sqlx::Result<Waits> {
    let draws: Vec<(i64, &Draw)> = (0..)
        .zip(requests)
        .flat_map(|(number, request)| request.iter().map(move |draw| (number, draw)))
        .collect();
    let keys: Vec<&str> = draws.iter().map(|(_, draw)| draw.bucket.as_str()).collect();
    let of = |pick: fn(&Draw) -> Duration| -> Vec<i64> {
        draws.iter().map(|(_, draw)| micros(pick(draw))).collect()
    };
    let waits: Vec<(i64, i64)> = sqlx::query_as(DRAW_IN_TURN)
        .bind(draws.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        .bind(&keys)
        .bind(of(needed))
        .bind(of(cost))
        .bind(of(refill))
        .fetch_all(connection)
        .await?;
    Ok(Waits(waits.into_iter().collect()))
}

/// What a group takes from one bucket.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sum {
    cost: i64,
    /// What must be in it beyond what fills an empty one: less than nothing where a bucket that is not full will do.
    needed: i64,
}

/// If they drew one after the other and all were granted: the last one finds what those before it have left.
fn sums_of<'r>(requests: &[&'r Request]) -> HashMap<&'r str, Sum> {
    let mut sums: HashMap<&str, Sum> = HashMap::new();
    for draw in requests.iter().copied().flatten() {
        let alone = micros(needed(draw)).saturating_sub(micros(refill(draw)));
        sums.entry(draw.bucket.as_str())
            .and_modify(|sum| {
                sum.needed = sum.needed.max(sum.cost.saturating_add(alone));
                sum.cost = sum.cost.saturating_add(micros(cost(draw)));
            })
            .or_insert_with(|| Sum { cost: micros(cost(draw)), needed: alone });
    }
    sums
}

fn needed(draw: &Draw) -> Duration {
    draw.rate.needed_for(draw.cost)
}

fn cost(draw: &Draw) -> Duration {
    draw.rate.time_for(draw.cost)
}

fn refill(draw: &Draw) -> Duration {
    draw.rate.refill
}

async fn forget_full(pool: BoundedPool) {
    if let Err(error) = sqlx::query(FORGET_FULL).bind(FULL_FOR).execute(&pool).await {
        tracing::debug!(%error, "full rate limit buckets stay for now");
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Executor as _};

    use super::*;
    use crate::adapters::postgres_server::Postgres;
    use crate::domain::rate::Rate;
    use crate::ports::rate_limiter::BucketKey;

    const SECOND: i64 = 1_000_000;

    fn request(costs: &[(&str, u32)]) -> Request {
        let tenant = "acme".parse().unwrap();
        let draw = |&(subject, cost): &(&str, u32)| Draw {
            bucket: BucketKey::of_subject(&tenant, subject),
            rate: Rate::per_minute(60),
            cost,
        };
        costs.iter().map(draw).collect()
    }

    #[tokio::test]
    async fn buckets_are_forgotten_without_waiting_for_those_who_draw() {
        let Some(server) = Postgres::start() else { return };
        let url = server.url("postgres");
        let database = PostgresDatabase::connect(&url, 4).await.unwrap();
        let mut drawing = PgConnection::connect(&url).await.unwrap();
        let buckets = "INSERT INTO rate_buckets VALUES ('z', 0), ('a', 0), ('m', 9000000000000000)";
        drawing.execute(buckets).await.unwrap();
        let mut draw = drawing.begin().await.unwrap();
        let hold = "SELECT 1 FROM rate_buckets WHERE key = $1 FOR UPDATE";
        sqlx::query(hold).bind("a").execute(&mut *draw).await.unwrap();
        // Where it waited, it would wait until its statement is cancelled, and forget nothing.
        forget_full(database.pool.clone()).await;
        draw.commit().await.unwrap();
        let left = "SELECT key FROM rate_buckets ORDER BY key";
        let keys = async |on: &mut PgConnection| -> Vec<String> {
            sqlx::query_scalar(left).fetch_all(on).await.unwrap()
        };
        assert_eq!(keys(&mut drawing).await, ["a", "m"], "what was held is left, and what is not full");
        forget_full(database.pool.clone()).await;
        assert_eq!(keys(&mut drawing).await, ["m"]);
        database.close().await;
    }

    /// Begins to draw from two buckets, and comes as far as one that somebody holds.
    async fn waiting_draw(url: &str, keys: &'static str) -> tokio::task::JoinHandle<i64> {
        let mut drawing = PgConnection::connect(url).await.unwrap();
        let drawn = tokio::spawn(async move {
            let draw = "SELECT draw_from_buckets($1::text[], '{0,0}', '{5,5}', '{0,0}', 1000)";
            sqlx::query_scalar(draw).bind(keys).fetch_one(&mut drawing).await.unwrap()
        });
        let mut watching = PgConnection::connect(url).await.unwrap();
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watching).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        drawn
    }

    #[tokio::test]
    async fn a_bucket_that_is_drawn_from_is_not_forgotten_before_it_is_charged() {
        let Some(server) = Postgres::start() else { return };
        let url = server.url("postgres");
        let database = PostgresDatabase::connect(&url, 4).await.unwrap();
        let mut forgetting = PgConnection::connect(&url).await.unwrap();
        forgetting.execute("INSERT INTO rate_buckets VALUES ('a', 0), ('b', 0)").await.unwrap();
        let mut forget = forgetting.begin().await.unwrap();
        forget.execute("DELETE FROM rate_buckets WHERE key = 'b'").await.unwrap();
        // Comes as far as the second bucket, and waits there.
        let drawn = waiting_draw(&url, "{a,b}").await;
        forget_full(database.pool.clone()).await;
        forget.commit().await.unwrap();
        assert_eq!(drawn.await.unwrap(), 0, "granted");
        let buckets = "SELECT key, full_at FROM rate_buckets ORDER BY key";
        let buckets: Vec<(String, i64)> = sqlx::query_as(buckets).fetch_all(&mut forgetting).await.unwrap();
        assert_eq!(buckets, [("a".to_owned(), 1005), ("b".to_owned(), 1005)], "and charged");
        database.close().await;
    }

    #[tokio::test]
    async fn buckets_are_held_in_one_order_whatever_the_language_of_the_database() {
        let Some(server) = Postgres::start() else { return };
        let mut holding = PgConnection::connect(&server.url("postgres")).await.unwrap();
        let english = "CREATE DATABASE english TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
        holding.execute(english).await.unwrap();
        let url = server.url("english");
        let database = PostgresDatabase::connect(&url, 4).await.unwrap();
        let mut holding = PgConnection::connect(&url).await.unwrap();
        holding.execute("INSERT INTO rate_buckets VALUES ('ann', 0), ('Bob', 0)").await.unwrap();
        let mut hold = holding.begin().await.unwrap();
        hold.execute("SELECT 1 FROM rate_buckets WHERE key = 'ann' FOR UPDATE").await.unwrap();
        let drawn = waiting_draw(&url, "{ann,Bob}").await;
        // A dictionary has Bob behind Ann; by their bytes, as all others who draw take them, he is before her.
        let free =
            "SELECT count(*) FROM (SELECT 1 FROM rate_buckets WHERE key = 'Bob' FOR UPDATE SKIP LOCKED) free";
        assert_eq!(sqlx::query_scalar::<_, i64>(free).fetch_one(&database.pool).await.unwrap(), 0);
        hold.commit().await.unwrap();
        assert_eq!(drawn.await.unwrap(), 0);
        database.close().await;
    }

    #[test]
    fn a_group_takes_what_its_requests_take_and_needs_what_the_neediest_of_them_finds_missing() {
        let group = [request(&[("ann", 10), ("bob", 1)]), request(&[("ann", 100)]), request(&[("ann", 1)])];
        let sums = sums_of(&group.iter().collect::<Vec<_>>());
        // The second needs a full bucket and finds ten seconds taken; the third finds more taken, and needs one.
        let ann = Sum { cost: 111 * SECOND, needed: (110 + 1 - 60) * SECOND };
        assert_eq!(sums["subject:acme:ann"], ann);
        assert_eq!(sums["subject:acme:bob"], Sum { cost: SECOND, needed: -59 * SECOND });
    }
}
