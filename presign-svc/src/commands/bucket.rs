//! The bucket a command works on: the operator's, or the embedded store, which then runs in this process.

use std::io;
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
/// S3's lifecycle rule of our documentation, for the embedded store: at least so old.
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
    let address = options.store.embedded_address(options.http.address());
    let listener = listen(address, "--store-port", "--host").await?;
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
    let stale_age = stale_upload_age(options.limits.upload_deadline_hours);
    tasks.spawn(sweep_store(store.clone(), stale_age, stop.clone()));
    tasks.spawn(serve_store(store, listener, stop.clone()));
    Ok((options.store.embedded_settings(listens, &keys), Some(listens)))
}

/// A listener; an error names the option that chooses another port, or another address where this one is not here.
pub(super) async fn listen(address: SocketAddr, port: &str, host: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrNotAvailable => format!("this machine has no such address ({host})"),
            _ => format!("choose another port with {port}"),
        };
        anyhow::Error::new(error).context(format!("cannot listen on {address}; {advice}"))
    })
}

async fn serve_store(store: EmbeddedStore, listener: TcpListener, stop: CancellationToken) {
    if let Err(error) = store.serve(listener, stop.cancelled_owned()).await {
        tracing::error!(%error, "the embedded store stopped");
    }
}

/// How old an upload in parts is that nobody finishes any more: its deadline is counted from when its client was last
/// heard of, and its age from its beginning.
fn stale_upload_age(deadline_hours: u32) -> Duration {
    STALE_UPLOAD_AGE.max(2 * Duration::from_secs(u64::from(deadline_hours) * 3600))
}

async fn sweep_store(store: EmbeddedStore, stale_age: Duration, stop: CancellationToken) {
    let mut period = tokio::time::interval(STORE_SWEEP_PERIOD);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        if let Err(error) = store.remove_stale_uploads(stale_age).await {
            tracing::warn!(%error, "stale uploads of the embedded store stay for now");
        }
        let removed = tokio::select! {
            // It reads every manifest. What it leaves is found by the next one.
            () = stop.cancelled() => return,
            removed = store.remove_orphaned_bodies() => removed,
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "orphaned bodies of the embedded store stay for now");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_store_keeps_the_parts_of_an_upload_whose_deadline_is_to_come() {
        let days = |hours| stale_upload_age(hours).as_secs() / 86_400;
        assert_eq!([1, 24, 168, 720].map(days), [7, 7, 14, 60]);
    }

    #[tokio::test]
    async fn what_is_wrong_with_an_address_is_not_blamed_on_its_port() {
        // Of the addresses for documentation, which nobody has.
        let refused = listen("192.0.2.1:0".parse().unwrap(), "--port", "--host").await.unwrap_err();
        assert!(refused.to_string().ends_with("no such address (--host)"), "{refused:#}");
        let taken = listen("127.0.0.1:0".parse().unwrap(), "--port", "--host").await.unwrap();
        let refused = listen(taken.local_addr().unwrap(), "--port", "--host").await.unwrap_err();
        assert!(refused.to_string().ends_with("choose another port with --port"), "{refused:#}");
    }
}
