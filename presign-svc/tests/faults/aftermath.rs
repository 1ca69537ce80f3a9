//! What the record says when it is all over.

use std::collections::BTreeMap;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::service::Place;

/// Of the `uploads`: the id, whether its objects are a photo's or on their way to be one, and whether the
/// janitor will remove them.
const UPLOADS: &str = "SELECT CAST(id AS TEXT), \
    deleted_at IS NULL AND (verified_at IS NOT NULL OR status = 'pending_upload'), \
    cleanup_due_at IS NOT NULL FROM uploads";
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
                let file = place.data.path().join("windlass.sqlite");
                let mut database =
                    SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
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
        for key in objects {
            let owner = self.uploads.iter().find(|(id, ..)| key.contains(id.as_str()));
            let (_, is_wanted, is_removed_later) = owner.unwrap_or_else(|| panic!("{key} is nobody's"));
            assert!(*is_wanted || *is_removed_later, "{key} stays for ever");
        }
        let numbers: Vec<i64> = self.events.iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>(), "news are numbered without gaps");
        let mut told = BTreeMap::new();
        for (_, kind, photo) in &self.events {
            *told.entry((kind.as_str(), photo)).or_insert(0) += 1;
        }
        assert!(told.values().all(|times| *times == 1), "each is told once: {:?}", self.events);
        let created = told.keys().filter(|(kind, _)| *kind == "photo.created").count();
        assert_eq!(created, 5, "{:?}", self.events);
    }
}
