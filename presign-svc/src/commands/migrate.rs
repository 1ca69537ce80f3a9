//! `windlass migrate`: brings the database up to date, for those who do so before they start the service.

use std::io::Write as _;

use anyhow::Result;
use clap::Args;

use crate::adapters::sqlite::SqliteDatabase;
use crate::config::DataDir;

/// What `migrate` can be told.
#[derive(Debug, Clone, Args)]
pub struct MigrateOptions {
    #[command(flatten)]
    data: DataDir,
}

/// Migrates.
pub async fn run(options: MigrateOptions) -> Result<()> {
    options.data.prepare()?;
    let path = options.data.database();
    SqliteDatabase::open(&path).await?.close().await;
    writeln!(std::io::stdout(), "{} is up to date.", path.display())?;
    Ok(())
}
