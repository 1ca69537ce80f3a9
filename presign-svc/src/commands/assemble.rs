//! A service put together as the options say: database, bucket and all else, not listening yet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use windlass_embedded_store::{AllowedOrigins as StoreOrigins, EmbeddedStore, StoreConfig};

use crate::adapters::database::Database;
use crate::adapters::s3::S3Store;
use crate::adapters::system::{RandomIds, SystemClock};
use crate::answers::RecentAnswers;
use crate::app::{App, Turns};
use crate::config::{EMBEDDED_BUCKET, EMBEDDED_REGION, ServeOptions, StorePlace};
use crate::feeds::Feeds;
use crate::metrics::Metrics;

/// How often the embedded store removes what a crash or a forgotten client left.
const STORE_SWEEP_PERIOD: Duration = Duration::from_secs(24 * 3600);
/// S3's lifecycle rule of our documentation, for the embedded store.
const STALE_UPLOAD_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What was put together.
pub struct Assembled {
    /// The service.
    pub app: Arc<App>,
    /// Its database, to be closed.
    pub database: Database,
    /// Where the embedded store listens, if it runs.
    pub store_address: Option<SocketAddr>,
}

/// Puts a service together; the embedded store, where it is used, becomes one of the tasks.
pub async fn assemble(
    options: &ServeOptions,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Assembled> {
    let database = Database::open(&options.database.place(&options.data)?).await?;
    let (settings, store_address) = match options.store.place() {
        StorePlace::Remote(settings) => (settings, None),
        StorePlace::Embedded => {
            let listener =
                listen(options.store.embedded_address(options.http.address()), "--store-port").await?;
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
            (options.store.embedded_settings(listens, &keys), Some(listens))
        }
    };
    let feeds = Feeds::start(database.events(), options.limits.max_event_streams, stop.clone());
    let mut app_settings =
        options.limits.settings(store_address.is_some(), options.store.conditional_writes())?;
    app_settings.upload_page = options.http.upload_page.clone();
    app_settings.rates = options.rates.limits(options.auth.source());
    let app = Arc::new(App {
        settings: app_settings,
        limiter: database.rate_limiter(),
        store: Arc::new(S3Store::connect(&settings).await.context("the bucket's settings are not valid")?),
        uploads: database.uploads(),
        events: database.events(),
        feeds,
        tickets: database.tickets(),
        links: database.upload_links(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::new()),
        tokens: options.auth.tokens(&options.data)?,
        membership: options.auth.membership()?,
        turns: Turns::among(database.leases()),
        answers: RecentAnswers::default(),
        metrics: Metrics::default(),
    });
    Ok(Assembled { app, database, store_address })
}

/// A listener; an error names the option that chooses another port.
pub async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener> {
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
