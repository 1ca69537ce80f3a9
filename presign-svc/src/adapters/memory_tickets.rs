//! Tickets in memory, for one instance. A restart forgets them: pages ask for new ones then.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::TenantId;

use crate::ports::tickets::{Admission, MAX_OF_VIEWER, TicketBook, TicketDigest};
use crate::ports::uploads::{RepositoryError, RepositoryResult};

/// More would be a crowd that only collects them.
const MAX_TICKETS: usize = 50_000;

/// The tickets of this instance.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    given_out: HashMap<TicketDigest, Admission>,
    /// Those of each subject, oldest first.
    of_viewers: HashMap<(TenantId, String), VecDeque<TicketDigest>>,
}

impl Kept {
    fn add(&mut self, ticket: TicketDigest, admission: Admission) {
        let own = self.of_viewers.entry(viewer_of(&admission)).or_default();
        own.push_back(ticket);
        if own.len() > usize::from(MAX_OF_VIEWER)
            && let Some(oldest) = own.pop_front()
        {
            self.given_out.remove(&oldest);
        }
        self.given_out.insert(ticket, admission);
    }

    fn take(&mut self, ticket: &TicketDigest) -> Option<Admission> {
        let admission = self.given_out.remove(ticket)?;
        let viewer = viewer_of(&admission);
        if let Some(own) = self.of_viewers.get_mut(&viewer) {
            own.retain(|other| other != ticket);
            if own.is_empty() {
                self.of_viewers.remove(&viewer);
            }
        }
        Some(admission)
    }

    fn forget_past(&mut self, now: OffsetDateTime) {
        let given_out = &mut self.given_out;
        given_out.retain(|_, admission| admission.expires_at > now);
        self.of_viewers.retain(|_, own| {
            own.retain(|ticket| given_out.contains_key(ticket));
            !own.is_empty()
        });
    }
}

#[async_trait]
impl TicketBook for MemoryTickets {
    async fn keep(
        &self,
        ticket: TicketDigest,
        admission: Admission,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        let mut kept = self.lock();
        if kept.given_out.len() >= MAX_TICKETS {
            kept.forget_past(now);
        }
        if kept.given_out.len() >= MAX_TICKETS {
            return Err(RepositoryError::Unavailable("too many tickets are given out".to_owned()));
        }
        kept.add(ticket, admission);
        Ok(())
    }

    async fn redeem(&self, ticket: TicketDigest, now: OffsetDateTime) -> RepositoryResult<Option<Admission>> {
        let admission = self.lock().take(&ticket);
        Ok(admission.filter(|admission| admission.expires_at > now))
    }
}

impl MemoryTickets {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn viewer_of(admission: &Admission) -> (TenantId, String) {
    (admission.tenant.clone(), admission.subject.clone())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const LIFETIME: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn tickets_that_are_used_or_whose_time_has_passed_leave_nothing_behind() {
        let book = MemoryTickets::default();
        for number in 0..u64::try_from(MAX_TICKETS).unwrap() {
            let admission = Admission {
                tenant: "acme".parse().unwrap(),
                subject: format!("crew-{number}"),
                project: "job-7".parse().unwrap(),
                expires_at: NOON + LIFETIME,
            };
            let mut ticket = [0; 32];
            ticket[..8].copy_from_slice(&number.to_be_bytes());
            book.keep(ticket, admission.clone(), NOON).await.unwrap();
            if number == 0 {
                assert!(book.redeem(ticket, NOON).await.unwrap().is_some());
                assert!(book.lock().of_viewers.is_empty());
                book.keep(ticket, admission, NOON).await.unwrap();
            }
        }
        let admission = book.lock().given_out.values().next().unwrap().clone();
        assert!(book.keep([1; 32], admission.clone(), NOON).await.is_err(), "all are good");
        book.keep([1; 32], admission, NOON + LIFETIME).await.unwrap();
        let kept = book.lock();
        assert_eq!((kept.given_out.len(), kept.of_viewers.len()), (1, 1));
    }
}
