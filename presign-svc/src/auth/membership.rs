//! Whether a caller may touch a project: the token must cover it, and where the company's own system is
//! asked as well, that must say yes. Its answers are kept for a short while.
//! The holder of an upload link is nobody it could know.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};
use windlass_protocol::{ProjectId, TenantId};

use super::caller::Caller;
use crate::ports::project_check::ProjectCheck;

/// How long a yes and a no are kept: somebody who was just added waits for less long.
const KEPT: (Duration, Duration) = (Duration::minutes(1), Duration::seconds(10));
/// More answers than this are not kept.
const MAX_KEPT: usize = 10_000;

/// Who may touch what.
#[derive(Default)]
pub struct Membership {
    check: Option<Arc<dyn ProjectCheck>>,
    kept: Mutex<HashMap<(TenantId, String, ProjectId), Kept>>,
}

struct Kept {
    is_member: bool,
    /// From when it was asked. One that is from later than now is not good either: the clock was ahead and has been set
    /// back, and somebody who was removed would stay a member until it gets there again.
    good: Range<OffsetDateTime>,
}

/// The company's system did not say whether somebody may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the project check gave no answer: {0}")]
pub struct MembershipError(pub String);

impl Membership {
    /// With a system that is asked, or, without one, as the tokens say.
    pub fn of(check: Option<Arc<dyn ProjectCheck>>) -> Self {
        Self { check, kept: Mutex::default() }
    }

    /// Whether the caller may touch a project of its tenant.
    pub async fn may_touch(
        &self,
        caller: &Caller,
        project: &ProjectId,
        now: OffsetDateTime,
    ) -> Result<bool, MembershipError> {
        let Some(check) = self.check.as_ref().filter(|_| caller.link.is_none() && caller.covers(project))
        else {
            return Ok(caller.covers(project));
        };
        let key = (caller.tenant.clone(), caller.subject.clone(), project.clone());
        if let Some(kept) = self.lock().get(&key).filter(|kept| kept.good.contains(&now)) {
            return Ok(kept.is_member);
        }
        let asked = check.may_touch(&caller.tenant, &caller.subject, project).await;
        let is_member = asked.map_err(|error| MembershipError(error.to_string()))?;
        let good = now..now + if is_member { KEPT.0 } else { KEPT.1 };
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, answer| answer.good.contains(&now));
        }
        if kept.len() < MAX_KEPT {
            kept.insert(key, Kept { is_member, good });
        }
        Ok(is_member)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(TenantId, String, ProjectId), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership").field("is_asked", &self.check.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use time::macros::datetime;

    use super::*;
    use crate::auth::ProjectAccess;
    use crate::ports::key_source::FetchError;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    /// Says the same of everybody.
    struct Company(AtomicBool);

    #[async_trait]
    impl ProjectCheck for Company {
        async fn may_touch(&self, _: &TenantId, _: &str, _: &ProjectId) -> Result<bool, FetchError> {
            Ok(self.0.load(Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_and_is_set_back_keeps_no_removed_member() {
        let company = Arc::new(Company(AtomicBool::new(true)));
        let membership = Membership::of(Some(company.clone()));
        let caller = Caller {
            tenant: "acme".parse().unwrap(),
            subject: "ann".to_owned(),
            projects: ProjectAccess::All,
            scopes: [].into(),
            link: None,
        };
        let project = "job-7".parse().unwrap();
        let may_touch = async |now| membership.may_touch(&caller, &project, now).await.unwrap();
        let ahead = NOON + Duration::hours(2);
        assert!(may_touch(ahead).await);
        company.0.store(false, Ordering::SeqCst);
        assert!(may_touch(ahead + Duration::seconds(59)).await, "a yes is kept for a minute");
        assert!(!may_touch(NOON).await);
    }
}
