//! Who watches which project now, and how news reach them: one reader of the record for each project that is
//! watched, however many watch it.
//!
//! News are heard of ([`EventLog::listen`]) and then read from the record, so that everybody is told the same
//! in the same order, whichever instance recorded it. What is not heard of is found when the reader looks
//! anyway.

mod frames;
mod reader;
mod seats;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use windlass_protocol::{ProjectId, TenantId};

use crate::domain::news::EventNumber;
use crate::ports::events::{EventLog, Heard};
use crate::ports::uploads::RepositoryError;

use self::seats::Seats;
pub use self::seats::Viewer;
pub use self::watch::Watch;

/// How many streams one instance has open, unless it is told otherwise.
pub const DEFAULT_MAX_STREAMS: usize = 10_000;
/// How far behind the others one who watches may be: then it is cut off, and asks on from where it was.
const KEPT: usize = 256;

type Place = (TenantId, ProjectId);

/// All projects that are watched here.
pub struct Feeds {
    log: Arc<dyn EventLog>,
    open: Mutex<HashMap<Place, Arc<Feed>>>,
    stop: CancellationToken,
    seats: Seats,
}

/// One project that is watched.
#[derive(Debug)]
struct Feed {
    told: broadcast::Sender<Told>,
    /// Woken when there may be news.
    news: Notify,
}

/// Something that all who watch are told.
#[derive(Debug, Clone)]
struct Told {
    /// The number of the event, or of the latest one where earlier ones are lost.
    number: EventNumber,
    /// Whether earlier ones are lost. Those that follow may then have numbers that were told before, of events that
    /// did not survive: a database that took over from another one may lack its last commits.
    is_reset: bool,
    /// As it goes over the wire.
    frame: Bytes,
}

/// Why nobody can watch now.
#[derive(Debug, thiserror::Error)]
pub enum CannotWatch {
    /// As many streams are open as may be.
    #[error("{0} streams of events are open, and no more may be")]
    Full(usize),
    /// Nearly as many are, and whoever asks has many of them.
    #[error("three quarters of all streams of events are open, and who asks has {0} of them: no more may be")]
    HasItsShare(usize),
    /// All but a few are, and the company of whoever asks has many of them.
    #[error(
        "all but a few of the streams of events are open, and the company of who asks has {0} of them: no more may be"
    )]
    CompanyHasItsShare(usize),
    /// The record failed.
    #[error(transparent)]
    Record(#[from] RepositoryError),
}

impl Feeds {
    /// Begins to hear of news. All streams end when `stop` is cancelled.
    pub fn start(log: Arc<dyn EventLog>, max_streams: usize, stop: CancellationToken) -> Arc<Self> {
        let heard = log.listen();
        let feeds = Arc::new(Self {
            log,
            open: Mutex::default(),
            stop: stop.clone(),
            seats: Seats::new(max_streams),
        });
        tokio::spawn(hear(Arc::downgrade(&feeds), heard, stop));
        feeds
    }

    /// How many streams are open.
    pub fn watching(&self) -> usize {
        self.seats.taken()
    }

    /// Everything that happens in a project of the viewer's company after an event that is known, or from now on.
    pub async fn watch(
        self: &Arc<Self>,
        viewer: Viewer,
        project: ProjectId,
        known: Option<EventNumber>,
    ) -> Result<Watch, CannotWatch> {
        let place = (viewer.tenant.clone(), project);
        let seat = self.seats.take(viewer)?;
        let told = self.join(&place).await?;
        // After joining: what happens in between is told by the reader, and told once since it has a number.
        let after = match known {
            Some(number) => number,
            None => self.log.latest(&place.0, &place.1).await?,
        };
        Ok(Watch::new(self.log.clone(), place, after, told, self.stop.clone(), seat))
    }

    /// A place in the broadcast of a project; its reader starts with the first one.
    async fn join(self: &Arc<Self>, place: &Place) -> Result<broadcast::Receiver<Told>, RepositoryError> {
        if let Some(feed) = self.open().get(place) {
            return Ok(feed.told.subscribe());
        }
        let position = self.log.latest(&place.0, &place.1).await?;
        let mut open = self.open();
        if let Some(feed) = open.get(place) {
            return Ok(feed.told.subscribe());
        }
        let (told, receiver) = broadcast::channel(KEPT);
        let feed = Arc::new(Feed { told, news: Notify::new() });
        open.insert(place.clone(), feed.clone());
        tokio::spawn(reader::read(self.clone(), place.clone(), feed, position));
        Ok(receiver)
    }

    /// Closes a project that nobody watches any more; `false` where somebody does.
    fn close_if_unwatched(&self, place: &Place, feed: &Feed) -> bool {
        let mut open = self.open();
        let is_unwatched = feed.told.receiver_count() == 0;
        if is_unwatched {
            open.remove(place);
        }
        is_unwatched
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Place, Arc<Feed>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the readers of projects that have news.
async fn hear(feeds: Weak<Feeds>, mut heard: broadcast::Receiver<Heard>, stop: CancellationToken) {
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            heard = heard.recv() => heard,
        };
        let Some(feeds) = feeds.upgrade() else { return };
        match heard {
            Ok(Heard::Project(tenant, project)) => {
                if let Some(feed) = feeds.open().get(&(tenant, project)) {
                    feed.news.notify_one();
                }
            }
            Ok(Heard::Anything) | Err(RecvError::Lagged(_)) => {
                for feed in feeds.open().values() {
                    feed.news.notify_one();
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests;
