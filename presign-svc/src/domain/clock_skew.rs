//! How far this machine's clock is from the store's. Stores refuse signatures of another quarter of an hour,
//! and URLs signed too early die too early; long before that somebody must be told.

use std::fmt;

use time::{Duration, OffsetDateTime};

/// More than answers take to arrive and clocks drift between two looks of NTP.
const LIMIT: Duration = Duration::minutes(2);

/// A difference: positive where this machine is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSkew(Duration);

impl ClockSkew {
    /// Between this machine's clock and the store's at the same moment.
    pub fn between(here: OffsetDateTime, store: OffsetDateTime) -> Self {
        Self(here - store)
    }

    /// In seconds.
    pub fn seconds(self) -> i64 {
        self.0.whole_seconds()
    }

    /// Whether what is signed here will be refused, or soon may be.
    pub fn is_too_far(self) -> bool {
        self.0.abs() > LIMIT
    }
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_too_far() {
            return f.write_str("this machine and the bucket agree on the time");
        }
        let direction = if self.0.is_positive() { "ahead of" } else { "behind" };
        write!(
            f,
            "this machine's clock is {} seconds {direction} the bucket's, which will refuse what is signed here. Set \
             up NTP",
            self.0.abs().whole_seconds()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_few_seconds_are_no_matter_and_minutes_are() {
        let store = datetime!(2026-11-21 12:00 UTC);
        let skew = |seconds| ClockSkew::between(store + Duration::seconds(seconds), store);
        assert!(!skew(0).is_too_far() && !skew(-100).is_too_far());
        assert!(skew(-1200).is_too_far());
        assert!(skew(1200).to_string().contains("1200 seconds ahead of"), "{}", skew(1200));
        assert!(skew(-1200).to_string().contains("1200 seconds behind"));
    }
}
