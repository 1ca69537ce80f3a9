//! `windlass work`: the jobs in a process of their own, beside instances of `serve` with `--work apart`.

use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{app, broken, metrics, stop_signal};
use crate::adapters::database::Database;
use crate::config::{ServeOptions, StorePlace};
use crate::jobs::runner;
use crate::traces::Traces;

/// Works until SIGTERM or ctrl-c, or until a part of it meets a bug.
pub async fn run(options: ServeOptions) -> Result<()> {
    let StorePlace::Remote(bucket) = options.store.place() else {
        bail!(
            "the embedded store lives in the process of `windlass serve`, and so do its jobs; to run them apart, name \
             a bucket with WINDLASS_S3_BUCKET"
        );
    };
    options.data.prepare().context("the data directory cannot be used")?;
    let database = Database::open(&options.database.place(&options.data)?).await?;
    if database.leases().is_none() {
        bail!(
            "{} belongs to one process, and jobs beside it would not know of each other; to run them apart, use \
             PostgreSQL (WINDLASS_DATABASE_URL)",
            database.name()
        );
    }
    let stop = CancellationToken::new();
    let app = app::build(&options, &database, &bucket, false, database.rate_limiter(), Traces::off(), &stop)
        .await?;
    let mut tasks = JoinSet::new();
    if let Some(address) = metrics::serve(&options, &app, &stop, &mut tasks).await? {
        tracing::info!(%address, "metrics are answered");
    }
    tasks.spawn(runner::run(app, stop.clone()));
    tracing::info!(database = %database.name(), bucket = %bucket.bucket, "working");
    let mut ended = Ok(());
    tokio::select! {
        () = stop_signal() => {}
        error = broken(&mut tasks) => ended = Err(error),
    }
    tracing::info!("stopping: what was begun is gone on with by the next process");
    stop.cancel();
    while let Some(task) = tasks.join_next().await {
        ended = ended.and(task);
    }
    database.close().await;
    ended.context("the jobs did not end well")
}
