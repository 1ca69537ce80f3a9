//! The laws of the uploads and events ports, on every database Windlass is meant to work with.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use windlass_presign_svc::adapters::memory::MemoryRateLimiter;
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::adapters::redis::RedisRateLimiter;
use windlass_presign_svc::adapters::sqlite::SqliteDatabase;
use windlass_presign_svc::ports::events::EventLog as _;
use windlass_presign_svc::ports::leases::UploadLeases as _;

/// How many new SQLite files are raced for.
const NEW_FILES: usize = 25;

/// Runs each law of a room on a database of its own.
macro_rules! laws_on_every_database {
    ($room:ident, $sqlite:ident, $postgres:ident: $($law:ident),* $(,)?) => {
        mod $sqlite {
            use super::*;

            $(
                #[tokio::test]
                async fn $law() {
                    let folder = tempfile::tempdir().unwrap();
                    let database = SqliteDatabase::open(&folder.path().join("laws.sqlite")).await.unwrap();
                    crate::$room::$law(Arc::new(database)).await;
                }
            )*
        }

        mod $postgres {
            use super::*;

            $(
                #[tokio::test]
                async fn $law() {
                    let Some(url) = crate::postgres_server::new_database() else { return };
                    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
                    crate::$room::$law(Arc::new(database.clone())).await;
                    database.close().await;
                }
            )*
        }
    };
}

laws_on_every_database! {
    uploads, sqlite, postgres:
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
    whatever_a_client_claims_of_its_photo_can_be_recorded,
    the_janitor_finds_what_is_due_and_nothing_else,
    those_of_a_list_that_are_there_are_found,
}

laws_on_every_database! {
    assembly, assembly_in_sqlite, assembly_in_postgres:
    what_is_to_be_put_together_is_found_when_it_is_due,
    what_is_to_be_put_together_is_found_of_each_tenant_in_turn,
}

laws_on_every_database! {
    forgetting, forgetting_in_sqlite, forgetting_in_postgres:
    only_deleted_photos_are_forgotten,
    what_came_to_nothing_is_forgotten_when_it_was_cleaned_up_long_ago,
}

laws_on_every_database! {
    same_content, same_content_in_sqlite, same_content_in_postgres:
    the_newest_photo_with_the_same_bytes_is_found_and_no_other,
    a_photo_that_is_gone_or_dangerous_is_not_found_by_its_bytes,
}

laws_on_every_database! {
    listing, lists_in_sqlite, lists_in_postgres:
    every_filter_finds_what_it_names_and_nothing_else,
    a_change_is_found_by_its_new_words_only,
    what_has_changed_since_it_was_known_is_read,
    pages_under_every_filter_hold_each_photo_once,
    filters_and_totals_keep_to_their_tenant_and_project,
    totals_follow_every_change,
    what_is_on_its_way_is_listed_in_its_place_for_those_who_ask,
}

laws_on_every_database! {
    looks, looks_in_sqlite, looks_in_postgres:
    bytes_are_looked_for_from_soon_after_the_announcement_until_the_deadline,
    what_the_janitor_puts_off_is_due_later_and_of_the_same_version,
    those_that_wait_longest_are_looked_for_first,
    of_all_who_want_to_look_one_does_and_nobody_at_work_is_disturbed,
}

laws_on_every_database! {
    events, events_in_sqlite, events_in_postgres:
    news_are_numbered_in_their_project_without_gaps,
    news_are_told_from_where_one_asks,
    news_of_a_change_that_was_not_stored_are_not_told,
    racing_changes_of_one_project_leave_no_gap,
    old_news_are_forgotten_and_their_numbers_are_not,
    news_of_which_one_in_between_is_forgotten_are_lost,
    news_are_heard_of_when_they_are_recorded,
    what_is_on_its_way_is_told_of_and_so_is_that_it_does_not_come,
}

laws_on_every_database! {
    quotas, quotas_in_sqlite, quotas_in_postgres:
    what_is_in_use_follows_every_change_of_an_upload,
    a_size_that_was_not_known_is_settled_by_what_is_stored,
    racing_announcements_never_exceed_a_quota,
    announcements_and_ends_that_race_leave_the_sum_over_the_uploads,
    of_a_batch_as_much_is_recorded_as_fits,
    who_has_no_room_is_no_matter_of_those_who_announce_at_the_same_time,
}

#[tokio::test]
async fn instances_that_start_at_once_do_not_race_for_the_migration() {
    // New files, since the race is for turning a new file to WAL, and several, since a race is not always lost.
    for _ in 0..NEW_FILES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laws.sqlite");
        let opened = futures::future::join_all((0..4).map(|_| SqliteDatabase::open(&path))).await;
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    }
    let Some(url) = crate::postgres_server::new_database() else { return };
    let opened = futures::future::join_all((0..4).map(|_| PostgresDatabase::connect(&url, 4))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}

#[tokio::test]
async fn one_instance_at_a_time_works_on_an_upload() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let one = PostgresDatabase::connect(&url, 4).await.unwrap();
    let other = PostgresDatabase::connect(&url, 4).await.unwrap();
    let id = "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap();
    let held = one.take(id).await.unwrap();
    let mut waiting = Box::pin(other.take(id));
    // Longer than the longest pause between two looks.
    assert!(timeout(Duration::from_millis(300), &mut waiting).await.is_err(), "both have it");
    drop(held);
    waiting.await.unwrap();
}

#[tokio::test]
async fn news_of_one_instance_are_heard_by_the_others() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let one = PostgresDatabase::connect(&url, 4).await.unwrap();
    let other = PostgresDatabase::connect(&url, 4).await.unwrap();
    crate::events::hears_of(Arc::new(one), other.listen()).await;
}

#[tokio::test]
async fn rate_limits_hold_in_memory_and_among_instances() {
    use crate::rate_limits::*;
    let in_memory = Arc::new(MemoryRateLimiter::default());
    a_bucket_gives_what_it_holds_and_what_flows_in(in_memory.clone()).await;
    of_several_buckets_all_give_or_none(in_memory.clone()).await;
    racing_draws_never_get_more_than_there_is(vec![in_memory]).await;
    let Some(url) = crate::postgres_server::new_database() else { return };
    let one = Arc::new(PostgresDatabase::connect(&url, 4).await.unwrap());
    let other = Arc::new(PostgresDatabase::connect(&url, 4).await.unwrap());
    a_bucket_gives_what_it_holds_and_what_flows_in(one.clone()).await;
    of_several_buckets_all_give_or_none(other.clone()).await;
    an_instance_whose_clock_is_wrong_neither_locks_anybody_out_nor_gets_more(other.clone()).await;
    racing_draws_never_get_more_than_there_is(vec![one.clone(), other]).await;
}

#[tokio::test]
async fn rate_limits_hold_among_instances_that_share_a_redis() {
    use windlass_presign_svc::ports::rate_limiter::RateLimiter as _;

    use crate::rate_limits::*;
    let Some(redis) = crate::redis::Redis::start() else { return };
    let one = Arc::new(RedisRateLimiter::start(&redis.url()).await.unwrap());
    let other = Arc::new(RedisRateLimiter::start(&redis.url()).await.unwrap());
    a_bucket_gives_what_it_holds_and_what_flows_in(one.clone()).await;
    of_several_buckets_all_give_or_none(other.clone()).await;
    an_instance_whose_clock_is_wrong_neither_locks_anybody_out_nor_gets_more(other.clone()).await;
    racing_draws_never_get_more_than_there_is(vec![one.clone(), other.clone()]).await;
    assert!(!one.makes_do() && !other.makes_do(), "these were the shared ones");
}

#[tokio::test]
async fn upload_links_are_kept_in_every_database() {
    use crate::upload_links::a_link_is_found_by_its_secret_listed_with_its_usage_and_ended_once as law;
    use crate::upload_links::what_a_link_has_open_is_known_and_whether_it_was_revoked as open_law;
    let folder = tempfile::tempdir().unwrap();
    law(SqliteDatabase::open(&folder.path().join("laws.sqlite")).await.unwrap()).await;
    open_law(SqliteDatabase::open(&folder.path().join("open.sqlite")).await.unwrap()).await;
    let Some(url) = crate::postgres_server::new_database() else { return };
    law(PostgresDatabase::connect(&url, 4).await.unwrap()).await;
    let Some(url) = crate::postgres_server::new_database() else { return };
    open_law(PostgresDatabase::connect(&url, 4).await.unwrap()).await;
}
