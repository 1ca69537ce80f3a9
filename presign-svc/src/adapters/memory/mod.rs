//! What a single instance may keep to itself.

mod rate_limiter;

pub use rate_limiter::MemoryRateLimiter;
