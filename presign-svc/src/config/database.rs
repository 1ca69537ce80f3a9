//! Which database: a file of this machine, or a PostgreSQL server.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use clap::Args;

use super::DataDir;
use crate::adapters::database::DatabasePlace;

/// The database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseOptions {
    /// The address of a PostgreSQL database, postgres://user:password@host:5432/name. Without one, an SQLite
    /// file in the data directory is used, by this one instance. A server that is not on this machine must
    /// prove who it is, unless the address says ?sslmode=… otherwise.
    #[arg(long, env = "WINDLASS_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,
    /// At most so many connections of this instance to PostgreSQL.
    #[arg(long, env = "WINDLASS_DATABASE_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(4..=500))]
    pub database_connections: u32,
}

/// The address of a database server. It holds a password and prints itself without. Any text is taken at
/// first: clap repeats what it refuses, and with it the password; [`DatabaseOptions::place`] says what is wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// A text that is no address of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "WINDLASS_DATABASE_URL is no address of a database: it begins with postgres://; for SQLite leave it out \
     and set WINDLASS_DATA_DIR"
)]
pub struct InvalidDatabaseUrl;

impl FromStr for DatabaseUrl {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl DatabaseOptions {
    /// Which database it is.
    pub fn place(&self, data: &DataDir) -> Result<DatabasePlace, InvalidDatabaseUrl> {
        let Some(DatabaseUrl(url)) = &self.database_url else {
            return Ok(DatabasePlace::Sqlite(data.database()));
        };
        let is_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !is_postgres {
            return Err(InvalidDatabaseUrl);
        }
        Ok(DatabasePlace::Postgres { url: url.clone(), connections: self.database_connections })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_printed() {
        let url = DatabaseUrl("postgres://ann:canary@db/windlass".to_owned());
        assert!(!format!("{url:?}").contains("canary"));
    }
}
