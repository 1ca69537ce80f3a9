//! Runs the janitor every few minutes until the service stops.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cleanup::{Swept, sweep};
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
        match sweep(&app).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { finished, expired, cleaned, failed }) => {
                tracing::info!(finished, expired, cleaned, failed, "swept");
            }
            Err(error) => tracing::warn!(%error, "cannot sweep now"),
        }
    }
}
