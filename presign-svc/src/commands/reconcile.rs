//! `windlass reconcile`: compares record and bucket, lists what does not agree, and mends what it is told to mend.
//! Exits with an error while something does not agree.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{app, bucket};
use crate::adapters::database::Database;
use crate::config::ServeOptions;
use crate::domain::limits::size_in_words;
use crate::jobs::reconcile::{Fate, Finding, FoundObject, ObjectPolicy, Policy, Reconciled, reconcile};
use crate::traces::Traces;

/// What `reconcile` can be told, beside what `serve` can: it must look at the same things.
#[derive(Debug, Clone, Args)]
pub struct ReconcileOptions {
    #[command(flatten)]
    serve: ServeOptions,
    /// Make photos again of originals whose record is lost, as after a backup was restored. Each is verified;
    /// its name, caption and tags are lost.
    #[arg(long, conflicts_with = "remove")]
    adopt: bool,
    /// Remove objects without a record and those of closed uploads. They are gone then: look at the list first.
    #[arg(long)]
    remove: bool,
    /// What is younger is left alone, in hours: it may be on its way.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..))]
    min_age_hours: u32,
}

/// Compares, says what was found, and mends.
pub async fn run(mut options: ReconcileOptions) -> Result<()> {
    let serve = &mut options.serve;
    serve.data.prepare().context("the data directory cannot be used")?;
    // The embedded store, where it is used, is this process's alone: a service on it must be stopped before.
    serve.store.store_port = Some(0);
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let database = Database::open(&serve.database.place(&serve.data)?).await?;
    let (settings, embedded) = bucket::open(serve, &stop, &mut tasks).await?;
    let app = app::build(
        serve,
        &database,
        &settings,
        embedded.is_some(),
        database.rate_limiter(),
        Traces::off(),
        &stop,
    )
    .await?;
    let policy = Policy {
        min_age: Duration::from_secs(u64::from(options.min_age_hours) * 3600),
        objects: match (options.adopt, options.remove) {
            (true, _) => ObjectPolicy::Adopt,
            (_, true) => ObjectPolicy::Remove,
            (false, false) => ObjectPolicy::List,
        },
        abort_multiparts: options.adopt || options.remove,
    };
    let mut told = Ok(());
    let mut tell = |finding: &Finding| {
        if told.is_ok() {
            told = writeln!(std::io::stdout(), "{}", in_words(finding));
        }
    };
    let seen = reconcile(&app, policy, &mut tell).await;
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    database.close().await;
    told.context("standard output cannot be written")?;
    conclude(&seen?, policy)
}

fn conclude(seen: &Reconciled, policy: Policy) -> Result<()> {
    let Reconciled { objects, foreign, photos, mended, .. } = seen;
    writeln!(
        std::io::stdout(),
        "{objects} objects ({foreign} not ours), {photos} photos: {} findings, {mended} mended",
        seen.found()
    )?;
    if seen.is_clean() {
        return Ok(());
    }
    let mut advice = Vec::new();
    if policy.objects == ObjectPolicy::List && seen.without_record > 0 {
        advice.push("--adopt makes photos of originals without a record, --remove removes such objects");
    }
    if seen.without_original > 0 {
        advice.push("originals that are missing may be older versions in the bucket");
    }
    bail!("record and bucket do not agree. {}", advice.join("; "))
}

fn in_words(finding: &Finding) -> String {
    match finding {
        Finding::WithoutRecord(object) => format!("object without record: {}", object_in_words(object)),
        Finding::LeftOver(object) => format!("object of a closed upload: {}", object_in_words(object)),
        Finding::Stray(object) => {
            format!("object its photo does not name, not touched: {}", object_in_words(object))
        }
        Finding::WithoutOriginal { tenant, photo, key } => {
            format!("photo without its original: {photo} of {tenant}, {key}")
        }
        Finding::WithoutVariant { tenant, photo, key } => {
            format!("photo without a smaller picture: {photo} of {tenant}, {key}")
        }
        Finding::Multipart { key, opened_at, fate } => {
            format!(
                "multipart upload without record: {key}, opened {opened_at}{}",
                fate_in_words(fate, "aborted")
            )
        }
    }
}

fn object_in_words(object: &FoundObject) -> String {
    let FoundObject { key, size_bytes, written_at, fate } = object;
    format!("{key} ({}, {written_at}){}", size_in_words(*size_bytes), fate_in_words(fate, "removed"))
}

fn fate_in_words(fate: &Fate, removed: &str) -> String {
    match fate {
        Fate::Left => String::new(),
        Fate::Adopted => ": adopted".to_owned(),
        Fate::Removed => format!(": {removed}"),
        Fate::Failed(why) => format!(": not mended: {why}"),
    }
}
