//! Puts uploads together that came in small pieces, and makes photos of them: one job for all that is due.
//!
//! What is due is in the record, so that a job that was killed is found again; a turn on the upload keeps
//! all others from it meanwhile, in this process and in every other. The API only calls it, and may wait a
//! moment for it: an answer to a phone on a weak signal must not take long.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use windlass_protocol::{TenantId, UploadId};

use super::caught::caught;
use super::finalise::{Assembly, finalise_in};
use super::{ClientClaim, NotFinished};
use crate::app::{App, Turn};
use crate::domain::upload::{Upload, UploadState};
use crate::ports::uploads::RepositoryError;

/// How many uploads one look sees: more than all instances together work on.
const SEEN: u32 = 32;
/// Uploads put together at once. Each holds one part in memory, of 5 MiB as a rule.
pub const AT_ONCE: usize = 2;
/// A turn is waited for so long: a record that is slow, or far away, takes a second. Who keeps it for longer works on the
/// upload.
const PROMPT: Duration = Duration::from_secs(3);
/// What others work on is left to them for so long.
const LEFT_FOR: Duration = Duration::from_secs(5);
/// For so much longer it then comes after all that nobody here has tried.
const LAST_FOR: Duration = Duration::from_secs(25);
/// One that cannot be put together now is tried again after this long.
const AGAIN: Duration = Duration::from_secs(20);
/// How often the record is looked at for an end that another process brings.
const LOOK: Duration = Duration::from_millis(400);

/// Calls between those who have something to put together and those who do it, within this process.
#[derive(Debug, Default)]
pub struct AssemblyCalls {
    due: Notify,
    over: Notify,
    /// Uploads that were begun with here and are not settled, and until when nobody else here tries them.
    begun: Mutex<HashMap<UploadId, Instant>>,
}

impl AssemblyCalls {
    /// There is something to put together.
    pub fn call(&self) {
        self.due.notify_one();
    }

    /// Waits for a call.
    pub async fn called(&self) {
        self.due.notified().await;
    }

    /// Which of those that are due to begin with: none that was begun with a moment ago, and one that was tried in vain
    /// only after all others. Somebody is at work on it, as a rule, for minutes where it is a film: whoever waits for the
    /// turns of a few of those, again and again, never comes to what is behind them.
    fn begin(&self, due: Vec<Upload>) -> Option<Upload> {
        let now = Instant::now();
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, until| *until + LAST_FOR > now);
        let is_free = |upload: &Upload| begun.get(&upload.id()).is_none_or(|until| *until <= now);
        let next = due.into_iter().filter(is_free).min_by_key(|upload| begun.contains_key(&upload.id()))?;
        begun.insert(next.id(), now + LEFT_FOR);
        Some(next)
    }

    /// What is to be put together of it from now on is so by the record's word.
    fn settled(&self, id: UploadId) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Waits until nothing of an upload is to be put together any more, at most as long as the settings say;
/// `false` where that was too short.
pub async fn is_over_soon(app: &App, tenant: &TenantId, id: UploadId) -> Result<bool, RepositoryError> {
    let end = Instant::now() + app.settings.assembly_wait;
    loop {
        let over = app.assembly_calls.over.notified();
        let upload = app.uploads.find(tenant, id).await?;
        if upload.is_none_or(|upload| upload.progress().assembly_due_at.is_none()) {
            return Ok(true);
        }
        let news = async {
            tokio::select! {
                () = over => {}
                () = sleep(LOOK) => {}
            }
        };
        if timeout_at(end, news).await.is_err() {
            return Ok(false);
        }
    }
}

/// Puts together what is due, one upload after the other, and answers how many were begun with. Who is next is asked
/// after each, so that what came meanwhile has its turn. Several may do this beside each other.
pub async fn assemble_due(app: &App) -> Result<usize, RepositoryError> {
    let mut count = 0;
    loop {
        let due = app.uploads.due_for_assembly(app.clock.now(), SEEN).await?;
        let Some(next) = app.assembly_calls.begin(due) else { return Ok(count) };
        count += 1;
        assemble(app, &next.facts().tenant, next.id()).await;
    }
}

async fn assemble(app: &App, tenant: &TenantId, id: UploadId) {
    match assemble_and_settle(app, tenant, id).await {
        Ok(()) => app.assembly_calls.settled(id),
        Err(NotFinished::Assembling) => tracing::debug!(upload = %id, "left to whoever works on it"),
        Err(error) => {
            tracing::warn!(upload = %id, %error, "an upload that was to be put together is tried again");
        }
    }
    app.assembly_calls.over.notify_waiters();
}

/// All in one turn: what a client calls for in between would be taken for what was just done.
async fn assemble_and_settle(app: &App, tenant: &TenantId, id: UploadId) -> Result<(), NotFinished> {
    let taken = timeout(PROMPT, app.turns.take(id)).await;
    let turn = taken.map_err(|_| NotFinished::Assembling)??;
    let claim = ClientClaim::default();
    match caught(finalise_in(&turn, app, tenant, id, &claim, Assembly::Here)).await {
        Ok(_) => Ok(()),
        Err(failure) => settle(&turn, app, tenant, id, failure).await,
    }
}

/// What failed for now is tried again later. What lacks bytes waits for its client; what is wrong was closed.
async fn settle(
    _turn: &Turn,
    app: &App,
    tenant: &TenantId,
    id: UploadId,
    failure: NotFinished,
) -> Result<(), NotFinished> {
    let Some(mut upload) = app.uploads.find(tenant, id).await? else { return Ok(()) };
    if *upload.state() != UploadState::Pending {
        return Ok(());
    }
    let now = app.clock.now();
    match failure {
        NotFinished::Store(_) | NotFinished::Record(_) | NotFinished::Panicked(_) => {
            tracing::warn!(upload = %id, error = %failure, "cannot put an upload together yet");
            upload.assembly_is_due(now + AGAIN, now)?;
        }
        NotFinished::PartsMissing(_)
        | NotFinished::BytesMissing
        | NotFinished::Assembling
        | NotFinished::NotFound
        | NotFinished::Closed(_)
        | NotFinished::Refused(_)
        | NotFinished::Unverifiable(_) => {
            if !upload.assembly_is_over() {
                return Ok(());
            }
        }
    }
    Ok(app.uploads.save(&mut upload).await?)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::domain::upload::Announcement;
    use crate::domain::upload::tests::pending;

    fn upload(number: u8) -> Upload {
        let pending = pending();
        let id = format!("0192f0c1-2c5d-7c1e-9f00-0000000000{number:02x}").parse().unwrap();
        let facts = Announcement { id, ..pending.facts().clone() };
        Upload::announce(facts, None, Vec::new(), pending.progress().deadline_at)
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_work_on_keeps_nothing_waiting_that_was_not_tried_yet() {
        let calls = AssemblyCalls::default();
        let due = [upload(1), upload(2), upload(3)];
        let [first, second, third] = [&due[0], &due[1], &due[2]].map(Upload::id);
        let begin = || calls.begin(due.to_vec()).map(|upload| upload.id());
        // Others have the turns of the first two, and each is waited for in vain.
        assert_eq!(begin(), Some(first));
        advance(PROMPT).await;
        assert_eq!(begin(), Some(second));
        advance(PROMPT).await;
        assert_eq!(begin(), Some(third), "the first may be tried again by now");
        assert_eq!(begin(), Some(first), "nothing else is due");
        assert_eq!(begin(), None, "all were begun with a moment ago");
        advance(LEFT_FOR + LAST_FOR).await;
        assert_eq!(begin(), Some(first), "in their order again");
        calls.settled(first);
        assert_eq!(begin(), Some(first), "what is due of it from now on is so by the record's word");
    }
}
