//! What happened to photos, to be read again.

use async_trait::async_trait;
use windlass_protocol::{ProjectId, TenantId};

use super::uploads::RepositoryResult;
use crate::domain::news::{Event, EventNumber};

/// The record of events. They get there with the changes they tell of ([`UploadRepository::save`]),
/// numbered from 1 in each project, in the order in which they are committed and without gaps.
///
/// [`UploadRepository::save`]: super::uploads::UploadRepository::save
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// The number of a project's latest event; 0 before the first.
    async fn latest(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<EventNumber>;

    /// The events of a project after a number, oldest first, at most `limit`.
    async fn since(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        after: EventNumber,
        limit: u32,
    ) -> RepositoryResult<Replay>;
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
