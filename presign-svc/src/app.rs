//! What a running service is made of: its settings, its ports, and who may touch which upload when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, WeakShared};
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;
use windlass_protocol::UploadId;

use crate::answers::RecentAnswers;
use crate::auth::{Membership, Tokens};
use crate::delivery::Delivery;
use crate::domain::client_address::TrustedProxies;
use crate::domain::clock_skew::ClockSkew;
use crate::domain::limits::Limits;
use crate::domain::object_key::KeyTemplate;
use crate::domain::quota::Allowance;
use crate::domain::upload::Upload;
use crate::feeds::Feeds;
use crate::jobs::assemble::AssemblyCalls;
use crate::jobs::notice::Awaited;
use crate::metrics::Metrics;
use crate::ports::clock::Clock;
use crate::ports::events::EventLog;
use crate::ports::ids::IdSource;
use crate::ports::leases::{Lease, UploadLeases};
use crate::ports::object_store::{ObjectStore, SigningWindow, StoreResult};
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::tickets::TicketBook;
use crate::ports::upload_links::UploadLinkRepository;
use crate::ports::uploads::{RepositoryResult, UploadRepository};
use crate::progress::RecentProgress;
use crate::shown::RecentPhotos;
use crate::traces::Traces;

/// A running service.
pub struct App {
    /// What it was told.
    pub settings: Settings,
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
    /// How browsers get what is in it.
    pub delivery: Delivery,
    /// The record.
    pub uploads: Arc<dyn UploadRepository>,
    /// What happened to photos.
    pub events: Arc<dyn EventLog>,
    /// Who is told at once.
    pub feeds: Arc<Feeds>,
    /// Who may be, without a token.
    pub tickets: Arc<dyn TicketBook>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn IdSource>,
    /// Whose tokens are accepted.
    pub tokens: Tokens,
    /// Capabilities for customers without an account.
    pub links: Arc<dyn UploadLinkRepository>,
    /// Who has asked how often.
    pub limiter: Arc<dyn RateLimiter>,
    /// Who may touch which project.
    pub membership: Membership,
    /// One at a time per upload.
    pub turns: Turns,
    /// One look at a time at database and bucket.
    pub readiness: Readiness,
    /// Lists that need not be made again.
    pub answers: RecentAnswers,
    /// Photos that lists need not make again.
    pub shown: Arc<RecentPhotos>,
    /// How far uploads are that somebody watches.
    pub progress: RecentProgress,
    /// Between requests and the job that puts pieces together.
    pub assembly_calls: AssemblyCalls,
    /// Uploads whose client cannot say that it is done.
    pub awaited: Awaited,
    /// What is counted.
    pub metrics: Metrics,
    /// What is traced.
    pub traces: Traces,
}

impl App {
    /// Between this machine's clock and the bucket's, as far as the bucket has said what time it is.
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        Some(ClockSkew::between(self.clock.now(), self.store.time()?))
    }
}

/// What a service is told about its work.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Accepted kinds and sizes.
    pub limits: Limits,
    /// What each tenant may keep.
    pub allowance: Allowance,
    /// How fast somebody may ask for signatures.
    pub rates: RateLimits,
    /// The page upload links lead to.
    pub upload_page: Option<String>,
    /// The shape of object keys.
    pub key_template: KeyTemplate,
    /// How long signed PUT and part URLs work.
    pub put_url_lifetime: Duration,
    /// How long signed GET URLs work, from the start of their window.
    pub get_url_lifetime: Duration,
    /// How long an upload waits for its bytes.
    pub upload_deadline: Duration,
    /// How long events can be replayed.
    pub event_retention: Duration,
    /// How often record and bucket are compared; `None` for never.
    pub reconcile_every: Option<Duration>,
    /// Whether the store honours `If-None-Match` on writes.
    pub conditional_writes: bool,
    /// Whether clients are served that know nothing of Windlass: `docs/plain-clients.md`.
    pub plain_clients: bool,
    /// Whether files are taken in small pieces, too, for weak signals.
    pub weak_signal: bool,
    /// Whether the API's description and the page that shows it are served.
    pub api_docs: bool,
    /// How long an answer waits for pieces to be put together.
    pub assembly_wait: Duration,
}

/// How many files may be signed in a minute; `None` where there is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// For one person or device.
    pub per_subject: Option<u32>,
    /// For one company.
    pub per_tenant: Option<u32>,
    /// For one place in the network.
    pub per_address: Option<u32>,
    /// Whose word about places is taken; `None` where places are not counted.
    pub proxies: Option<TrustedProxies>,
}

/// Signing times of GET URLs are rounded down to this, so that browsers and caches see one URL for a while.
pub const GET_WINDOW: Duration = Duration::from_secs(15 * 60);
/// What a URL's bytes may take to arrive after the URL died, at least: stores look at the time when a request begins,
/// and one that began in time goes on.
const LAST_BYTES: Duration = Duration::from_secs(15 * 60);
/// The slowest line that large requests are waited for on, in bytes a second: 64 kbit/s.
const SLOWEST_LINE: u64 = 8_000;

impl Settings {
    /// The window for URLs that bring bytes.
    pub fn put_window(&self, now: OffsetDateTime) -> SigningWindow {
        SigningWindow::beginning_at(now, self.put_url_lifetime)
    }

    /// The window for URLs that fetch bytes.
    pub fn get_window(&self, now: OffsetDateTime) -> SigningWindow {
        let seconds = now.unix_timestamp();
        let rounded = seconds - seconds.rem_euclid(GET_WINDOW.as_secs() as i64);
        let signed_at = OffsetDateTime::from_unix_timestamp(rounded).unwrap_or(now);
        SigningWindow { signed_at, lifetime: self.get_url_lifetime, now }
    }

    /// How long after the last URL was signed for an upload bytes may still arrive for it.
    pub fn bytes_may_arrive_for(&self, upload: &Upload) -> Duration {
        self.request_may_arrive_for(upload.largest_request_bytes())
    }

    /// The same for one request. Nothing is waited for longer than an upload may take as a whole.
    pub fn request_may_arrive_for(&self, size_bytes: u64) -> Duration {
        let on_its_way = Duration::from_secs(size_bytes / SLOWEST_LINE).min(self.upload_deadline);
        self.put_url_lifetime + on_its_way.max(LAST_BYTES)
    }
}

/// Lets one request at a time work on an upload: a hundred who complete it at once make one photo. Where
/// several instances share the record, one instance at a time.
#[derive(Default)]
pub struct Turns {
    waiting: Mutex<HashMap<UploadId, Weak<tokio::sync::Mutex<()>>>>,
    leases: Option<Arc<dyn UploadLeases>>,
}

/// The right to work on one upload, until dropped.
#[derive(Debug)]
pub struct Turn {
    // Dropped first: its release is under way when the next request here asks for one of its own.
    _lease: Option<Lease>,
    _guard: OwnedMutexGuard<()>,
}

impl Turns {
    /// Turns among the requests of all instances that share these leases, or of this one alone.
    pub fn among(leases: Option<Arc<dyn UploadLeases>>) -> Self {
        Self { waiting: Mutex::default(), leases }
    }

    /// How many in this process work on the upload, or wait until they may.
    pub fn in_line(&self, id: UploadId) -> usize {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&id).map_or(0, Weak::strong_count)
    }

    /// Waits until nobody else works on the upload.
    pub async fn take(&self, id: UploadId) -> RepositoryResult<Turn> {
        let lock = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            match waiting.get(&id).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    waiting.retain(|_, lock| lock.strong_count() > 0);
                    let lock = Arc::new(tokio::sync::Mutex::new(()));
                    waiting.insert(id, Arc::downgrade(&lock));
                    lock
                }
            }
        };
        let guard = lock.lock_owned().await;
        let lease = match &self.leases {
            Some(leases) => Some(leases.take(id).await?),
            None => None,
        };
        Ok(Turn { _lease: lease, _guard: guard })
    }

    /// Removes what instances that died have left of their turns. Says of how many.
    pub async fn forget_ended(&self) -> RepositoryResult<u64> {
        match &self.leases {
            Some(leases) => leases.forget_ended().await,
            None => Ok(0),
        }
    }
}

/// What database and bucket answered.
pub type Found = (RepositoryResult<()>, StoreResult<()>);

/// Looks whether database and bucket answer, once for all who ask at the same time: that needs no token, and each look
/// takes a connection to both.
#[derive(Default)]
pub struct Readiness(Mutex<Option<WeakShared<BoxFuture<'static, Found>>>>);

impl Readiness {
    /// What the look that is under way finds, or else this one.
    pub async fn ask(&self, look: impl FnOnce() -> BoxFuture<'static, Found>) -> Found {
        let looking = {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match under_way.as_ref().and_then(WeakShared::upgrade) {
                Some(looking) => looking,
                None => {
                    let looking = look().shared();
                    *under_way = looking.downgrade();
                    looking
                }
            }
        };
        looking.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use time::macros::datetime;
    use tokio::sync::Semaphore;

    fn settings() -> Settings {
        Settings {
            limits: Limits::default(),
            allowance: Allowance::default(),
            rates: RateLimits::default(),
            upload_page: None,
            key_template: KeyTemplate::parse(KeyTemplate::DEFAULT).unwrap(),
            put_url_lifetime: Duration::from_secs(900),
            get_url_lifetime: Duration::from_secs(7200),
            upload_deadline: Duration::from_secs(86_400),
            event_retention: Duration::from_secs(604_800),
            reconcile_every: None,
            conditional_writes: true,
            plain_clients: false,
            weak_signal: true,
            api_docs: true,
            assembly_wait: Duration::from_secs(3),
        }
    }

    #[test]
    fn what_a_slow_line_brings_is_waited_for_as_long_as_it_takes_and_no_longer_than_an_upload_may() {
        let seconds = |size_bytes: u64| settings().request_may_arrive_for(size_bytes).as_secs();
        assert_eq!([seconds(0), seconds(5 << 20)], [1800, 1800]);
        // 40 MiB at 150 kbit/s take 37 minutes.
        assert!((52 * 60..2 * 3600).contains(&seconds(40 << 20)), "{}", seconds(40 << 20));
        assert_eq!([seconds(5 << 30), seconds(u64::MAX)], [900 + 86_400; 2]);
        let impatient = Settings { upload_deadline: Duration::from_secs(60), ..settings() };
        assert_eq!(impatient.request_may_arrive_for(1 << 30).as_secs(), 1800);
    }

    #[test]
    fn get_urls_are_the_same_for_a_quarter_of_an_hour() {
        let settings = settings();
        let early = settings.get_window(datetime!(2026-11-21 12:00:00 UTC));
        let late = settings.get_window(datetime!(2026-11-21 12:14:59.9 UTC));
        let next = settings.get_window(datetime!(2026-11-21 12:15:00 UTC));
        assert_eq!((early.signed_at, early.lifetime), (late.signed_at, late.lifetime));
        assert_ne!(late.signed_at, next.signed_at);
    }

    #[tokio::test]
    async fn a_second_turn_waits_for_the_first_and_leaves_nothing_behind() {
        let turns = Arc::new(Turns::default());
        let id: UploadId = "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap();
        let first = turns.take(id).await.unwrap();
        let second = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(id).await.unwrap() }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        assert_eq!(turns.in_line(id), 2);
        drop(first);
        drop(second.await.unwrap());
        assert_eq!(turns.in_line(id), 0);
        let other: UploadId = "0192f0c1-2c5d-7c1e-9f00-0123456789ac".parse().unwrap();
        let _turn = turns.take(other).await.unwrap();
        assert_eq!(turns.waiting.lock().unwrap().len(), 1);
    }

    /// A look that ends once there is an answer.
    async fn ask(readiness: &Readiness, looks: &AtomicUsize, answers: &Arc<Semaphore>) -> Found {
        let look = || {
            looks.fetch_add(1, Ordering::SeqCst);
            let answers = Arc::clone(answers);
            async move {
                answers.acquire().await.unwrap().forget();
                (Ok(()), Ok(()))
            }
            .boxed()
        };
        readiness.ask(look).await
    }

    #[tokio::test]
    async fn those_who_ask_at_once_whether_all_answer_cause_one_look_and_who_comes_later_another() {
        let (readiness, looks) = (Readiness::default(), AtomicUsize::default());
        let answers = Arc::new(Semaphore::new(0));
        for looked in 1..=2 {
            let crowd = (0..8).map(|_| ask(&readiness, &looks, &answers));
            let mut crowd = Box::pin(futures::future::join_all(crowd));
            assert!(futures::poll!(&mut crowd).is_pending());
            assert_eq!(looks.load(Ordering::SeqCst), looked);
            answers.add_permits(1);
            assert!(crowd.await.iter().all(|found| matches!(found, (Ok(()), Ok(())))));
        }
        assert!(futures::poll!(Box::pin(ask(&readiness, &looks, &answers))).is_pending());
        assert!(futures::poll!(Box::pin(ask(&readiness, &looks, &answers))).is_pending());
        assert_eq!(looks.load(Ordering::SeqCst), 4, "nobody waits for a look that was given up");
    }
}
