//! Rate limits of all instances together: one function call takes from all buckets of a request or from none.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::PostgresDatabase;
use crate::ports::rate_limiter::{Draw, RateLimiter, RateLimiterError, Verdict};

const DRAW: &str = "SELECT draw_from_buckets($1, $2, $3, $4, $5)";
/// Full buckets are as good as none.
const FORGET_FULL: &str = "DELETE FROM rate_buckets WHERE full_at < $1";
/// After how many draws of this instance full buckets are forgotten.
const FORGET_EVERY: u32 = 10_000;

static DRAWS: AtomicU32 = AtomicU32::new(0);

#[async_trait]
impl RateLimiter for PostgresDatabase {
    async fn take(&self, draws: &[Draw], now: OffsetDateTime) -> Result<Verdict, RateLimiterError> {
        let of = |pick: fn(&Draw) -> Duration| -> Vec<i64> {
            draws.iter().map(|draw| micros(pick(draw))).collect()
        };
        let keys: Vec<&str> = draws.iter().map(|draw| draw.bucket.as_str()).collect();
        let moment = i64::try_from(now.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        let wait: i64 = sqlx::query_scalar(DRAW)
            .bind(&keys)
            .bind(of(|draw| draw.rate.needed_for(draw.cost)))
            .bind(of(|draw| draw.rate.time_for(draw.cost)))
            .bind(of(|draw| draw.rate.refill))
            .bind(moment)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| RateLimiterError(error.to_string()))?;
        if DRAWS.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            tokio::spawn(forget_full(self.pool.clone(), moment));
        }
        Ok(match u64::try_from(wait) {
            Ok(wait) if wait > 0 => Verdict::Wait(Duration::from_micros(wait)),
            _ => Verdict::Granted,
        })
    }
}

async fn forget_full(pool: PgPool, moment: i64) {
    if let Err(error) = sqlx::query(FORGET_FULL).bind(moment).execute(&pool).await {
        tracing::debug!(%error, "full rate limit buckets stay for now");
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
