//! What time it is. Everything that depends on time asks here, so that tests can say what it is.

use time::OffsetDateTime;

/// A clock.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> OffsetDateTime;
}
