//! The rate limits, with a span of each draw.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::Traced;
use crate::ports::rate_limiter::{Draw, RateLimiter, RateLimiterError, Verdict};

#[async_trait]
impl RateLimiter for Traced<dyn RateLimiter> {
    async fn take(&self, draws: &[Draw], now: OffsetDateTime) -> Result<Verdict, RateLimiterError> {
        self.traces.step("rate limits", self.system, self.inner.take(draws, now)).await
    }

    fn makes_do(&self) -> bool {
        self.inner.makes_do()
    }
}
