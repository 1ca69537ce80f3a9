//! Runs the janitor every few minutes until the service stops.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cleanup::{BATCH, Swept, sweep};
use super::retention::forget_old_events;
use crate::app::App;

/// How often the janitor looks.
const PERIOD: Duration = Duration::from_secs(180);

/// Sweeps at once and then every few minutes.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        match forget_old_events(&app).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "forgot old events"),
            Err(error) => tracing::warn!(%error, "old events stay for now"),
        }
        // Until nothing is left to do, or what is left fails: that waits for the next time.
        while !stop.is_cancelled() {
            match sweep(&app).await {
                Ok(swept) => {
                    tell(swept);
                    if swept.failed > 0 || swept.done() < BATCH {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot sweep now");
                    break;
                }
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
