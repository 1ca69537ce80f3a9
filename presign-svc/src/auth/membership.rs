//! Whether a caller may touch a project: the token must cover it, and where the company's own system is
//! asked as well, that must say yes. Its answers are kept for a short while.
//! The holder of an upload link is nobody it could know.

use std::collections::HashMap;
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

#[derive(Clone, Copy)]
struct Kept {
    is_member: bool,
    until: OffsetDateTime,
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
        if let Some(kept) = self.lock().get(&key).filter(|kept| now < kept.until) {
            return Ok(kept.is_member);
        }
        let asked = check.may_touch(&caller.tenant, &caller.subject, project).await;
        let is_member = asked.map_err(|error| MembershipError(error.to_string()))?;
        let until = now + if is_member { KEPT.0 } else { KEPT.1 };
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, answer| now < answer.until);
        }
        if kept.len() < MAX_KEPT {
            kept.insert(key, Kept { is_member, until });
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
