//! `windlass serve`: the service, on embedded defaults or on an operator's own bucket and keys.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::bucket::{self, listen};
use super::{app, broken, identity, metrics, stop_signal};
use crate::adapters::database::{Database, DatabasePlace};
use crate::adapters::redis::RedisRateLimiter;
use crate::adapters::traced;
use crate::api::demo::DemoSite;
use crate::config::{ServeOptions, StorePlace, TokenSource, WorkPlace};
use crate::jobs::notice;
use crate::jobs::runner;
use crate::ports::rate_limiter::RateLimiter;
use crate::traces::Traces;
use crate::{api, server};

/// The tenant of the demo page.
const DEMO_TENANT: &str = "demo";

/// A service that listens and runs.
pub struct Running {
    /// Where the API is, for a browser on this machine.
    pub address: SocketAddr,
    /// Where the embedded store is, if it runs.
    pub store_address: Option<SocketAddr>,
    /// Where the metrics are, where they are asked for.
    pub metrics_address: Option<SocketAddr>,
    /// Whether the demo page and its tokens are served.
    pub has_demo: bool,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    database: Database,
    traces: Traces,
}

/// Serves until SIGTERM or ctrl-c, or until a part of it meets a bug.
pub async fn run(options: ServeOptions) -> Result<()> {
    let mut running = start(&options).await?;
    let mut stop = std::pin::pin!(stop_signal());
    // Listened for before anybody can know of the service: an early signal must end it, not kill it.
    let stops_already = futures::poll!(&mut stop).is_ready();
    if let Err(error) = announce(&running, &options) {
        tracing::warn!(%error, "nobody reads standard output");
    }
    let mut ended = Ok(());
    if !stops_already {
        tokio::select! {
            () = stop => {}
            error = broken(&mut running.tasks) => ended = Err(error),
        }
    }
    tracing::info!("stopping: open requests may end");
    running.stop().await;
    ended.context("a part of the service has met a bug")
}

/// Starts a service and returns once it listens.
pub async fn start(options: &ServeOptions) -> Result<Running> {
    refuse_open_development_key(options)?;
    server::raise_open_files_limit();
    options.data.prepare().context("the data directory cannot be used")?;
    let place = options.database.place(&options.data)?;
    refuse_work_nobody_does(options, &place)?;
    let listener = listen(options.http.address(), "--port", "--host").await?;
    let address = listener.local_addr()?;
    let database = Database::open(&place).await?;
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();

    let (settings, store_address) = bucket::open(options, &stop, &mut tasks).await?;
    let traces = Traces::from_environment();
    let limiter = limiter(options, &database, &traces).await?;
    let is_embedded = store_address.is_some();
    let app = app::build(options, &database, &settings, is_embedded, limiter, traces.clone(), &stop).await?;
    let demo = match options.auth.source() {
        TokenSource::Development => {
            Some(DemoSite { tenant: DEMO_TENANT.parse()?, origins: options.http.origins() })
        }
        TokenSource::Configured => None,
    };
    let has_demo = demo.is_some();
    let origins = options.http.origins();
    let (router, busy) = (api::router(app.clone(), &origins, demo), api::busy::router(&origins));
    let proxies = app.settings.rates.proxies.clone().unwrap_or_default();
    let metrics_address = metrics::serve(options, &app, &stop, &mut tasks).await?;
    tasks.spawn(identity::keep_current(options.auth.clone(), app.clone(), stop.clone()));
    tasks.spawn(notice::run(app.clone(), stop.clone()));
    if options.work == WorkPlace::Here {
        tasks.spawn(runner::run(app, stop.clone()));
    }
    tasks.spawn(server::serve(listener, router, busy, proxies, stop.clone()));
    Ok(Running {
        address: seen_here(address),
        store_address: store_address.map(seen_here),
        metrics_address: metrics_address.map(seen_here),
        has_demo,
        stop,
        tasks,
        database,
        traces,
    })
}

/// Where the rate limits are kept.
async fn limiter(
    options: &ServeOptions,
    database: &Database,
    traces: &Traces,
) -> Result<Arc<dyn RateLimiter>> {
    Ok(match (&options.redis.redis_url, database) {
        (Some(url), _) => {
            let limiter = Arc::new(RedisRateLimiter::start(url.as_str()).await?);
            traced::limiter(limiter, traced::database("redis"), traces)
        }
        (None, Database::Postgres(_)) => traced::limiter(database.rate_limiter(), database.system(), traces),
        // In memory: nobody is asked.
        (None, Database::Sqlite(_)) => database.rate_limiter(),
    })
}

impl Running {
    /// Lets open requests end, and closes the database.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task did not end well");
            }
        }
        self.database.close().await;
        self.traces.stop().await;
    }
}

/// The demo page hands a token to whoever asks: not for a company's bucket, open to a network. A service that listens on
/// this machine alone is open, too, where a proxy stands in front of it.
pub(super) fn refuse_open_development_key(options: &ServeOptions) -> Result<()> {
    let is_open = !options.http.host.is_loopback() || !options.rates.trusted_proxies.is_empty();
    let is_development = options.auth.source() == TokenSource::Development;
    if is_open && is_development && matches!(options.store.place(), StorePlace::Remote(_)) {
        bail!(
            "set WINDLASS_JWT_JWKS_URL or WINDLASS_JWT_HS256_SECRET: without either a development key is used, and \
             everybody who reaches {}, or a proxy in front of it, could read and write the bucket",
            options.http.host
        );
    }
    Ok(())
}

/// Jobs apart need a bucket and a database that two processes can share.
pub(super) fn refuse_work_nobody_does(options: &ServeOptions, database: &DatabasePlace) -> Result<()> {
    let is_shared = matches!(database, DatabasePlace::Postgres { .. })
        && matches!(options.store.place(), StorePlace::Remote(_));
    if options.work == WorkPlace::Apart && !is_shared {
        bail!(
            "with --work apart the jobs are done by `windlass work`, which needs PostgreSQL (WINDLASS_DATABASE_URL) and \
             a bucket (WINDLASS_S3_BUCKET); leave it out to have them done here"
        );
    }
    Ok(())
}

/// What a person at this machine types.
fn seen_here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    address
}

fn announce(running: &Running, options: &ServeOptions) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Windlass listens on http://{}", running.address)?;
    if let Some(store) = running.store_address {
        writeln!(
            out,
            "  object store   http://{store} (embedded; its files are in {})",
            options.data.store().display()
        )?;
    }
    if let Some(metrics) = running.metrics_address {
        writeln!(out, "  metrics        http://{metrics}/metrics")?;
    }
    if running.has_demo {
        writeln!(
            out,
            "  demo page      http://{}/ (development key: whoever reaches this address gets in)",
            running.address
        )?;
        if !options.http.host.is_loopback() {
            tracing::warn!("the development key is in use and the address is open to the network");
        }
        if options.http.host.is_unspecified() && options.store.store_public_url.is_none() {
            tracing::warn!(
                "other devices cannot reach the embedded store until WINDLASS_STORE_PUBLIC_URL names it"
            );
        }
    }
    out.flush()
}
