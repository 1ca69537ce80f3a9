//! What `serve` and `work` have in common: the parts a service is made of, from its configuration.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio_util::sync::CancellationToken;

use crate::adapters::database::Database;
use crate::adapters::s3::{S3Settings, S3Store};
use crate::adapters::system::{RandomIds, SystemClock};
use crate::adapters::traced;
use crate::answers::RecentAnswers;
use crate::app::{App, Readiness, Turns};
use crate::config::ServeOptions;
use crate::feeds::Feeds;
use crate::jobs::assemble::AssemblyCalls;
use crate::jobs::notice::Awaited;
use crate::metrics::Metrics;
use crate::ports::rate_limiter::RateLimiter;
use crate::progress::RecentProgress;
use crate::traces::Traces;

/// Builds it; `is_embedded` where the bucket is the embedded store.
pub(super) async fn build(
    options: &ServeOptions,
    database: &Database,
    bucket: &S3Settings,
    is_embedded: bool,
    limiter: Arc<dyn RateLimiter>,
    traces: Traces,
    stop: &CancellationToken,
) -> Result<Arc<App>> {
    let mut settings = options.limits.settings(is_embedded, options.store.conditional_writes())?;
    settings.upload_page = options.http.upload_page.clone();
    settings.api_docs = options.http.api_docs;
    settings.rates = options.rates.limits(options.auth.source());
    let store = S3Store::connect(bucket).await.context("the bucket's settings are not valid")?;
    Ok(Arc::new(App {
        settings,
        limiter,
        store: traced::store(Arc::new(store), &traces),
        delivery: options.delivery.ways()?,
        uploads: traced::uploads(database.uploads(), database.system(), &traces),
        events: database.events(),
        feeds: Feeds::start(database.events(), options.limits.max_event_streams, stop.clone()),
        tickets: database.tickets(),
        links: database.upload_links(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::new()),
        tokens: options.auth.tokens(&options.data)?,
        membership: options.auth.membership()?,
        turns: Turns::among(database.leases()),
        readiness: Readiness::default(),
        assembly_calls: AssemblyCalls::default(),
        awaited: Awaited::default(),
        answers: RecentAnswers::default(),
        shown: Arc::default(),
        progress: RecentProgress::default(),
        metrics: Metrics::default(),
        traces,
    }))
}
