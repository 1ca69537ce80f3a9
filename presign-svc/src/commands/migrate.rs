//! `windlass migrate`: brings the database up to date, for those who do so before they start the service.

use std::io::Write as _;

use anyhow::Result;
use clap::Args;

use crate::adapters::database::Database;
use crate::config::{DataDir, DatabaseOptions};

/// What `migrate` can be told.
#[derive(Debug, Clone, Args)]
pub struct MigrateOptions {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    database: DatabaseOptions,
}

/// Migrates.
pub async fn run(options: MigrateOptions) -> Result<()> {
    options.data.prepare()?;
    let database = Database::open(&options.database.place(&options.data)?).await?;
    let name = database.name();
    database.close().await;
    writeln!(std::io::stdout(), "{name} is up to date.")?;
    Ok(())
}
