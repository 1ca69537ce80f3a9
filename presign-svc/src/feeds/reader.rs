//! Reads the news of one project and tells all who watch it.

use std::sync::Arc;
use std::time::Duration;

use windlass_protocol::{ProjectId, TenantId};

use super::{Feed, Feeds, Place, Told, frames};
use crate::domain::news::EventNumber;
use crate::ports::events::Replay;
use crate::ports::uploads::RepositoryResult;

/// How soon the record is looked at although nothing was heard: an instance may have died before it told.
const LOOK_ANYWAY: Duration = Duration::from_secs(10);
/// How soon a record that failed is asked again.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How many events are read at once.
const BATCH: u32 = 100;

/// Reads on from a number until nobody watches.
pub(super) async fn read(feeds: Arc<Feeds>, place: Place, feed: Arc<Feed>, mut position: EventNumber) {
    let mut pause = LOOK_ANYWAY;
    loop {
        tokio::select! {
            () = feeds.stop.cancelled() => return,
            () = feed.news.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        if feeds.close_if_unwatched(&place, &feed) {
            return;
        }
        match tell_new(&feeds, &place, &feed, position).await {
            Ok(latest) => (position, pause) = (latest, LOOK_ANYWAY),
            Err(error) => {
                tracing::warn!(%error, "news are told later");
                pause = TRY_AGAIN;
            }
        }
    }
}

/// Tells everything after a number, and answers the number of the last event.
async fn tell_new(
    feeds: &Feeds,
    (tenant, project): &(TenantId, ProjectId),
    feed: &Feed,
    mut position: EventNumber,
) -> RepositoryResult<EventNumber> {
    loop {
        match feeds.log.since(tenant, project, position, BATCH).await? {
            Replay::Events(events) if events.is_empty() => return Ok(position),
            Replay::Events(events) => {
                for event in &events {
                    position = event.number;
                    let frame = frames::event(event);
                    // Whoever watched may have gone meanwhile.
                    let _ = feed.told.send(Told { number: position, is_reset: false, frame });
                }
            }
            Replay::Lost => {
                let latest = feeds.log.latest(tenant, project).await?;
                let frame = frames::reset(latest);
                let _ = feed.told.send(Told { number: latest, is_reset: true, frame });
                return Ok(latest);
            }
        }
    }
}
