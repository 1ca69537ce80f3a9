//! Compares record and bucket once in a while, and tells operators what it found: in the log and in the metrics.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Finding, ObjectPolicy, Policy, Reconciled, reconcile};
use crate::app::{App, Settings};
use crate::jobs::caught::round;
use crate::jobs::time_check::check_time;

/// When the first comparison is, after a start: not in the middle of it.
const FIRST: Duration = Duration::from_secs(15 * 60);
/// Single findings that are written into the log; the numbers are all there.
const TOLD: usize = 20;
/// Younger than this nothing is looked at, as a rule.
const MIN_AGE: Duration = Duration::from_secs(48 * 3600);

/// Runs until the service stops; `period` is the time between two comparisons.
pub async fn run(app: Arc<App>, period: Duration, stop: CancellationToken) {
    let mut next = FIRST.min(period);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(next) => {}
        }
        next = period;
        tokio::select! {
            () = stop.cancelled() => return,
            () = round(compare(&app)) => {}
        }
    }
}

/// What is younger is not looked at: longer than any upload may take that nobody has given up.
pub fn min_age(settings: &Settings) -> Duration {
    MIN_AGE.max(settings.upload_deadline + settings.request_may_arrive_for(u64::MAX))
}

/// One comparison. It removes nothing but parts that nobody can finish.
pub async fn compare(app: &App) {
    if let Err(error) = check_time(app).await {
        tracing::error!(%error, "record and bucket are not compared now");
        return;
    }
    let min_age = min_age(&app.settings);
    let policy = Policy { min_age, objects: ObjectPolicy::List, abort_multiparts: true };
    let mut told = 0;
    let mut tell = |finding: &Finding| {
        told += 1;
        if told <= TOLD {
            tracing::warn!(?finding, "record and bucket do not agree");
        }
    };
    match reconcile(app, policy, &mut tell).await {
        Ok(seen) => {
            app.metrics.reconciled(&seen, app.clock.now());
            conclude(seen);
        }
        Err(error) => tracing::warn!(%error, "record and bucket cannot be compared now"),
    }
}

fn conclude(seen: Reconciled) {
    let Reconciled { objects, photos, mended, .. } = seen;
    if seen.found() == 0 {
        tracing::info!(objects, photos, "record and bucket agree");
    } else {
        let found = seen.found();
        tracing::warn!(objects, photos, found, mended, "`windlass reconcile` lists what does not agree");
    }
}
