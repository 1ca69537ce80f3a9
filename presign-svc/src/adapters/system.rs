//! The machine's clock and its randomness.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use uuid::{ContextV7, Timestamp, Uuid};
use windlass_protocol::{UploadId, UploadLinkId};

use crate::domain::upload_link::SECRET_BYTES;
use crate::failpoints;
use crate::ports::clock::Clock;
use crate::ports::ids::{IdSource, NoRandomness};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + failpoints::clock_ahead()
    }
}

/// Identifiers from the machine's randomness. Those of one millisecond count up, so that the files of one
/// batch keep their order.
pub struct RandomIds {
    counter: Mutex<ContextV7>,
}

impl RandomIds {
    /// A source of its own.
    pub fn new() -> Self {
        Self { counter: Mutex::new(ContextV7::new()) }
    }
}

impl Default for RandomIds {
    fn default() -> Self {
        Self::new()
    }
}

impl IdSource for RandomIds {
    fn upload_id(&self, now: OffsetDateTime) -> UploadId {
        // Before 1970 there is nothing to count.
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        let counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*counter, seconds, now.nanosecond())).into()
    }

    fn secret(&self) -> Option<String> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).ok()?;
        Some(URL_SAFE_NO_PAD.encode(random))
    }

    fn upload_link(&self, now: OffsetDateTime) -> Result<(UploadLinkId, [u8; SECRET_BYTES]), NoRandomness> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|error| NoRandomness(error.to_string()))?;
        Ok(((*self.upload_id(now).as_uuid()).into(), secret))
    }

    fn request_id(&self) -> String {
        Uuid::now_v7().simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_files_of_one_batch_keep_their_order() {
        let ids = RandomIds::new();
        let batch: Vec<_> = (0..1000).map(|_| ids.upload_id(datetime!(2026-11-21 12:00 UTC))).collect();
        assert!(batch.is_sorted_by(|a, b| a < b));
        assert!(batch.last() < Some(&ids.upload_id(datetime!(2026-11-21 12:00:01 UTC))));
    }
}
