//! Whether a caller may touch a project: the token must cover it, and where the company's own system is
//! asked as well, that must say yes. Its answers are kept for a short while, and a question that is under way is not
//! asked again.
//! The holder of an upload link is nobody it could know.
//!
//! Two generations of answers, as of accepted tokens: who asks about ten thousand projects takes nobody's answer away.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use windlass_protocol::{ProjectId, TenantId};

use super::caller::Caller;
use crate::ports::key_source::FetchError;
use crate::ports::project_check::ProjectCheck;

/// How long a yes and a no are kept: somebody who was just added waits for less long.
const KEPT: (Duration, Duration) = (Duration::minutes(1), Duration::seconds(10));
/// How many answers one generation holds.
const GENERATION: usize = 5_000;
/// How many questions about one subject are under way at once; more wait, each at most so long.
const AT_ONCE: usize = 8;
const ROOM_WAIT: std::time::Duration = std::time::Duration::from_secs(3);

/// Who may touch what.
#[derive(Default)]
pub struct Membership {
    check: Option<Arc<dyn ProjectCheck>>,
    kept: Mutex<Kept>,
}

/// Who would touch which project.
type Key = (TenantId, String, ProjectId);
type Question = BoxFuture<'static, Result<Answer, MembershipError>>;

#[derive(Default)]
struct Kept {
    young: HashMap<Key, Known>,
    old: HashMap<Key, Known>,
    /// Room for the questions about each subject that has any under way.
    rooms: HashMap<(TenantId, String), Weak<Semaphore>>,
}

enum Known {
    /// Asked, and given up where nobody waits for it any more.
    Asked(WeakShared<Question>),
    Said(Answer),
}

#[derive(Clone)]
struct Answer {
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
        let question = match self.lock().answer_or_question(check, &key, now) {
            Ok(is_member) => return Ok(is_member),
            Err(question) => question,
        };
        let answer = question.await?;
        let is_member = answer.is_member;
        self.lock().keep(key, Known::Said(answer));
        Ok(is_member)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The answer that is known, or else the question that is under way from now on at the latest.
    fn answer_or_question(
        &mut self,
        check: &Arc<dyn ProjectCheck>,
        key: &Key,
        now: OffsetDateTime,
    ) -> Result<bool, Shared<Question>> {
        let asked = match self.find(key) {
            Some(Known::Said(answer)) if answer.good.contains(&now) => return Ok(answer.is_member),
            Some(Known::Asked(question)) => question.upgrade(),
            _ => None,
        };
        Err(asked.unwrap_or_else(|| {
            let room = self.room_for((key.0.clone(), key.1.clone()));
            let question = ask(check.clone(), room, key.clone(), now).boxed().shared();
            if let Some(asked) = question.downgrade() {
                self.keep(key.clone(), Known::Asked(asked));
            }
            question
        }))
    }

    fn find(&mut self, key: &Key) -> Option<&Known> {
        if let Some(known) = self.old.remove(key)
            && !self.young.contains_key(key)
        {
            self.keep(key.clone(), known);
        }
        self.young.get(key)
    }

    fn keep(&mut self, key: Key, known: Known) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }

    fn room_for(&mut self, subject: (TenantId, String)) -> Arc<Semaphore> {
        if let Some(room) = self.rooms.get(&subject).and_then(Weak::upgrade) {
            return room;
        }
        self.rooms.retain(|_, room| room.strong_count() > 0);
        let room = Arc::new(Semaphore::new(AT_ONCE));
        self.rooms.insert(subject, Arc::downgrade(&room));
        room
    }
}

/// Asks when there is room, where that is soon.
async fn ask(
    check: Arc<dyn ProjectCheck>,
    room: Arc<Semaphore>,
    (tenant, subject, project): Key,
    now: OffsetDateTime,
) -> Result<Answer, MembershipError> {
    let waited = timeout(ROOM_WAIT, room.acquire()).await;
    let _place =
        waited.map_err(|_| MembershipError("it has many questions about this subject".to_owned()))?;
    // Whoever else waits for this answer would never be woken by a panic.
    let asked = AssertUnwindSafe(check.may_touch(&tenant, &subject, &project)).catch_unwind().await;
    let asked = asked.unwrap_or_else(|_| Err(FetchError("a bug was met".to_owned())));
    let is_member = asked.map_err(|error| MembershipError(error.to_string()))?;
    Ok(Answer { is_member, good: now..now + if is_member { KEPT.0 } else { KEPT.1 } })
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership").field("is_asked", &self.check.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use time::macros::datetime;

    use super::*;
    use crate::auth::ProjectAccess;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    /// Says the same of everybody, and counts who asks.
    struct Company {
        is_member: AtomicBool,
        asked: AtomicUsize,
        /// How many it answers.
        answers: Semaphore,
    }

    impl Company {
        fn that_says(is_member: bool) -> Arc<Self> {
            let answers = Semaphore::new(Semaphore::MAX_PERMITS);
            Arc::new(Self { is_member: is_member.into(), asked: AtomicUsize::default(), answers })
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[async_trait]
    impl ProjectCheck for Company {
        async fn may_touch(&self, _: &TenantId, _: &str, _: &ProjectId) -> Result<bool, FetchError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.answers.acquire().await.unwrap().forget();
            Ok(self.is_member.load(Ordering::SeqCst))
        }
    }

    fn caller(subject: &str) -> Caller {
        Caller {
            tenant: "acme".parse().unwrap(),
            subject: subject.to_owned(),
            projects: ProjectAccess::All,
            scopes: [].into(),
            link: None,
        }
    }

    fn project(number: usize) -> ProjectId {
        format!("job-{number}").parse().unwrap()
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_and_is_set_back_keeps_no_removed_member() {
        let company = Company::that_says(true);
        let membership = Membership::of(Some(company.clone()));
        let may_touch = async |now| membership.may_touch(&caller("ann"), &project(7), now).await.unwrap();
        let ahead = NOON + Duration::hours(2);
        assert!(may_touch(ahead).await);
        company.is_member.store(false, Ordering::SeqCst);
        assert!(may_touch(ahead + Duration::seconds(59)).await, "a yes is kept for a minute");
        assert!(!may_touch(NOON).await);
    }

    #[tokio::test]
    async fn who_asks_about_many_projects_takes_nobodys_answer_away() {
        let company = Company::that_says(false);
        let membership = Membership::of(Some(company.clone()));
        let may_touch = async |subject, number| {
            membership.may_touch(&caller(subject), &project(number), NOON).await.unwrap()
        };
        may_touch("ann", 7).await;
        for number in 0..3 * GENERATION {
            may_touch("eve", number).await;
            may_touch("ann", 7).await;
        }
        assert_eq!(company.asked(), 3 * GENERATION + 1, "of Ann once");
        for _ in 0..2 {
            may_touch("bob", 7).await;
        }
        assert_eq!(company.asked(), 3 * GENERATION + 2, "of Bob, who comes now, once, too");
        let kept = membership.lock();
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION && kept.rooms.len() <= 1);
    }

    #[tokio::test]
    async fn the_company_is_asked_the_same_once_and_little_at_once_about_one_subject() {
        let mut company = Company::that_says(true);
        Arc::get_mut(&mut company).unwrap().answers = Semaphore::new(0);
        let membership = Membership::of(Some(company.clone()));
        let ann = caller("ann");
        let projects: Vec<ProjectId> = (0..2 * AT_ONCE).map(project).collect();
        let same =
            futures::future::join_all((0..AT_ONCE).map(|_| membership.may_touch(&ann, &projects[0], NOON)));
        let several = futures::future::join_all(
            projects.iter().map(|project| membership.may_touch(&ann, project, NOON)),
        );
        let mut crowd = Box::pin(futures::future::join(same, several));
        assert!(futures::poll!(&mut crowd).is_pending());
        assert_eq!(company.asked(), AT_ONCE);
        let (bob, other) = (caller("bob"), project(7));
        let mut bob = Box::pin(membership.may_touch(&bob, &other, NOON));
        assert!(futures::poll!(&mut bob).is_pending());
        assert_eq!(company.asked(), AT_ONCE + 1, "nobody waits for what Ann asks");
        company.answers.add_permits(projects.len() + 1);
        let (same, several) = crowd.await;
        assert!(same.into_iter().chain(several).all(|answer| answer == Ok(true)));
        assert_eq!((bob.await, company.asked()), (Ok(true), projects.len() + 1));
    }

    #[tokio::test]
    async fn a_question_that_everybody_gave_up_is_asked_again() {
        let mut company = Company::that_says(true);
        Arc::get_mut(&mut company).unwrap().answers = Semaphore::new(0);
        let membership = Membership::of(Some(company.clone()));
        let (ann, project) = (caller("ann"), project(7));
        for asked in 1..=2 * AT_ONCE {
            assert!(futures::poll!(Box::pin(membership.may_touch(&ann, &project, NOON))).is_pending());
            assert_eq!(company.asked(), asked);
        }
    }
}
