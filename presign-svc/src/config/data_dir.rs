//! The service's own files: the database, the embedded store's objects, and the secrets it made itself.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

/// How many random bytes a secret has.
const SECRET_BYTES: usize = 32;
/// How many random bytes an access key id has: it is a name, not a secret.
const NAME_BYTES: usize = 8;

/// The folder of the service's own files.
#[derive(Debug, Clone, Args)]
pub struct DataDir {
    /// Database, embedded store and development secrets are kept here.
    #[arg(long = "data-dir", env = "WINDLASS_DATA_DIR", default_value = "windlass-data")]
    pub path: PathBuf,
}

/// The keys of the embedded store's only identity.
#[derive(Clone)]
pub struct StoreKeys {
    /// Names the identity.
    pub access_key_id: String,
    /// Proves it.
    pub secret_access_key: String,
}

/// Why a file of the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The disk says no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the disk says.
        source: io::Error,
    },
    /// No randomness to make a secret of.
    #[error("the system gives no randomness: {0}")]
    NoRandomness(getrandom::Error),
    /// A secret's file was changed by hand.
    #[error("{0} does not hold the secret it was made with; remove it to have a new one made")]
    Damaged(String),
}

impl DataDir {
    /// Makes the folder where it is missing, for this user only.
    pub fn prepare(&self) -> Result<(), DataDirError> {
        make_private_folder(&self.path)?;
        make_private_folder(&self.secrets())
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.path.join("windlass.sqlite")
    }

    /// The embedded store's folder.
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The development key: made at the first start, the same ever after.
    pub fn token_secret(&self) -> Result<String, DataDirError> {
        secret(&self.secrets().join("token-hs256.key"), SECRET_BYTES)
    }

    /// The embedded store's keys: made at the first start, the same ever after.
    pub fn store_keys(&self) -> Result<StoreKeys, DataDirError> {
        Ok(StoreKeys {
            access_key_id: secret(&self.secrets().join("store-access-key-id"), NAME_BYTES)?,
            secret_access_key: secret(&self.secrets().join("store-secret-access-key"), SECRET_BYTES)?,
        })
    }

    fn secrets(&self) -> PathBuf {
        self.path.join("secrets")
    }
}

/// Reads a secret, or makes it: hexadecimal in a file that only this user may read.
fn secret(path: &Path, bytes: usize) -> Result<String, DataDirError> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let text = text.trim();
            let is_whole = text.len() == 2 * bytes && text.bytes().all(|b| b.is_ascii_hexdigit());
            return if is_whole {
                Ok(text.to_owned())
            } else {
                Err(DataDirError::Damaged(path.display().to_string()))
            };
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(path, error)),
    }
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(DataDirError::NoRandomness)?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    match write_private(path, &text) {
        Ok(()) => Ok(text),
        // Another process was faster: its secret counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => secret(path, bytes),
        Err(error) => Err(failed(path, error)),
    }
}

/// Written aside and linked into place, so that nobody ever reads half of it.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    linked
}

fn make_private_folder(path: &Path) -> Result<(), DataDirError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: io::Error) -> DataDirError {
    DataDirError::Io { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir { path: folder.path().join("data") };
        data.prepare().unwrap();
        let secret = data.token_secret().unwrap();
        assert_eq!(secret.len(), 64);
        assert_eq!(data.token_secret().unwrap(), secret);
        assert_ne!(data.store_keys().unwrap().secret_access_key, secret);
        #[cfg(unix)]
        for entry in fs::read_dir(data.secrets()).unwrap() {
            let mode = std::os::unix::fs::MetadataExt::mode(&entry.unwrap().metadata().unwrap());
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(data.secrets().join("token-hs256.key"), "short").unwrap();
        assert!(matches!(data.token_secret(), Err(DataDirError::Damaged(_))));
    }
}
