//! Where rate limits are shared, beside the database.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use clap::Args;

/// A Redis server for the rate limits.
#[derive(Debug, Clone, Args)]
pub struct RedisOptions {
    /// The address of a Redis (or Valkey) server that keeps the rate limits of all instances,
    /// redis://user:password@host:6379, or rediss:// for TLS. Without one, PostgreSQL keeps them, or this
    /// instance's memory. While it is away each instance keeps its own.
    #[arg(long, env = "WINDLASS_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<RedisUrl>,
}

/// The address of a Redis server. It holds a password and prints itself without; like that of a database it is
/// looked at later, since clap repeats what it refuses.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The address, with its password.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedisUrl {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
