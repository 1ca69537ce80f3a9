//! The bucket a command works on: the operator's, or the embedded store, which then runs in this process.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use windlass_embedded_store::{AllowedOrigins as StoreOrigins, EmbeddedStore, StoreConfig};

use crate::adapters::s3::S3Settings;
use crate::config::{EMBEDDED_BUCKET, EMBEDDED_REGION, ServeOptions, StorePlace};

/// How often the embedded store removes what a crash or a forgotten client left.
const STORE_SWEEP_PERIOD: Duration = Duration::from_secs(24 * 3600);
/// S3's lifecycle rule of our documentation, for the embedded store.
const STALE_UPLOAD_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// How to reach the bucket, and where the embedded store listens if it is that; its work is among the tasks.
pub(super) async fn open(
    options: &ServeOptions,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<(S3Settings, Option<SocketAddr>)> {
    if let StorePlace::Remote(settings) = options.store.place() {
        return Ok((settings, None));
    }
    let listener = listen(options.store.embedded_address(options.http.address()), "--store-port").await?;
    let listens = listener.local_addr()?;
    let keys = options.data.store_keys()?;
    let store = EmbeddedStore::open(StoreConfig {
        root: options.data.store(),
        bucket: EMBEDDED_BUCKET.to_owned(),
        region: EMBEDDED_REGION.to_owned(),
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: keys.secret_access_key.clone(),
        // A signed URL is the whole secret: the page that holds it may use it.
        allowed_origins: StoreOrigins::Any,
    })
    .await
    .context("the embedded store cannot be opened")?;
    tasks.spawn(sweep_store(store.clone(), stop.clone()));
    tasks.spawn(serve_store(store, listener, stop.clone()));
    Ok((options.store.embedded_settings(listens, &keys), Some(listens)))
}

/// A listener; an error names the option that chooses another port.
pub(super) async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}; choose another port with {option}"))
}

async fn serve_store(store: EmbeddedStore, listener: TcpListener, stop: CancellationToken) {
    if let Err(error) = store.serve(listener, stop.cancelled_owned()).await {
        tracing::error!(%error, "the embedded store stopped");
    }
}

async fn sweep_store(store: EmbeddedStore, stop: CancellationToken) {
    let mut period = tokio::time::interval(STORE_SWEEP_PERIOD);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        if let Err(error) = store.remove_stale_uploads(STALE_UPLOAD_AGE).await {
            tracing::warn!(%error, "stale uploads of the embedded store stay for now");
        }
        if let Err(error) = store.remove_orphaned_bodies().await {
            tracing::warn!(%error, "orphaned bodies of the embedded store stay for now");
        }
    }
}
