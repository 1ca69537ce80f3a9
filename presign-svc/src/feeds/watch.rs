//! One who watches a project: first what happened since the event it knows, then what happens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::seats::Seat;
use super::{Place, Told, frames};
use crate::domain::news::EventNumber;
use crate::ports::events::{EventLog, Replay};
use crate::ports::uploads::RepositoryResult;

/// How soon something is sent although nothing happens, so that no proxy thinks the stream dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long one stream lasts: whoever may not see the project any more gets no new one.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How many events of the past are read at once.
const BATCH: u32 = 100;

/// A stream of frames, asked for one by one.
pub struct Watch {
    log: Arc<dyn EventLog>,
    place: Place,
    /// The last event that was told.
    position: EventNumber,
    told: broadcast::Receiver<Told>,
    stop: CancellationToken,
    ends_at: Instant,
    /// Frames that come next.
    next: VecDeque<Bytes>,
    /// Whether the past is told.
    is_present: bool,
    _seat: Seat,
}

impl Watch {
    pub(super) fn new(
        log: Arc<dyn EventLog>,
        place: Place,
        after: EventNumber,
        told: broadcast::Receiver<Told>,
        stop: CancellationToken,
        seat: Seat,
    ) -> Self {
        Self {
            log,
            place,
            position: after,
            told,
            stop,
            ends_at: Instant::now() + LIFETIME,
            next: VecDeque::from([frames::ready(after)]),
            is_present: false,
            _seat: seat,
        }
    }

    /// The next frame; `None` when the stream ends.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.next.pop_front() {
                return Some(frame);
            }
            if self.is_present {
                return self.present().await;
            }
            if let Err(error) = self.read_past().await {
                tracing::warn!(%error, "a stream of events ends early");
                return None;
            }
        }
    }

    /// What follows the last event that was told, from the record: no faster than the client reads.
    async fn read_past(&mut self) -> RepositoryResult<()> {
        let (tenant, project) = &self.place;
        match self.log.since(tenant, project, self.position, BATCH).await? {
            Replay::Events(events) => {
                self.is_present = events.is_empty();
                self.position = events.last().map_or(self.position, |last| last.number);
                self.next.extend(events.iter().map(frames::event));
            }
            Replay::Lost => {
                self.position = self.log.latest(tenant, project).await?;
                self.next.push_back(frames::reset(self.position));
            }
        }
        Ok(())
    }

    async fn present(&mut self) -> Option<Bytes> {
        let quiet_until = Instant::now() + HEARTBEAT;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep_until(quiet_until.min(self.ends_at)) => {
                    return (Instant::now() < self.ends_at).then(frames::heartbeat);
                }
                told = self.told.recv() => match told {
                    // Told already, from the record; but a reset says that what was told is not in the record.
                    Ok(told) if told.number <= self.position && !told.is_reset => {}
                    Ok(told) => {
                        self.position = told.number;
                        return Some(told.frame);
                    }
                    Err(RecvError::Lagged(behind)) => {
                        tracing::info!(behind, "a client that reads too slowly is cut off");
                        return None;
                    }
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }
}
