//! The janitor: closes uploads nobody finished, and removes from the store what no photo needs.

use std::time::Duration;

use futures::future::join_all;
use windlass_protocol::{PartPlan, TenantId, UploadId, UploadStatus};

use super::caught::caught;
use super::finalise::{Assembly, finalise, finalise_in};
use super::staging::remove_staged;
use super::{ClientClaim, NotFinished};
use crate::app::{App, Turn};
use crate::domain::announce::Transfer;
use crate::domain::joining::may_be_joined;
use crate::domain::upload::{Upload, UploadState};
use crate::metrics::UploadOutcome;
use crate::ports::object_store::{ObjectInfo, StoreError};
use crate::ports::uploads::RepositoryError;

/// How many uploads of each kind one sweep takes on.
pub const BATCH: u32 = 100;
/// What fails is tried again after this long, and does not stand before what is due meanwhile.
pub const AGAIN: Duration = Duration::from_secs(15 * 60);

/// What one sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads whose bytes were all there although their client never said so: now photos.
    pub finished: u32,
    /// Uploads past their deadline that came to nothing.
    pub expired: u32,
    /// Closed uploads and deleted photos of which nothing is left in the store.
    pub cleaned: u32,
    /// Those that failed, or cannot be read, and are tried again a few sweeps later.
    pub failed: u32,
}

impl Swept {
    /// How many uploads there is nothing left to do for.
    pub fn done(&self) -> u32 {
        self.finished + self.expired + self.cleaned
    }
}

/// Looks after what is due now, a batch of each kind.
pub async fn sweep(app: &App) -> Result<Swept, RepositoryError> {
    let mut swept = Swept::default();
    let due = app.uploads.past_deadline(app.clock.now(), BATCH).await?;
    let mut failed = due.unreadable;
    for upload in due.uploads {
        match caught(finish_or_expire(app, &upload.facts().tenant, upload.id())).await {
            Ok(UploadState::Expired | UploadState::Aborted | UploadState::Refused(_)) => swept.expired += 1,
            Ok(UploadState::Stored { .. }) => swept.finished += 1,
            Ok(_) => {}
            Err(error) if is_anothers(&error) => {}
            Err(error) => {
                tracing::warn!(upload = %upload.id(), %error, "cannot close an upload past its deadline yet");
                failed.push(upload.id());
            }
        }
    }
    let due = app.uploads.due_for_cleanup(app.clock.now(), BATCH).await?;
    failed.extend(due.unreadable);
    for upload in due.uploads {
        match caught(clean_up(app, &upload)).await {
            Ok(()) => swept.cleaned += 1,
            Err(error) if is_anothers(&error) => {}
            Err(error) => {
                tracing::warn!(upload = %upload.id(), %error, "cannot clean up after an upload yet");
                failed.push(upload.id());
            }
        }
    }
    if !failed.is_empty() {
        app.metrics.janitor_failed(failed.len() as u64);
        app.uploads.put_off_due(&failed, app.clock.now() + AGAIN).await?;
    }
    swept.failed = failed.len() as u32;
    Ok(swept)
}

/// Whether somebody else came first, the janitor of another instance or its client: what is left to do is theirs.
fn is_anothers(error: &NotFinished) -> bool {
    matches!(
        error,
        NotFinished::Closed(_) | NotFinished::NotFound | NotFinished::Record(RepositoryError::Stale)
    )
}

/// Removes what the store has of a closed upload, as far as it can: the record knows that it is due, so
/// what fails now is done by a later sweep.
pub async fn remove_now(app: &App, upload: &Upload) {
    if let Err(error) = remove_objects(app, upload).await {
        tracing::warn!(upload = %upload.id(), %error, "cannot clean up after an upload yet");
    }
}

async fn finish_or_expire(app: &App, tenant: &TenantId, id: UploadId) -> Result<UploadState, NotFinished> {
    // Those before it in the batch may have taken long: its client may be back.
    let upload = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
    if is_put_off(app, &upload) {
        return Ok(upload.state().clone());
    }
    match finalise(app, tenant, id, &ClientClaim::default(), Assembly::Here).await {
        Ok(upload) => return Ok(upload.state().clone()),
        Err(NotFinished::PartsMissing(_) | NotFinished::BytesMissing | NotFinished::Unverifiable(_)) => {}
        Err(NotFinished::Refused(failure)) => return Ok(UploadState::Refused(failure)),
        // Of a link that was ended, or its client came between.
        Err(NotFinished::Closed(UploadStatus::Aborted)) => return Ok(UploadState::Aborted),
        Err(error) => return Err(error),
    }
    let turn = app.turns.take(id).await?;
    let mut upload = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
    if is_put_off(app, &upload) {
        return Ok(upload.state().clone());
    }
    if let Transfer::Multipart(plan) = upload.facts().file.transfer
        && let Some(object) = object_of(app, &upload).await?
    {
        return keep(&turn, app, upload, &plan, &object).await;
    }
    if *upload.state() == UploadState::Pending && is_listed(app, &upload).await? {
        let why = "an original is listed, and said not to be there".to_owned();
        return Err(StoreError::Unavailable(why).into());
    }
    upload.expire(app.clock.now(), app.settings.bytes_may_arrive_for(&upload))?;
    app.uploads.save(&mut upload).await?;
    app.metrics.uploads(UploadOutcome::Expired, 1);
    remove_now(app, &upload).await;
    Ok(upload.state().clone())
}

/// What is at the key of its original.
async fn object_of(app: &App, upload: &Upload) -> Result<Option<ObjectInfo>, StoreError> {
    match app.store.head(&upload.original_key()).await {
        Ok(object) => Ok(Some(object)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a listing shows its original. That it is not there is told by a status alone, which a gateway before the store
/// may have given; and what is given up then may be the only copy of a photo.
async fn is_listed(app: &App, upload: &Upload) -> Result<bool, StoreError> {
    let key = upload.original_key();
    let page = app.store.list_objects(key.as_str(), None).await?;
    Ok(page.objects.iter().any(|object| object.key == key.as_str()))
}

/// At the key of what goes in parts only a join of ours writes: no URL for it is ever signed. Where the record knows
/// of no join it is a copy from before, or the process died before it could say so, beside a store that tells
/// nothing of the content; the object is then the only one of a photo that its client has sent and forgotten. It is
/// verified as ever. What no join of such parts makes stays as it is, for somebody to look at.
async fn keep(
    turn: &Turn,
    app: &App,
    mut upload: Upload,
    plan: &PartPlan,
    object: &ObjectInfo,
) -> Result<UploadState, NotFinished> {
    let (id, now) = (upload.id(), app.clock.now());
    if !may_be_joined(&upload.facts().file, plan, object) {
        let key = upload.original_key();
        let why = "at its key is an object that its parts did not become";
        tracing::warn!(upload = %id, %key, "an upload past its deadline waits: {why}");
        upload.put_off(now, app.settings.upload_deadline)?;
        app.uploads.save(&mut upload).await?;
        return Ok(upload.state().clone());
    }
    tracing::warn!(upload = %id, "the record did not know that an upload was joined: its object is verified");
    upload.found_joined(object, now)?;
    app.uploads.save(&mut upload).await?;
    if let Some(multipart) = &upload.progress().multipart {
        // Opened since, by whoever missed the parts.
        app.store.abort_multipart(&upload.original_key(), multipart).await?;
    }
    let tenant = &upload.facts().tenant;
    match finalise_in(turn, app, tenant, id, &ClientClaim::default(), Assembly::Here).await {
        Ok(upload) => Ok(upload.state().clone()),
        Err(NotFinished::Refused(failure)) => Ok(UploadState::Refused(failure)),
        Err(error) => Err(error),
    }
}

/// Whether its deadline is another one by now.
fn is_put_off(app: &App, upload: &Upload) -> bool {
    upload.progress().deadline_at > app.clock.now()
}

async fn clean_up(app: &App, upload: &Upload) -> Result<(), NotFinished> {
    let is_photo = upload.object().is_some() && upload.progress().deleted_at.is_none();
    if is_photo {
        // Of a photo only what was staged goes.
        remove_staged(app, upload).await?;
    } else {
        remove_objects(app, upload).await?;
    }
    if upload.progress().deleted_at.is_some() {
        app.uploads.forget(&upload.facts().tenant, upload.id()).await?;
    } else {
        let mut upload = upload.clone();
        upload.cleaned_up(app.clock.now());
        app.uploads.save(&mut upload).await?;
    }
    Ok(())
}

async fn remove_objects(app: &App, upload: &Upload) -> Result<(), StoreError> {
    let original = upload.original_key();
    if let Some(multipart) = &upload.progress().multipart {
        app.store.abort_multipart(&original, multipart).await?;
    }
    let variants = upload.progress().variants.iter().map(|variant| upload.variant_key(variant));
    let keys: Vec<_> = variants.chain([original]).collect();
    remove_staged(app, upload).await?;
    join_all(keys.iter().map(|key| app.store.delete(key))).await.into_iter().collect()
}
