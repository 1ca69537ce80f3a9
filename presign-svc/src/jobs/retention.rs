//! Forgets events that are too old to be replayed: a page that comes back later looks at the photos anyway.

use crate::app::App;
use crate::ports::uploads::RepositoryResult;

/// How many are forgotten at once, so that nobody waits long for the database.
const BATCH: u32 = 1000;

/// Forgets what is due. Says how many.
pub async fn forget_old_events(app: &App) -> RepositoryResult<u64> {
    let due = app.clock.now() - app.settings.event_retention;
    let mut forgotten = 0;
    loop {
        let batch = app.events.forget_before(due, BATCH).await?;
        forgotten += batch;
        if batch < u64::from(BATCH) {
            return Ok(forgotten);
        }
    }
}
