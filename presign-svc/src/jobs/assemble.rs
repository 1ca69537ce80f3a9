//! Puts uploads together that came in small pieces, and makes photos of them: one job for all that is due.
//!
//! What is due is in the record, so that a job that was killed is found again; a turn on the upload keeps
//! all others from it meanwhile, in this process and in every other. The API only calls it, and may wait a
//! moment for it: an answer to a phone on a weak signal must not take long.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use windlass_protocol::{TenantId, UploadId};

use super::finalise::{Assembly, finalise_in};
use super::{ClientClaim, NotFinished};
use crate::app::{App, Turn};
use crate::domain::upload::UploadState;
use crate::ports::uploads::RepositoryError;

/// How many uploads one look takes on.
const BATCH: u32 = 32;
/// Uploads put together at once. Each holds one part in memory, of 5 MiB as a rule.
const AT_ONCE: usize = 2;
/// One that cannot be put together now is tried again after this long.
const AGAIN: Duration = Duration::from_secs(20);
/// How often the record is looked at for an end that another process brings.
const LOOK: Duration = Duration::from_millis(400);

/// Calls between those who have something to put together and those who do it, within this process.
#[derive(Debug, Default)]
pub struct AssemblyCalls {
    due: Notify,
    over: Notify,
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

/// Puts together what is due, and answers how many uploads that were.
pub async fn assemble_due(app: &App) -> Result<usize, RepositoryError> {
    let due = app.uploads.due_for_assembly(app.clock.now(), BATCH).await?;
    let count = due.len();
    let work: Vec<_> = due.iter().map(|upload| assemble(app, &upload.facts().tenant, upload.id())).collect();
    stream::iter(work).buffer_unordered(AT_ONCE).collect::<()>().await;
    Ok(count)
}

async fn assemble(app: &App, tenant: &TenantId, id: UploadId) {
    if let Err(error) = assemble_and_settle(app, tenant, id).await {
        tracing::warn!(upload = %id, %error, "an upload that was to be put together is tried again");
    }
    app.assembly_calls.over.notify_waiters();
}

/// All in one turn: what a client calls for in between would be taken for what was just done.
async fn assemble_and_settle(app: &App, tenant: &TenantId, id: UploadId) -> Result<(), NotFinished> {
    let turn = app.turns.take(id).await?;
    match finalise_in(&turn, app, tenant, id, &ClientClaim::default(), Assembly::Here).await {
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
        NotFinished::Store(_) | NotFinished::Record(_) => {
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
