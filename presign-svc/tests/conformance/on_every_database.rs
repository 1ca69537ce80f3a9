//! The laws of the uploads port, on every database Windlass is meant to work with.

use std::sync::Arc;

use windlass_presign_svc::adapters::sqlite::SqliteDatabase;

/// Runs each law on a database of its own.
macro_rules! laws_of_uploads {
    ($($law:ident),* $(,)?) => {
        mod sqlite {
            use super::*;

            $(
                #[tokio::test]
                async fn $law() {
                    let folder = tempfile::tempdir().unwrap();
                    let database = SqliteDatabase::open(&folder.path().join("laws.sqlite")).await.unwrap();
                    crate::uploads::$law(Arc::new(database)).await;
                }
            )*
        }
    };
}

laws_of_uploads! {
    what_is_recorded_is_found_as_it_was,
    every_state_survives_being_stored,
    nothing_is_found_across_tenants,
    a_client_ref_is_taken_once_per_project,
    a_batch_is_recorded_whole_or_not_at_all,
    a_freed_client_ref_can_be_taken_again,
    a_stale_change_is_refused,
    of_racing_changes_one_wins,
    photos_are_listed_newest_first_in_pages,
    only_visible_photos_are_listed,
    the_janitor_finds_what_is_due_and_nothing_else,
    only_deleted_photos_are_forgotten,
}
