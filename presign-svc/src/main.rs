//! `windlass`: serve, work, migrate, token, doctor, reconcile.

mod allocator;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use windlass_presign_svc::commands::{doctor, migrate, reconcile, serve, token, work};
use windlass_presign_svc::config::ServeOptions;
use windlass_presign_svc::telemetry::{self, LogFormat};

/// How long work on files that nobody waits for any more may go on when all else has ended.
const LAST_WORK: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(name = "windlass", version, about = "Signs, verifies and lists uploads to your own S3 bucket")]
struct Cli {
    /// What to log, as in RUST_LOG: error, warn, info, debug.
    #[arg(long, env = "WINDLASS_LOG", default_value = "info", global = true, value_parser = telemetry::asked_filter)]
    log: String,
    /// How log lines look.
    #[arg(long, env = "WINDLASS_LOG_FORMAT", default_value = "text", value_enum, global = true)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service; without configuration, on embedded defaults.
    Serve(Box<ServeOptions>),
    /// Run the jobs alone, beside services with --work apart; configured as they are.
    Work(Box<ServeOptions>),
    /// Bring the database up to date.
    Migrate(migrate::MigrateOptions),
    /// Mint a token for development and scripts.
    Token(Box<token::TokenOptions>),
    /// Check bucket, CORS, clock, database and keys, and say what to fix.
    Doctor(Box<doctor::DoctorOptions>),
    /// Compare record and bucket, list what does not agree, and mend it if told to.
    Reconcile(Box<reconcile::ReconcileOptions>),
}

fn main() -> Result<()> {
    allocator::share_among_threads();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run());
    // Else the end would wait for a thread that reads all there is in the embedded store.
    runtime.shutdown_timeout(LAST_WORK);
    done
}

async fn run() -> Result<()> {
    #[cfg(feature = "failpoints")]
    let _armed = windlass_presign_svc::failpoints::arm();
    let cli = Cli::parse();
    telemetry::start(&cli.log, cli.log_format);
    match cli.command {
        Command::Serve(options) => serve::run(*options).await,
        Command::Work(options) => work::run(*options).await,
        Command::Migrate(options) => migrate::run(options).await,
        Command::Token(options) => token::run(&options).await,
        Command::Doctor(options) => doctor::run(*options).await,
        Command::Reconcile(options) => reconcile::run(*options).await,
    }
}
