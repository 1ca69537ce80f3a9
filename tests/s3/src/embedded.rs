//! The embedded store on a free loopback port, over a folder that goes with it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use windlass_embedded_store::{AllowedOrigins, EmbeddedStore, StoreConfig};

use crate::capabilities::Capabilities;
use crate::target::S3Target;

/// The configuration every store of the suite has, over a folder: any web origin may read answers.
pub fn store_config(root: PathBuf) -> StoreConfig {
    let target = target_at(String::new());
    StoreConfig {
        root,
        bucket: target.bucket,
        region: target.region,
        access_key_id: target.access_key_id,
        secret_access_key: target.secret_access_key,
        allowed_origins: AllowedOrigins::Any,
    }
}

/// The target that a store of [`store_config`] is.
pub(crate) fn target_at(endpoint: String) -> S3Target {
    S3Target {
        endpoint,
        region: "us-east-1".into(),
        bucket: "windlass-suite".into(),
        access_key_id: "AKIDWINDLASSSUITE".into(),
        secret_access_key: "a secret that only tests use".into(),
        capabilities: Capabilities::EMBEDDED,
    }
}

/// A running embedded store. It stops when dropped.
pub struct EmbeddedServer {
    target: S3Target,
    store: EmbeddedStore,
    root: PathBuf,
    _stop: oneshot::Sender<()>,
    _folder: TempDir,
}

impl EmbeddedServer {
    /// Starts a store on the current tokio runtime; any web origin may read its answers.
    ///
    /// # Errors
    /// When there is no temporary folder or no free port.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder for the embedded store")?;
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.context("no free port for the embedded store")?;
        let target = target_at(format!("http://{}", listener.local_addr()?));
        let store = EmbeddedStore::open(store_config(folder.path().join("store"))).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = store.clone();
        tokio::spawn(async move {
            // Resolves when the sender is dropped.
            let shutdown = async { drop(stopped.await) };
            serving.serve(listener, shutdown).await
        });
        Ok(Self { target, store, root: folder.path().join("store"), _stop: stop, _folder: folder })
    }

    /// Where it is.
    pub fn target(&self) -> &S3Target {
        &self.target
    }

    /// The folder it keeps everything in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store behind it, for its callback and its clean-up.
    pub fn store(&self) -> &EmbeddedStore {
        &self.store
    }
}
