//! What happened to photos, to be read again and to be told at once.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use windlass_protocol::{ProjectId, TenantId};

use super::uploads::RepositoryResult;
use crate::domain::news::{Event, EventNumber};

/// The record of events. They get there with the changes they tell of ([`UploadRepository::save`]),
/// numbered from 1 in each project, in the order in which they are committed and without gaps.
///
/// [`UploadRepository::save`]: super::uploads::UploadRepository::save
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// The number of a project's latest event, also where it is no longer kept; 0 before the first.
    async fn latest(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<EventNumber>;

    /// The events of a project after a number, oldest first, at most `limit`.
    async fn since(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        after: EventNumber,
        limit: u32,
    ) -> RepositoryResult<Replay>;

    /// The events of a project that are committed from now on, wherever: by any instance of the service.
    fn subscribe(&self, tenant: &TenantId, project: &ProjectId) -> Subscription;

    /// Removes events of all tenants that happened before a moment, at most `limit`; how many.
    async fn forget_events(&self, before: OffsetDateTime, limit: u32) -> RepositoryResult<u64>;

    /// Keeps a ticket until it expires.
    async fn keep_ticket(&self, ticket: &Ticket) -> RepositoryResult<()>;

    /// Takes a ticket of this digest: it is given to one caller only. `None` where there is none, or it
    /// has expired.
    async fn take_ticket(
        &self,
        digest: &TicketDigest,
        now: OffsetDateTime,
    ) -> RepositoryResult<Option<Ticket>>;

    /// Removes tickets that have expired; how many.
    async fn forget_tickets(&self, now: OffsetDateTime) -> RepositoryResult<u64>;
}

/// What is known of the time since a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// All of it, or its beginning.
    Events(Vec<Event>),
    /// Events after that number are no longer kept, or the number was never given out: whoever asks must
    /// look at the photos themselves.
    Lost,
}

/// The right to watch one project once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Of the ticket's text: the text itself is kept nowhere.
    pub digest: TicketDigest,
    /// Whose events.
    pub tenant: TenantId,
    /// Of which project.
    pub project: ProjectId,
    /// Until when it works.
    pub expires_at: OffsetDateTime,
}

/// SHA-256 of a ticket's text.
pub type TicketDigest = [u8; 32];

/// Events as they are committed. One that is not read in time loses the oldest, and is told so.
#[derive(Debug)]
pub struct Subscription {
    events: broadcast::Receiver<Arc<Event>>,
}

/// What a subscription hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// An event.
    Event(Arc<Event>),
    /// Some were lost: read them from the record.
    Missed,
    /// There will be no more.
    Closed,
}

impl Subscription {
    /// A subscription to what is sent there.
    pub fn to(events: broadcast::Receiver<Arc<Event>>) -> Self {
        Self { events }
    }

    /// Waits for the next event. Nothing is lost when the waiting is given up.
    pub async fn next(&mut self) -> Heard {
        match self.events.recv().await {
            Ok(event) => Heard::Event(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Missed,
            Err(broadcast::error::RecvError::Closed) => Heard::Closed,
        }
    }
}
