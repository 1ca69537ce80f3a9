//! Tickets: for those who cannot send a token, good for one stream of events and a short time.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId};

use super::uploads::RepositoryResult;

/// What a ticket is known by: its SHA-256, so that whoever reads the record cannot use it.
pub type TicketDigest = [u8; 32];

/// How many unused tickets somebody has at most: a page uses its own at once.
pub const MAX_OF_VIEWER: u16 = 100;

/// What a ticket is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Whose events.
    pub tenant: TenantId,
    /// Who asked for it, and watches with it.
    pub subject: String,
    /// Of which project.
    pub project: ProjectId,
    /// Until when.
    pub expires_at: OffsetDateTime,
}

/// The tickets that were given out, known to all instances that share a record.
#[async_trait]
pub trait TicketBook: Send + Sync + 'static {
    /// Keeps a new ticket, and forgets those whose time has passed. Of more than [`MAX_OF_VIEWER`] of one subject of a
    /// tenant the oldest go: who collects tickets takes none from others.
    async fn keep(
        &self,
        ticket: TicketDigest,
        admission: Admission,
        now: OffsetDateTime,
    ) -> RepositoryResult<()>;

    /// Takes a ticket: of all who ask with it one is let in, and none after its time.
    async fn redeem(&self, ticket: TicketDigest, now: OffsetDateTime) -> RepositoryResult<Option<Admission>>;
}
