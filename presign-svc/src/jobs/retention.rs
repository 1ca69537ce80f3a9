//! Forgets what is too old to matter: events that nobody replays any more, as a page that comes back later looks at the
//! photos anyway, and uploads that came to nothing.

use std::time::Duration;

use super::reconcile::runner::min_age;
use crate::app::App;
use crate::ports::uploads::RepositoryResult;

/// How many are forgotten at once, so that nobody waits long for the database.
const BATCH: u32 = 1000;
/// An upload that came to nothing is remembered for so long after nothing was left of it in the bucket: a phone that was
/// away for weeks is told what became of it.
const CLOSED_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Forgets events that are due. Says how many.
pub async fn forget_old_events(app: &App) -> RepositoryResult<u64> {
    let due = app.clock.now() - app.settings.event_retention;
    all_of(|| app.events.forget_before(due, BATCH)).await
}

/// Forgets uploads that are due, each at the earliest when whoever compares record and bucket has seen what came too late
/// for it: beside no record that would be an object nobody knows. Says how many.
pub async fn forget_closed_uploads(app: &App) -> RepositoryResult<u64> {
    let due = app.clock.now() - CLOSED_KEPT.max(min_age(&app.settings));
    all_of(|| app.uploads.forget_closed_before(due, BATCH)).await
}

/// Batch after batch.
async fn all_of<Forgetting>(forget: impl Fn() -> Forgetting) -> RepositoryResult<u64>
where
    Forgetting: Future<Output = RepositoryResult<u64>>,
{
    let mut forgotten = 0;
    loop {
        let batch = forget().await?;
        forgotten += batch;
        if batch < u64::from(BATCH) {
            return Ok(forgotten);
        }
    }
}
