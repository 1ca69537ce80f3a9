//! Rate limits of all instances together, in Redis: one script, one round trip, all buckets of a request or none.
//!
//! A limit is not worth an outage: where Redis does not answer, each instance goes on with buckets of its own,
//! says so once, and goes back to the shared ones when they answer again.

mod line;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use redis::aio::MultiplexedConnection;
use time::OffsetDateTime;
use tokio::task::AbortHandle;

use self::line::Line;
use super::memory::MemoryRateLimiter;
use crate::domain::rate::Rate;
use crate::ports::rate_limiter::{BucketKey, Draw, RateLimiter, RateLimiterError, Verdict};

/// What the keys begin with, in a server that may serve others, too. The braces put all of them into one slot.
const PREFIX: &str = "{windlass-rates}:";
const DRAW: &str = include_str!("draw.lua");
/// How long a server may take to answer before it counts as away.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// Buckets in Redis.
pub struct RedisRateLimiter {
    line: Arc<Line>,
    script: Arc<Script>,
    own: MemoryRateLimiter,
    keeper: AbortHandle,
}

/// A text that is no address of a Redis server. It says nothing of the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "WINDLASS_REDIS_URL is no address of a Redis server: it is redis://user:password@host:6379, or rediss:// \
     for TLS"
)]
pub struct InvalidRedisUrl;

impl RedisRateLimiter {
    /// Connects, or begins without where nobody answers: then it is tried again and again.
    pub async fn start(url: &str) -> Result<Self, InvalidRedisUrl> {
        let line = Arc::new(Line::to(url)?);
        let script = Arc::new(Script::new(DRAW));
        line.connect(&script).await;
        let keeper = tokio::spawn({
            let (line, script) = (line.clone(), script.clone());
            async move { line.keep(&script).await }
        });
        let own = MemoryRateLimiter::default();
        Ok(Self { line, script, own, keeper: keeper.abort_handle() })
    }

    /// Tries a server as a request would use it: what messages call it, and what is wrong with it.
    pub async fn examine(url: &str) -> Result<(String, Result<(), String>), InvalidRedisUrl> {
        let line = Line::to(url)?;
        let tried = line.try_once(&Script::new(DRAW)).await.map(|_| ());
        Ok((line.name().to_owned(), tried))
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, draws: &[Draw], now: OffsetDateTime) -> Result<Verdict, RateLimiterError> {
        if let Some((mut connection, number)) = self.line.connection() {
            match draw(&mut connection, &self.script, draws).await {
                Ok(verdict) => return Ok(verdict),
                Err(why) => self.line.lost(number, &why),
            }
        }
        self.own.take(draws, now).await
    }

    fn makes_do(&self) -> bool {
        self.line.connection().is_none()
    }
}

impl Drop for RedisRateLimiter {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Runs the script, or says in words why not.
async fn draw(
    connection: &mut MultiplexedConnection,
    script: &Script,
    draws: &[Draw],
) -> Result<Verdict, String> {
    let mut call = script.prepare_invoke();
    for Draw { bucket, rate, cost } in draws {
        call.key(format!("{PREFIX}{bucket}"));
        for duration in [rate.needed_for(*cost), rate.time_for(*cost), rate.refill] {
            call.arg(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        }
    }
    let answer = tokio::time::timeout(ANSWER_LIMIT, call.invoke_async::<u64>(connection)).await;
    match answer {
        Ok(Ok(0)) => Ok(Verdict::Granted),
        Ok(Ok(wait)) => Ok(Verdict::Wait(Duration::from_micros(wait))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {ANSWER_LIMIT:?}")),
    }
}

/// A draw that limits nobody: whether the server runs the script, and may be written to.
async fn probe(connection: &mut MultiplexedConnection, script: &Script) -> Result<(), String> {
    let rate = Rate { capacity: 1_000_000, refill: Duration::from_secs(1) };
    let draws = [Draw { bucket: BucketKey::of_probe(), rate, cost: 1 }];
    draw(connection, script, &draws).await.map(|_| ())
}
