//! What time the store has, read off every answer it gives: a machine whose clock is wrong signs URLs that are
//! refused, and nothing else tells it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::Instant;

use crate::failpoints;

/// The date of the last answer, and when it came.
#[derive(Debug, Clone, Default)]
pub(super) struct StoreClock(Arc<Mutex<Option<(OffsetDateTime, Instant)>>>);

impl StoreClock {
    /// What time it is there now; `None` where nothing was answered yet.
    pub(super) fn now(&self) -> Option<OffsetDateTime> {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.map(|(date, at)| date + at.elapsed() + failpoints::clock_ahead())
    }
}

impl Intercept for StoreClock {
    fn name(&self) -> &'static str {
        "StoreClock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date").and_then(read_http_date) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, Instant::now()));
        }
        Ok(())
    }
}

/// A date as HTTP writes it (RFC 9110, section 5.6.7), which says GMT where RFC 2822 says +0000.
pub(crate) fn read_http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(read_http_date("Sat, 21 Nov 2026 12:00:07 GMT"), Some(datetime!(2026-11-21 12:00:07 UTC)));
        assert_eq!(read_http_date("yesterday"), None);
    }
}
