//! What an operator may say, by option or by environment variable. Every value has a default on which
//! `windlass serve` starts with nothing else.

mod auth;
mod data_dir;
mod database;
mod delivery;
mod http;
mod limits;
mod rates;
mod redis;
mod size;
mod store;
mod work;

pub use auth::{AuthError, AuthOptions, ClaimOptions, ScopeName, TokenSource, read_secret_file};
pub use data_dir::{DataDir, DataDirError, StoreKeys};
pub use database::{DatabaseOptions, DatabaseUrl, InvalidDatabaseUrl};
pub use delivery::{DeliveryError, DeliveryOptions};
pub use http::HttpOptions;
pub use limits::LimitOptions;
pub use rates::RateOptions;
pub use redis::{RedisOptions, RedisUrl};
pub use size::{ByteSize, InvalidSize};
pub use store::{EMBEDDED_BUCKET, EMBEDDED_REGION, StoreOptions, StorePlace};
pub use work::WorkPlace;

use clap::Args;

/// Everything `serve` can be told.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Where it listens.
    #[command(flatten, next_help_heading = "Where it listens")]
    pub http: HttpOptions,
    /// Where its own files are.
    #[command(flatten, next_help_heading = "Its own files")]
    pub data: DataDir,
    /// The database.
    #[command(flatten, next_help_heading = "Database")]
    pub database: DatabaseOptions,
    /// The bucket.
    #[command(flatten, next_help_heading = "Bucket")]
    pub store: StoreOptions,
    /// How photos reach browsers.
    #[command(flatten, next_help_heading = "How photos reach browsers")]
    pub delivery: DeliveryOptions,
    /// Whose tokens are accepted.
    #[command(flatten, next_help_heading = "Tokens")]
    pub auth: AuthOptions,
    /// Kinds, sizes and times.
    #[command(flatten, next_help_heading = "Kinds, sizes and times")]
    pub limits: LimitOptions,
    /// How fast.
    #[command(flatten, next_help_heading = "How fast")]
    pub rates: RateOptions,
    /// Where limits are shared.
    #[command(flatten, next_help_heading = "Redis")]
    pub redis: RedisOptions,
    /// Where the jobs run that clean up and put small pieces together: in this process, or in one of `windlass work`.
    #[arg(long, env = "WINDLASS_WORK", value_enum, default_value_t, help_heading = "Jobs")]
    pub work: WorkPlace,
}
