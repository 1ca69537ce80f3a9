//! Whether somebody does the jobs: what is due is in the record, and what has been due for long nobody does.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::Finding;
use crate::adapters::database::{Database, DatabasePlace};
use crate::config::WorkPlace;
use crate::ports::uploads::{FoundRecords, RepositoryResult, UploadRepository};

/// What this finding is called.
const WHAT: &str = "queue";
/// Several times as long as the slowest job sleeps.
const LATE: Duration = Duration::from_secs(15 * 60);
/// So many of each kind are counted.
const COUNTED: u32 = 1000;

/// Looks into a record whose schema is up to date.
pub(super) async fn check(place: &DatabasePlace, work: WorkPlace, now: OffsetDateTime) -> Finding {
    let database = match Database::open(place).await {
        Ok(database) => database,
        Err(error) => return Finding::bad(WHAT, error.to_string()),
    };
    let late = late_jobs(&database.uploads(), now - LATE).await;
    database.close().await;
    match late {
        Ok(late) if late.is_empty() => {
            Finding::good(WHAT, "no job has been due for more than a quarter of an hour.")
        }
        Ok(late) => {
            let late = late.join(", ");
            match work {
                WorkPlace::Apart => Finding::bad(
                    WHAT,
                    format!(
                        "nobody does the jobs. Due for more than a quarter of an hour: {late}. Start `windlass \
                         work` with the configuration of `windlass serve`, or look into its log."
                    ),
                ),
                WorkPlace::Here => Finding::note(
                    WHAT,
                    format!(
                        "due for more than a quarter of an hour: {late}. `windlass serve` does that while it runs; if \
                         it is running, look into its log."
                    ),
                ),
            }
        }
        Err(error) => Finding::bad(WHAT, format!("what is due cannot be read: {error}.")),
    }
}

/// What was due before a time, in words.
async fn late_jobs(
    record: &Arc<dyn UploadRepository>,
    before: OffsetDateTime,
) -> RepositoryResult<Vec<String>> {
    let kinds = [
        (
            record.due_for_assembly(before, COUNTED).await?.len(),
            "uploads to be put together from small pieces",
        ),
        (record.due_for_look(before, COUNTED).await?.len(), "uploads whose bytes are to be looked for"),
        (count_of(&record.past_deadline(before, COUNTED).await?), "uploads past their deadline"),
        (count_of(&record.due_for_cleanup(before, COUNTED).await?), "clean-ups"),
    ];
    let late = kinds.into_iter().filter(|(count, _)| *count > 0);
    Ok(late
        .map(|(count, kind)| {
            let or_more = if count < COUNTED as usize { "" } else { " or more" };
            format!("{kind} ({count}{or_more})")
        })
        .collect())
}

fn count_of(found: &FoundRecords) -> usize {
    found.uploads.len() + found.unreadable.len()
}
