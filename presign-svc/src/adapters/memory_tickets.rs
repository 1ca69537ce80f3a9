//! Tickets in memory, for one instance. A restart forgets them: pages ask for new ones then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::ports::tickets::{Admission, TicketBook, TicketDigest};
use crate::ports::uploads::{RepositoryError, RepositoryResult};

/// More would be somebody who only collects them.
const MAX_TICKETS: usize = 50_000;

/// The tickets of this instance.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    given_out: Mutex<HashMap<TicketDigest, Admission>>,
}

#[async_trait]
impl TicketBook for MemoryTickets {
    async fn keep(
        &self,
        ticket: TicketDigest,
        admission: Admission,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        let mut tickets = self.given_out.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() >= MAX_TICKETS {
            tickets.retain(|_, admission| admission.expires_at > now);
        }
        if tickets.len() >= MAX_TICKETS {
            return Err(RepositoryError::Unavailable("too many tickets are given out".to_owned()));
        }
        tickets.insert(ticket, admission);
        Ok(())
    }

    async fn redeem(&self, ticket: TicketDigest, now: OffsetDateTime) -> RepositoryResult<Option<Admission>> {
        let mut tickets = self.given_out.lock().unwrap_or_else(PoisonError::into_inner);
        let admission = tickets.remove(&ticket);
        Ok(admission.filter(|admission| admission.expires_at > now))
    }
}
