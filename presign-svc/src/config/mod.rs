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
    #[command(flatten)]
    pub http: HttpOptions,
    /// Where its own files are.
    #[command(flatten)]
    pub data: DataDir,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// The bucket.
    #[command(flatten)]
    pub store: StoreOptions,
    /// How photos reach browsers.
    #[command(flatten)]
    pub delivery: DeliveryOptions,
    /// Whose tokens are accepted.
    #[command(flatten)]
    pub auth: AuthOptions,
    /// Kinds, sizes and times.
    #[command(flatten)]
    pub limits: LimitOptions,
    /// How fast.
    #[command(flatten)]
    pub rates: RateOptions,
    /// Where limits are shared.
    #[command(flatten)]
    pub redis: RedisOptions,
    /// Where the jobs run: in this process, or in one of `windlass work`.
    #[arg(long, env = "WINDLASS_WORK", value_enum, default_value_t)]
    pub work: WorkPlace,
}
