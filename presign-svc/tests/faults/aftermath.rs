//! What the record says when it is all over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::service::{Place, Served};

/// Of the `uploads`: the id, whether its objects are a photo's or on their way to be one, and whether the
/// janitor will remove them.
const UPLOADS: &str = "SELECT CAST(id AS TEXT), \
    deleted_at IS NULL AND (verified_at IS NOT NULL OR status = 'pending_upload'), \
    cleanup_due_at IS NOT NULL FROM uploads";
/// Uploads that nobody has closed yet, and those for which the janitor has something left to do.
const OPEN: &str = "SELECT count(*) FROM uploads WHERE status = 'pending_upload'";
const UNTIDY: &str =
    "SELECT count(*) FROM uploads WHERE status = 'pending_upload' OR cleanup_due_at IS NOT NULL";
/// Hours after which whoever was to come back is not waited for any longer (24, and those bytes that were under way),
/// and after which the janitor may clear away what may still have arrived then.
const LATE: u32 = 49;
const LATER: u32 = 2 * LATE;
/// How often the record is looked at while the janitor works, and how long the test waits between two looks. Ten
/// minutes: what fails in one sweep is done in the next, three minutes later.
const LOOKS_MOST: u32 = 12_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const EVENTS: &str = "SELECT number, kind, CAST(photo AS TEXT) FROM events ORDER BY number";

/// The rows that matter.
pub struct Record {
    uploads: Vec<(String, bool, bool)>,
    events: Vec<(i64, String, String)>,
}

impl Record {
    pub async fn read(place: &Place) -> Self {
        match &place.database_url {
            Some(url) => {
                let mut database = PgConnection::connect(url).await.unwrap();
                Self {
                    uploads: sqlx::query_as(UPLOADS).fetch_all(&mut database).await.unwrap(),
                    events: sqlx::query_as(EVENTS).fetch_all(&mut database).await.unwrap(),
                }
            }
            None => {
                let mut database = SqliteConnection::connect(&place.sqlite_url()).await.unwrap();
                let sound: String =
                    sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut database).await.unwrap();
                assert_eq!(sound, "ok");
                Self {
                    uploads: sqlx::query_as(UPLOADS).fetch_all(&mut database).await.unwrap(),
                    events: sqlx::query_as(EVENTS).fetch_all(&mut database).await.unwrap(),
                }
            }
        }
    }

    /// That every object has an owner or is going to be removed, and that news were told once and in order.
    pub fn check(&self, objects: &[String]) {
        let created = self.check_news();
        assert_eq!(created, 5, "{:?}", self.events);
        for key in objects {
            let owner = self.uploads.iter().find(|(id, ..)| key.contains(id.as_str()));
            let (_, is_wanted, is_removed_later) = owner.unwrap_or_else(|| panic!("{key} is nobody's"));
            assert!(*is_wanted || *is_removed_later, "{key} stays for ever");
        }
    }

    /// That news were told once and in order; answers how many photos they are of.
    fn check_news(&self) -> usize {
        let numbers: Vec<i64> = self.events.iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>(), "news are numbered without gaps");
        let mut told = BTreeMap::new();
        for (_, kind, photo) in &self.events {
            *told.entry((kind.as_str(), photo)).or_insert(0) += 1;
        }
        assert!(told.values().all(|times| *times == 1), "each is told once: {:?}", self.events);
        told.keys().filter(|(kind, _)| *kind == "photo.created").count()
    }
}

/// Lets days pass in which no client comes: the janitor closes every row, and with what the reconciler does
/// nothing is left in the bucket that is no photo's (I2). Answers the photos there are.
pub async fn days_later(place: &Place, failpoint: &str) -> BTreeSet<String> {
    for (hours, left) in [(LATE, OPEN), (LATER, UNTIDY)] {
        let janitor = Served::start_later(place, hours);
        wait_until_none(place, left, failpoint).await;
        janitor.kill();
    }
    place.outwait_the_dead().await;
    let orphans = place.reconcile(LATER);
    let service = Served::start(place, None);
    let record = Record::read(place).await;
    let photos: BTreeSet<String> =
        record.uploads.iter().filter(|row| row.1).map(|row| row.0.clone()).collect();
    let objects = service.objects(place).await;
    let of = |key: &String| photos.iter().find(|id| key.contains(id.as_str())).cloned();
    let owners: BTreeSet<Option<String>> = objects.iter().map(of).collect();
    assert_eq!(owners, photos.iter().cloned().map(Some).collect(), "after {failpoint}: {objects:?}");
    assert_eq!(objects.len(), photos.len(), "after {failpoint}: one object each: {objects:?}");
    let open = service.multiparts(place).await;
    assert_eq!(open, [], "after {failpoint}, reconciled: {orphans}");
    assert!(record.check_news() >= photos.len(), "after {failpoint}: {:?}", record.events);
    service.kill();
    photos
}

/// Waits for the janitor, which begins when the service does.
async fn wait_until_none(place: &Place, rows: &'static str, failpoint: &str) {
    for _ in 0..LOOKS_MOST {
        if count(place, rows).await == 0 {
            return;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    panic!("after {failpoint}, {} are never closed: {rows}", count(place, rows).await);
}

async fn count(place: &Place, rows: &'static str) -> i64 {
    match &place.database_url {
        Some(url) => {
            let mut database = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(rows).fetch_one(&mut database).await.unwrap()
        }
        None => {
            let mut database = SqliteConnection::connect(&place.sqlite_url()).await.unwrap();
            sqlx::query_scalar(rows).fetch_one(&mut database).await.unwrap()
        }
    }
}
