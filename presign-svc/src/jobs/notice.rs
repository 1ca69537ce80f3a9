//! Notices bytes that nobody reports: Uppy sends a form to the bucket and tells no one, and neither do clients
//! that know nothing of Windlass and only PUT a file. Each such upload is looked for in the bucket, at first
//! every second and then ever less often, until it is there or its URL has died. What is not noticed in time,
//! or was awaited by a process that has ended, `arrivals` finds a few minutes later, as it finds those of clients
//! that could have said so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use windlass_protocol::{TenantId, UploadId};

use super::caught::{caught, round};
use super::finalise::{Assembly, finalise};
use super::{ClientClaim, NotFinished};
use crate::app::App;
use crate::domain::announce::Transfer;
use crate::domain::upload::{Upload, UploadState};
use crate::ports::object_store::StoreError;

/// The first look, and the least time between two.
const SOONEST: Duration = Duration::from_secs(1);
/// The most time between two, in the first half hour.
const LATEST: Duration = Duration::from_secs(30);
/// Then this fraction of the time it has been waited for: a slow line may need hours.
const SELDOM: u32 = 60;
/// How often it is seen whether a look is due.
const TICK: Duration = Duration::from_millis(500);
/// Uploads looked for at once.
const AT_ONCE: usize = 16;
/// Uploads awaited at once; more are left to the janitor.
const MOST: usize = 10_000;

/// Uploads whose client cannot say that it is done.
#[derive(Debug, Default)]
pub struct Awaited {
    due: Mutex<BTreeMap<(OffsetDateTime, UploadId), Expected>>,
    added: Notify,
}

/// One of them.
#[derive(Debug, Clone)]
struct Expected {
    tenant: TenantId,
    since: OffsetDateTime,
    until: OffsetDateTime,
}

impl Awaited {
    /// Looks for an upload's bytes from now on, for as long as they may arrive.
    pub fn add(&self, upload: &Upload, now: OffsetDateTime, may_arrive_for: Duration) {
        let expected =
            Expected { tenant: upload.facts().tenant.clone(), since: now, until: now + may_arrive_for };
        self.put((now + SOONEST, upload.id()), expected);
        self.added.notify_one();
    }

    /// How many are awaited.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn put(&self, place: (OffsetDateTime, UploadId), expected: Expected) {
        let mut due = self.lock();
        if due.len() < MOST {
            due.insert(place, expected);
        }
    }

    fn take_due(&self, now: OffsetDateTime) -> Vec<(UploadId, Expected)> {
        let mut taken = Vec::new();
        let mut due = self.lock();
        while let Some(first) = due.first_entry()
            && first.key().0 <= now
        {
            let ((_, id), expected) = first.remove_entry();
            taken.push((id, expected));
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(OffsetDateTime, UploadId), Expected>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks whenever something is due, until the service stops: that interrupts a look, too, which a bucket that does
/// not answer would make long.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let looks = async {
        loop {
            round(look(&app)).await;
            if app.awaited.count() == 0 {
                app.awaited.added.notified().await;
            } else {
                tokio::time::sleep(TICK).await;
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = looks => {}
    }
}

/// Looks for those that are due now.
pub async fn look(app: &App) {
    let due = app.awaited.take_due(app.clock.now());
    stream::iter(due).for_each_concurrent(AT_ONCE, |(id, expected)| look_for(app, id, expected)).await;
}

/// Makes a photo of what has arrived. What has not is seen without the upload's turn, which costs the database more
/// than a look does.
async fn finish_arrived(app: &App, tenant: &TenantId, id: UploadId) -> Result<Upload, NotFinished> {
    let upload = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
    let comes_in_one =
        upload.facts().file.transfer == Transfer::Put && upload.progress().piece_size_bytes.is_none();
    if *upload.state() == UploadState::Pending && comes_in_one {
        match app.store.head(&upload.original_key()).await {
            Ok(_) => {}
            Err(StoreError::NotFound) => return Err(NotFinished::BytesMissing),
            Err(error) => return Err(error.into()),
        }
    }
    finalise(app, tenant, id, &ClientClaim::default(), Assembly::ByTheJob).await
}

async fn look_for(app: &App, id: UploadId, expected: Expected) {
    match caught(finish_arrived(app, &expected.tenant, id)).await {
        // Smaller pictures may come after the original.
        Ok(upload) if upload.progress().variants.iter().any(|variant| !variant.is_stored) => {}
        Ok(_) | Err(NotFinished::NotFound | NotFinished::Closed(_)) => return,
        Err(NotFinished::Refused(failure)) => {
            tracing::info!(upload = %id, code = ?failure.code, "an upload that nobody reported was refused");
            return;
        }
        Err(NotFinished::BytesMissing | NotFinished::PartsMissing(_)) => {}
        Err(error) => tracing::warn!(upload = %id, %error, "cannot look for an upload's bytes now"),
    }
    let now = app.clock.now();
    if now < expected.until {
        let age = (now - expected.since).unsigned_abs();
        let pause = (age / 2).clamp(SOONEST, LATEST).max(age / SELDOM);
        app.awaited.put((now + pause, id), expected);
    }
}
