//! What happened to photos, to be read again, and to be heard of at once.

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
    /// The number of a project's latest event; 0 before the first. It stays when the event is forgotten.
    async fn latest(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<EventNumber> {
        Ok(self.latest_with_time(tenant, project).await?.0)
    }

    /// The same, and when that event happened, unless it is forgotten. A database that took over without the last
    /// commits gives their numbers to other events, which happened at another time.
    async fn latest_with_time(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
    ) -> RepositoryResult<(EventNumber, Option<OffsetDateTime>)>;

    /// The events of a project after a number, oldest first, at most `limit`.
    async fn since(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        after: EventNumber,
        limit: u32,
    ) -> RepositoryResult<Replay>;

    /// Forgets the oldest events of all tenants that happened before a time, at most `limit`. Says how many.
    async fn forget_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64>;

    /// Hears from now on which projects have news, recorded by this instance or by another. What is heard may
    /// come late, twice, or, where an instance dies, never: the record is what counts.
    fn listen(&self) -> broadcast::Receiver<Heard>;
}

/// What is known of the time since a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// All of it, or its beginning.
    Events(Vec<Event>),
    /// Events after that number are not there, or the number was never given out: whoever asks must look
    /// at the photos themselves.
    Lost,
}

/// Where to look for news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// In this project.
    Project(TenantId, ProjectId),
    /// Anywhere: something may have been missed.
    Anything,
}

/// A channel on which that is heard.
pub fn announcements() -> broadcast::Sender<Heard> {
    /// Whoever is further behind looks everywhere.
    const KEPT: usize = 1024;
    broadcast::channel(KEPT).0
}
