//! The laws of [`EventLog`].

use std::sync::Arc;

use tokio::sync::broadcast;
use windlass_presign_svc::domain::news::Event;
use windlass_presign_svc::domain::upload::Upload;
use windlass_presign_svc::domain::upload::pipeline::Verdict;
use windlass_presign_svc::ports::events::{EventLog, Heard, Replay};
use windlass_presign_svc::ports::uploads::{RepositoryError, UploadRepository};
use windlass_protocol::UploadStatus;

use crate::uploads::{HOUR, NOON, Repository, object, preview, record, upload_of};

/// How many changes race.
const RACERS: usize = 12;

/// A photo that was recorded and then verified: one event.
async fn stored(database: &Repository, tenant: &str, project: &str) -> Upload {
    let mut new = upload_of(tenant, project, None, 4096);
    record(database, &new).await;
    new.verified(object(), Vec::new(), NOON).unwrap();
    database.save(&mut new).await.unwrap();
    new
}

async fn told(log: &impl EventLog, project: &str, after: u64, limit: u32) -> Vec<Event> {
    match log.since(&"acme".parse().unwrap(), &project.parse().unwrap(), after, limit).await.unwrap() {
        Replay::Events(events) => events,
        Replay::Lost => panic!("all events are kept"),
    }
}

pub async fn news_are_numbered_in_their_project_without_gaps<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    let mut one = stored(&repository, "acme", "job-7").await;
    stored(&repository, "acme", "job-8").await;
    stored(&repository, "other", "job-7").await;
    one.advance(Verdict::Failed { reason: "too dark".to_owned() }, NOON + HOUR).unwrap();
    repository.save(&mut one).await.unwrap();
    one.delete(NOON + HOUR, HOUR);
    repository.save(&mut one).await.unwrap();
    let events = told(&*database, "job-7", 0, 10).await;
    let kinds: Vec<_> = events.iter().map(|event| (event.number, event.news.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "photo.created"), (2, "photo.status"), (3, "photo.deleted")]);
    for event in &events {
        assert_eq!((event.tenant.as_str(), event.project.as_str()), ("acme", "job-7"));
        assert_eq!(event.news.photo, one.photo_id());
    }
    let failed = &events[1].news;
    assert_eq!(failed.status, UploadStatus::Failed);
    assert_eq!((failed.reason.as_deref(), failed.at), (Some("too dark"), NOON + HOUR));
    for (tenant, project, latest) in
        [("acme", "job-7", 3), ("acme", "job-8", 1), ("other", "job-7", 1), ("other", "job-8", 0)]
    {
        let (tenant, project) = (tenant.parse().unwrap(), project.parse().unwrap());
        assert_eq!(database.latest(&tenant, &project).await.unwrap(), latest, "{tenant}/{project}");
        let at = match latest {
            0 => None,
            1 => Some(NOON),
            _ => Some(NOON + HOUR),
        };
        assert_eq!(database.latest_with_time(&tenant, &project).await.unwrap(), (latest, at));
    }
}

pub async fn news_are_told_from_where_one_asks<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    for _ in 0..5 {
        stored(&repository, "acme", "job-7").await;
    }
    let numbers = async |after, limit| {
        told(&*database, "job-7", after, limit).await.iter().map(|event| event.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(0, 2).await, [1, 2]);
    assert_eq!(numbers(2, 10).await, [3, 4, 5]);
    assert_eq!(numbers(5, 10).await, [0; 0]);
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    for never_given_out in [6, u64::MAX] {
        let asked = database.since(&tenant, &project, never_given_out, 10).await.unwrap();
        assert_eq!(asked, Replay::Lost, "{never_given_out}");
    }
    assert_eq!(
        database.since(&tenant, &"job-9".parse().unwrap(), 0, 10).await.unwrap(),
        Replay::Events(vec![])
    );
}

pub async fn news_of_a_change_that_was_not_stored_are_not_told<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    let mut one = stored(&repository, "acme", "job-7").await;
    let mut other = one.clone();
    one.advance(Verdict::Processing, NOON).unwrap();
    repository.save(&mut one).await.unwrap();
    other.advance(Verdict::Completed, NOON).unwrap();
    assert!(matches!(repository.save(&mut other).await, Err(RepositoryError::Stale)));
    assert_eq!(told(&*database, "job-7", 1, 10).await.len(), 1);
}

pub async fn racing_changes_of_one_project_leave_no_gap<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    let racers = (0..RACERS).map(|_| {
        let repository = repository.clone();
        tokio::spawn(async move { stored(&repository, "acme", "job-7").await })
    });
    for racer in futures::future::join_all(racers).await {
        racer.unwrap();
    }
    let numbers: Vec<u64> =
        told(&*database, "job-7", 0, 100).await.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=RACERS as u64).collect::<Vec<_>>());
}

pub async fn old_news_are_forgotten_and_their_numbers_are_not<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    let mut one = stored(&repository, "acme", "job-7").await;
    stored(&repository, "other", "job-7").await;
    one.advance(Verdict::Processing, NOON + 2 * HOUR).unwrap();
    repository.save(&mut one).await.unwrap();
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    assert_eq!(database.forget_before(NOON, 10).await.unwrap(), 0, "not before its time");
    assert_eq!(database.forget_before(NOON + HOUR, 1).await.unwrap(), 1, "no more than asked for");
    assert_eq!(database.forget_before(NOON + HOUR, 10).await.unwrap(), 1);
    assert_eq!(database.since(&tenant, &project, 0, 10).await.unwrap(), Replay::Lost);
    assert_eq!(told(&*database, "job-7", 1, 10).await.len(), 1);
    assert_eq!(database.forget_before(NOON + 3 * HOUR, 10).await.unwrap(), 1);
    assert_eq!(database.latest(&tenant, &project).await.unwrap(), 2);
    assert_eq!(database.latest_with_time(&tenant, &project).await.unwrap(), (2, None));
    assert_eq!(database.since(&tenant, &project, 1, 10).await.unwrap(), Replay::Lost);
    assert_eq!(database.since(&tenant, &project, 2, 10).await.unwrap(), Replay::Events(vec![]));
    one.advance(Verdict::Completed, NOON + 4 * HOUR).unwrap();
    repository.save(&mut one).await.unwrap();
    assert_eq!(told(&*database, "job-7", 2, 10).await[0].number, 3);
}

pub async fn news_of_which_one_in_between_is_forgotten_are_lost<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    let mut one = stored(&repository, "acme", "job-7").await;
    // The second of these began first, or its instance has a slower clock.
    for (verdict, at) in [
        (Verdict::Processing, NOON + 2 * HOUR),
        (Verdict::Completed, NOON),
        (Verdict::Quarantined { reason: None }, NOON + 2 * HOUR),
    ] {
        one.advance(verdict, at).unwrap();
        repository.save(&mut one).await.unwrap();
    }
    assert_eq!(database.forget_before(NOON + HOUR, 10).await.unwrap(), 2);
    let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
    assert_eq!(database.since(&tenant, &project, 1, 10).await.unwrap(), Replay::Lost);
    assert_eq!(told(&*database, "job-7", 3, 10).await[0].number, 4);
}

pub async fn news_are_heard_of_when_they_are_recorded<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let heard = database.listen();
    hears_of(database, heard).await;
}

/// Records news until they are heard of: of what was recorded before it listened, a connection that is just
/// made says only that anything may have happened.
pub async fn hears_of(repository: Repository, mut heard: broadcast::Receiver<Heard>) {
    stored(&repository, "acme", "job-7").await;
    let expected = Heard::Project("acme".parse().unwrap(), "job-7".parse().unwrap());
    loop {
        match heard.recv().await.unwrap() {
            Heard::Anything => drop(stored(&repository, "acme", "job-7").await),
            project => return assert_eq!(project, expected),
        }
    }
}

pub async fn what_is_on_its_way_is_told_of_and_so_is_that_it_does_not_come<D>(database: Arc<D>)
where
    D: UploadRepository + EventLog,
{
    let repository: Repository = database.clone();
    let mut ids = Vec::new();
    for ends in 0..3 {
        let mut upload = upload_of("acme", "job-7", None, 4096);
        record(&repository, &upload).await;
        preview(&mut upload);
        repository.save(&mut upload).await.unwrap();
        match ends {
            0 => upload.abort(NOON, HOUR).unwrap(),
            1 => upload.expire(NOON, HOUR).unwrap(),
            _ => upload.verified(object(), upload.progress().variants.clone(), NOON).unwrap(),
        }
        repository.save(&mut upload).await.unwrap();
        ids.push(upload.photo_id());
    }
    let mut silent = upload_of("acme", "job-7", None, 4096);
    record(&repository, &silent).await;
    silent.abort(NOON, HOUR).unwrap();
    repository.save(&mut silent).await.unwrap();
    let events = told(&*database, "job-7", 0, 10).await;
    let told: Vec<_> =
        events.iter().map(|event| (event.news.kind.as_str(), event.news.photo, event.news.status)).collect();
    let expected = [
        ("photo.arriving", ids[0], UploadStatus::PendingUpload),
        ("photo.withdrawn", ids[0], UploadStatus::Aborted),
        ("photo.arriving", ids[1], UploadStatus::PendingUpload),
        ("photo.withdrawn", ids[1], UploadStatus::Expired),
        ("photo.arriving", ids[2], UploadStatus::PendingUpload),
        ("photo.created", ids[2], UploadStatus::Uploaded),
    ];
    assert_eq!(told, expected);
}
