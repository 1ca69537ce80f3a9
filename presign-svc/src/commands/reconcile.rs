//! `windlass reconcile`: compares record and bucket, lists what does not agree, and mends what it is told to mend.
//! Exits with an error while something does not agree.
//!
//! Beside the wrong record every object is one without a record. So no database is made here, and before much is
//! removed the number of what would go must be named.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{app, bucket};
use crate::adapters::database::{Database, DatabasePlace};
use crate::adapters::schema::SchemaState;
use crate::app::App;
use crate::config::ServeOptions;
use crate::domain::limits::size_in_words;
use crate::jobs::reconcile::{Fate, Finding, FoundObject, ObjectPolicy, Policy, Reconciled, reconcile};
use crate::jobs::time_check::check_time;
use crate::traces::Traces;

/// Ten years.
const MAX_AGE_HOURS: i64 = 87_600;

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
    /// Beside --remove, how much is to go. It must be named where that is more than a tenth of the bucket, or where
    /// the record holds no photo: both are signs of a wrong database.
    #[arg(long, value_name = "NUMBER", requires = "remove")]
    yes_remove: Option<u64>,
    /// What is younger is left alone, in hours: it may be on its way.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..=MAX_AGE_HOURS))]
    min_age_hours: u32,
}

/// Compares, says what was found, and mends.
pub async fn run(mut options: ReconcileOptions) -> Result<()> {
    let serve = &mut options.serve;
    let place = serve.database.place(&serve.data)?;
    refuse_other_than_a_record(&place).await?;
    serve.data.prepare().context("the data directory cannot be used")?;
    // The embedded store, where it is used, is this process's alone: a service on it must be stopped before.
    serve.store.store_port = Some(0);
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let database = Database::open(&place).await?;
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
    let done = compare(&app, &options).await;
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    database.close().await;
    done
}

/// To make an empty record beside a full bucket would be to find everything in it unknown.
async fn refuse_other_than_a_record(place: &DatabasePlace) -> Result<()> {
    match Database::examine(place).await? {
        (_, SchemaState::Current) => Ok(()),
        (name, SchemaState::Behind(_)) => bail!(
            "the database {name} is that of an older Windlass: bring it up to date by `windlass migrate` first"
        ),
        (name, SchemaState::Absent) => bail!(
            "the database {name} is empty or not there, so there is no record to compare the bucket with. Set \
             WINDLASS_DATABASE_URL or WINDLASS_DATA_DIR as the service has it"
        ),
    }
}

async fn compare(app: &App, options: &ReconcileOptions) -> Result<()> {
    check_time(app).await.context("nothing was looked at: what is young cannot be told from what is old")?;
    let look = Policy {
        min_age: Duration::from_secs(u64::from(options.min_age_hours) * 3600),
        objects: ObjectPolicy::List,
        abort_multiparts: false,
    };
    let policy = match (options.adopt, options.remove) {
        (true, _) => Policy { objects: ObjectPolicy::Adopt, abort_multiparts: true, ..look },
        (_, true) => {
            refuse_to_remove_much(&reconcile(app, look, &mut |_| ()).await?, options.yes_remove)?;
            Policy { objects: ObjectPolicy::Remove, abort_multiparts: true, ..look }
        }
        (false, false) => look,
    };
    let mut told = Ok(());
    let mut tell = |finding: &Finding| {
        if told.is_ok() {
            told = writeln!(std::io::stdout(), "{}", in_words(finding));
        }
    };
    let seen = reconcile(app, policy, &mut tell).await;
    told.context("standard output cannot be written")?;
    conclude(&seen?, policy)
}

fn refuse_to_remove_much(seen: &Reconciled, named: Option<u64>) -> Result<()> {
    let (found, photos) = (seen.removable(), seen.photos);
    if named == Some(found) || (named.is_none() && !seen.would_remove_much()) {
        return Ok(());
    }
    let known = if photos == 0 {
        "the record holds no photo at all: is it the right database?".to_owned()
    } else {
        format!("{} objects are named as ours, and the record holds {photos} photos.", seen.ours())
    };
    bail!(
        "nothing was removed: {found} would be; {known} Look at the list (the same without --remove); if all of that \
         is to go, say --yes-remove {found}"
    )
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
    if policy.objects == ObjectPolicy::List && seen.left_over > 0 {
        advice.push("--remove removes objects of closed uploads");
    }
    if policy.objects == ObjectPolicy::List && seen.multiparts > 0 {
        advice.push("--adopt and --remove abort multipart uploads without a record");
    }
    if seen.without_original > 0 {
        advice.push("originals that are missing may be older versions in the bucket");
    }
    if seen.unreadable > 0 {
        advice.push("the log says of records that cannot be read which column is wrong");
    }
    if seen.replaced > 0 {
        advice.push(
            "originals were replaced after they were verified: look at them before anybody else does, and restore \
             older versions where the bucket keeps them",
        );
    }
    if advice.is_empty() {
        bail!("record and bucket do not agree");
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
        Finding::Replaced(object) => {
            format!(
                "original that is not the one that was verified, not touched: {}",
                object_in_words(object)
            )
        }
        Finding::WithoutOriginal { tenant, photo, key } => {
            format!("photo without its original: {photo} of {tenant}, {key}")
        }
        Finding::WithoutVariant { tenant, photo, key } => {
            format!("photo without a smaller picture: {photo} of {tenant}, {key}")
        }
        Finding::Unreadable { tenant, photo } => {
            format!("photo whose record cannot be read, not touched: {photo} of {tenant}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_only_looked_is_told_what_mends_it() {
        let look = Policy { min_age: Duration::ZERO, objects: ObjectPolicy::List, abort_multiparts: false };
        let says = |seen: Reconciled| conclude(&seen, look).unwrap_err().to_string();
        let left_over = says(Reconciled { left_over: 2, ..Reconciled::default() });
        assert!(left_over.contains("--remove removes objects of closed uploads"), "{left_over}");
        let multiparts = says(Reconciled { multiparts: 1, ..Reconciled::default() });
        assert!(multiparts.contains("--remove abort multipart uploads"), "{multiparts}");
        let stray = says(Reconciled { stray: 1, ..Reconciled::default() });
        assert_eq!(stray, "record and bucket do not agree");
    }
}
