//! Runs the jobs until the service stops: the janitor every few minutes, what looks for bytes that nobody
//! reported a few times a minute, and what puts pieces together whenever it is called.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::arrivals;
use super::assemble::{AT_ONCE, assemble_due};
use super::caught::round;
use super::cleanup::{Swept, sweep};
use super::reconcile;
use super::retention::{forget_closed_uploads, forget_old_events};
use super::time_check::check_time;
use crate::app::App;

/// How often the janitor looks.
const PERIOD: Duration = Duration::from_secs(180);

/// How often it is looked for what another process has called for.
const ASSEMBLY_PERIOD: Duration = Duration::from_secs(2);

/// How often it is seen whether a look for bytes is due.
const LOOK_PERIOD: Duration = Duration::from_secs(15);
/// The pause between two batches of looks, where many are due: no instance asks the bucket faster than that.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Runs all jobs.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    tokio::join!(
        sweep_always(app.clone(), stop.clone()),
        compare_always(app.clone(), stop.clone()),
        look_always(app.clone(), stop.clone()),
        assemble_always(app, stop),
    );
}

/// Compares record and bucket once in a while, where that is wanted.
async fn compare_always(app: Arc<App>, stop: CancellationToken) {
    if let Some(period) = app.settings.reconcile_every {
        reconcile::runner::run(app, period, stop).await;
    }
}

/// Looks for bytes that nobody reported. A stop interrupts a look: the next one is due already.
async fn look_always(app: Arc<App>, stop: CancellationToken) {
    let looks = async {
        loop {
            let mut pause = LOOK_PERIOD;
            round(async {
                match arrivals::look(&app).await {
                    Ok(seen) if seen.due < arrivals::BATCH as usize => {}
                    Ok(_) => pause = LOOK_PAUSE,
                    Err(error) => tracing::warn!(%error, "cannot see which uploads are to be looked for"),
                }
            })
            .await;
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = looks => {}
    }
}

/// Puts together what is due, as many uploads at once as may be: while one that is large takes its time, others go on. A
/// stop interrupts it: whoever comes next goes on where it was.
async fn assemble_always(app: Arc<App>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        _ = join_all((0..AT_ONCE).map(|_| assemble_one_by_one(&app))) => {}
    }
}

/// At once, when called, and every few seconds.
async fn assemble_one_by_one(app: &App) {
    loop {
        round(async {
            match assemble_due(app).await {
                Ok(0) => {}
                Ok(uploads) => tracing::debug!(uploads, "put together"),
                Err(error) => tracing::warn!(%error, "cannot look for what is to be put together"),
            }
        })
        .await;
        tokio::select! {
            () = app.assembly_calls.called() => {}
            () = tokio::time::sleep(ASSEMBLY_PERIOD) => {}
        }
    }
}

/// Sweeps at once and then every few minutes. A stop interrupts it, as a bucket may not answer for long: whatever
/// a sweep leaves is due at the next one.
async fn sweep_always(app: Arc<App>, stop: CancellationToken) {
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let sweeps = async {
        loop {
            period.tick().await;
            round(sweep_all(&app)).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = sweeps => {}
    }
}

/// Until nothing is left that can be done: what fails waits for the next time, and keeps nothing else from being done.
pub async fn sweep_all(app: &App) {
    if let Err(error) = check_time(app).await {
        tracing::error!(%error, "nothing is closed, removed or forgotten now");
        return;
    }
    match forget_old_events(app).await {
        Ok(0) => {}
        Ok(events) => tracing::info!(events, "forgot old events"),
        Err(error) => tracing::warn!(%error, "old events stay for now"),
    }
    match forget_closed_uploads(app).await {
        Ok(0) => {}
        Ok(uploads) => tracing::info!(uploads, "forgot uploads that came to nothing"),
        Err(error) => tracing::warn!(%error, "uploads that came to nothing stay for now"),
    }
    match app.turns.forget_ended().await {
        Ok(0) => {}
        Ok(turns) => tracing::info!(turns, "forgot turns that nobody gave back"),
        Err(error) => tracing::warn!(%error, "turns that nobody gave back stay for now"),
    }
    loop {
        match sweep(app).await {
            Ok(swept) => {
                tell(swept);
                if swept.done() == 0 {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot sweep now");
                return;
            }
        }
    }
}

fn tell(swept: Swept) {
    let Swept { finished, expired, cleaned, failed } = swept;
    if swept != Swept::default() {
        tracing::info!(finished, expired, cleaned, failed, "swept");
    }
}
