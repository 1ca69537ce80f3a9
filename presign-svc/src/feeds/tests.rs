//! Streams on a record in memory and in virtual time.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::UploadStatus;
use windlass_protocol::events::EventKind;

use super::*;
use crate::domain::news::{Event, News};
use crate::ports::events::{Replay, announcements};
use crate::ports::uploads::RepositoryResult;

struct Log {
    events: Mutex<Vec<Event>>,
    heard: broadcast::Sender<Heard>,
}

impl Log {
    fn new() -> Arc<Self> {
        Arc::new(Self { events: Mutex::default(), heard: announcements() })
    }

    /// Loses the latest events, as a database that takes over without them.
    fn lose(&self, count: usize) {
        let mut events = self.events.lock().unwrap();
        let left = events.len() - count;
        events.truncate(left);
    }

    /// Records an event, and says so unless it is recorded in silence.
    fn record(&self, aloud: bool) {
        let (tenant, project) = place();
        let mut events = self.events.lock().unwrap();
        let news = News {
            kind: EventKind::Created,
            photo: "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap(),
            status: UploadStatus::Uploaded,
            reason: None,
            at: OffsetDateTime::UNIX_EPOCH,
        };
        let number = events.len() as u64 + 1;
        events.push(Event { number, tenant: tenant.clone(), project: project.clone(), news });
        if aloud {
            let _ = self.heard.send(Heard::Project(tenant, project));
        }
    }
}

#[async_trait]
impl EventLog for Log {
    async fn latest_with_time(
        &self,
        _: &TenantId,
        _: &ProjectId,
    ) -> RepositoryResult<(EventNumber, Option<OffsetDateTime>)> {
        Ok((self.events.lock().unwrap().len() as u64, None))
    }

    async fn since(
        &self,
        _: &TenantId,
        _: &ProjectId,
        after: EventNumber,
        limit: u32,
    ) -> RepositoryResult<Replay> {
        let events = self.events.lock().unwrap();
        let Some(later) = events.get(usize::try_from(after).unwrap()..) else { return Ok(Replay::Lost) };
        Ok(Replay::Events(later.iter().take(limit as usize).cloned().collect()))
    }

    async fn forget_before(&self, _: OffsetDateTime, _: u32) -> RepositoryResult<u64> {
        Ok(0)
    }

    fn listen(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }
}

fn place() -> Place {
    ("acme".parse().unwrap(), "job-7".parse().unwrap())
}

async fn watch_as_ann(feeds: &Arc<Feeds>, known: Option<EventNumber>) -> Result<Watch, CannotWatch> {
    let (tenant, project) = place();
    feeds.watch(Viewer { tenant, subject: "ann".to_owned() }, project, known).await
}

async fn text(watch: &mut Watch) -> Option<String> {
    watch.next().await.map(|frame| String::from_utf8(frame.to_vec()).unwrap())
}

fn is_event(frame: Option<String>, number: u64) -> bool {
    frame.is_some_and(|frame| frame.starts_with(&format!("id: {number}\nevent: photo.created\n")))
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_has_a_heartbeat_and_an_end() {
    let feeds = Feeds::start(Log::new(), 1, CancellationToken::new());
    let mut watch = watch_as_ann(&feeds, None).await.unwrap();
    assert!(text(&mut watch).await.unwrap().contains("event: ready"));
    let began = tokio::time::Instant::now();
    let mut heartbeats = 0;
    while let Some(frame) = text(&mut watch).await {
        assert_eq!(frame, "event: heartbeat\ndata: {}\n\n");
        heartbeats += 1;
    }
    assert_eq!(began.elapsed(), Duration::from_secs(30 * 60));
    assert_eq!(heartbeats, 30 * 4 - 1);
}

#[tokio::test(start_paused = true)]
async fn news_that_nobody_announced_are_found() {
    let log = Log::new();
    let feeds = Feeds::start(log.clone(), 1, CancellationToken::new());
    let mut watch = watch_as_ann(&feeds, None).await.unwrap();
    assert!(text(&mut watch).await.unwrap().contains("event: ready"));
    let waiting = tokio::spawn(async move { text(&mut watch).await });
    tokio::task::yield_now().await;
    log.record(false);
    assert!(is_event(waiting.await.unwrap(), 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_reads_too_slowly_is_cut_off_and_the_others_are_not() {
    let log = Log::new();
    let feeds = Feeds::start(log.clone(), 2, CancellationToken::new());
    let mut slow = watch_as_ann(&feeds, None).await.unwrap();
    let mut quick = watch_as_ann(&feeds, None).await.unwrap();
    for watch in [&mut slow, &mut quick] {
        assert!(text(watch).await.unwrap().contains("event: ready"));
        // All of the past is told: from now on it waits for what happens.
        assert!(futures::poll!(std::pin::pin!(text(watch))).is_pending());
    }
    for number in 1..(KEPT as u64 + 10) {
        log.record(true);
        assert!(is_event(text(&mut quick).await, number));
    }
    assert_eq!(text(&mut slow).await, None);
    assert_eq!(feeds.watching(), 2);
    drop(slow);
    assert_eq!(feeds.watching(), 1);
    // It comes back with what it knew.
    let mut back = watch_as_ann(&feeds, Some(0)).await.unwrap();
    assert!(text(&mut back).await.unwrap().contains("event: ready"));
    assert!(is_event(text(&mut back).await, 1));
}

#[tokio::test(start_paused = true)]
async fn a_project_that_nobody_watches_any_more_is_not_read() {
    let log = Log::new();
    let feeds = Feeds::start(log.clone(), 2, CancellationToken::new());
    let watch = watch_as_ann(&feeds, None).await.unwrap();
    assert_eq!(feeds.open().len(), 1);
    drop(watch);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(feeds.open().len(), 0);
    log.record(true);
    let mut again = watch_as_ann(&feeds, Some(0)).await.unwrap();
    assert!(text(&mut again).await.unwrap().contains("event: ready"));
    assert!(is_event(text(&mut again).await, 1));
}

#[tokio::test(start_paused = true)]
async fn streams_are_told_of_lost_events_and_of_those_that_get_their_numbers() {
    let log = Log::new();
    let feeds = Feeds::start(log.clone(), 1, CancellationToken::new());
    let mut watch = watch_as_ann(&feeds, None).await.unwrap();
    assert!(text(&mut watch).await.unwrap().contains("event: ready"));
    // All of the past is told: from now on it waits for what happens.
    assert!(futures::poll!(std::pin::pin!(text(&mut watch))).is_pending());
    for number in 1..=4 {
        log.record(true);
        assert!(is_event(text(&mut watch).await, number));
    }
    log.lose(3);
    let reset = "id: 1\nevent: reset\ndata: {\"latest\":1}\n\n";
    assert_eq!(text(&mut watch).await.as_deref(), Some(reset));
    for number in 2..=5 {
        log.record(true);
        assert!(is_event(text(&mut watch).await, number));
    }
}
