//! The schema's way forward: migrations are applied in order, each once, and never taken back.

use sqlx::migrate::{AppliedMigration, MigrateError, Migrator};

/// How far the schema of a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// There is none yet.
    Absent,
    /// So many migrations are still to be applied.
    Behind(usize),
    /// As this program has it.
    Current,
}

/// Why a schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A newer Windlass was here.
    #[error(
        "a newer Windlass has brought its schema to version {found}, and this one knows versions up to {known}: \
         run the newer one, or restore the backup from before"
    )]
    Newer {
        /// The database's.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// Somebody else's database, or a build whose migrations were edited.
    #[error(
        "its schema version {0} is not the one this Windlass knows by that number: it is another program's \
         database, or that of a build that was never released"
    )]
    Foreign(i64),
    /// The database said no.
    #[error(transparent)]
    Failed(MigrateError),
}

impl SchemaState {
    /// What these migrations have still to do where others are applied.
    pub(super) fn of(applied: &[AppliedMigration], migrations: &Migrator) -> Result<Self, SchemaError> {
        for applied in applied {
            let known = migrations.iter().find(|migration| migration.version == applied.version);
            let wrong = match known {
                None => MigrateError::VersionMissing(applied.version),
                Some(known) if known.checksum != applied.checksum => {
                    MigrateError::VersionMismatch(applied.version)
                }
                Some(_) => continue,
            };
            return Err(SchemaError::of(wrong, migrations));
        }
        Ok(match migrations.iter().count() - applied.len() {
            _ if applied.is_empty() => Self::Absent,
            0 => Self::Current,
            missing => Self::Behind(missing),
        })
    }
}

impl SchemaError {
    /// What an error of these migrations means.
    pub(super) fn of(error: MigrateError, migrations: &Migrator) -> Self {
        let known = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
        match error {
            MigrateError::VersionMissing(found) if found > known => Self::Newer { found, known },
            MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => {
                Self::Foreign(version)
            }
            other => Self::Failed(other),
        }
    }
}
