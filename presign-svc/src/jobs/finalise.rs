//! From announced to verified: the moment an upload becomes a photo. Nothing is believed but what the
//! store itself says; repeated, it answers the same.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::time::timeout;
use windlass_protocol::{Checksum, TenantId, UploadId};

use super::ended_links::{self, is_of_ended_link};
use super::inspect::{inspect, type_of};
use super::join_parts::join_parts;
use super::staging::{self, compose_parts, compose_whole, is_all_there};
use super::{ClientClaim, NotFinished, cleanup};
use crate::app::{App, Turn};
use crate::domain::announce::{SizeClaim, Transfer, checksums_agree};
use crate::domain::joining::ExpectedObject;
use crate::domain::photo_facts::record_of;
use crate::domain::upload::{Upload, UploadState, VerifiedObject};
use crate::domain::variant::Variant;
use crate::domain::verify::{Failure, compare_object};
use crate::metrics::UploadOutcome;
use crate::ports::object_store::{ObjectInfo, StoreError};
use crate::ports::uploads::RepositoryError;

/// Whoever waits longer than this for a turn sees to it that it is not the assembly's, and then less and less often:
/// where many wait for one turn, the record would have little time for anybody else.
const PROMPT: Duration = Duration::from_millis(250);
const SELDOM: Duration = Duration::from_secs(4);
/// How often an object that changes meanwhile is looked at.
const LOOKS: usize = 3;

/// Who puts together what came in small pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assembly {
    /// The job that does nothing else: it is called, and the answer is [`NotFinished::Assembling`].
    ByTheJob,
    /// Whoever finalises.
    Here,
}

/// Verifies an upload against the store and makes it a photo; one that is a photo already is answered as
/// it is. One whose bytes are wrong, or come through a link that was ended, is closed and its bytes removed.
pub async fn finalise(
    app: &App,
    tenant: &TenantId,
    id: UploadId,
    claim: &ClientClaim,
    assembly: Assembly,
) -> Result<Upload, NotFinished> {
    let mut taking = pin!(app.turns.take(id));
    let mut patience = PROMPT;
    let turn = loop {
        match timeout(patience, &mut taking).await {
            Ok(turn) => break turn?,
            // The job has the turn until it is done, which may take longer than an answer may.
            Err(_) if assembly == Assembly::ByTheJob && is_being_assembled(app, tenant, id).await? => {
                return Err(NotFinished::Assembling);
            }
            Err(_) => patience = SELDOM.min(patience * 2),
        }
    };
    finalise_in(&turn, app, tenant, id, claim, assembly).await
}

/// The same for who has the upload's turn, and may have more to do in it.
pub async fn finalise_in(
    turn: &Turn,
    app: &App,
    tenant: &TenantId,
    id: UploadId,
    claim: &ClientClaim,
    assembly: Assembly,
) -> Result<Upload, NotFinished> {
    let mut upload = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
    match upload.state() {
        UploadState::Pending if is_of_ended_link(app, &upload).await? => {
            return Err(NotFinished::Closed(ended_links::close(turn, app, upload).await?.status()));
        }
        UploadState::Pending => {}
        // Verified before, but not against what is claimed only now: the photo stays, the claim is refused.
        UploadState::Stored { object, .. }
            if !checksums_agree(object.checksum.as_ref(), claimed_checksum(&upload, claim).as_ref()) =>
        {
            return Err(NotFinished::Refused(Failure::checksum(&upload.facts().file)));
        }
        UploadState::Stored { .. } => return with_late_variants(app, upload).await,
        UploadState::Refused(failure) => return Err(NotFinished::Refused(failure.clone())),
        UploadState::Aborted | UploadState::Expired => return Err(NotFinished::Closed(upload.status())),
    }
    let began = Instant::now();
    match verify_settled(app, &mut upload, claim, assembly).await {
        Ok((object, variants)) => {
            // To join parts, or to put pieces together, takes minutes: who ends the link meanwhile waits for this turn.
            if is_of_ended_link(app, &upload).await? {
                return Err(NotFinished::Closed(ended_links::close(turn, app, upload).await?.status()));
            }
            let now = app.clock.now();
            let since_announced = (now - upload.facts().created_at).unsigned_abs();
            upload.verified(object, variants, now)?;
            upload.staging_ends(now, app.settings.bytes_may_arrive_for(&upload));
            let upload = save_verified(app, upload).await?;
            if let Err(error) = staging::remove_staged(app, &upload).await {
                tracing::warn!(upload = %upload.id(), %error, "what was staged of an upload stays for now");
            }
            app.metrics.verified(began.elapsed(), since_announced);
            Ok(upload)
        }
        Err(NotFinished::Refused(failure)) => {
            upload.refused(failure.clone(), app.clock.now(), app.settings.bytes_may_arrive_for(&upload))?;
            app.uploads.save(&mut upload).await?;
            app.metrics.uploads(UploadOutcome::Refused, 1);
            cleanup::remove_now(app, &upload).await;
            Err(NotFinished::Refused(failure))
        }
        Err(other) => Err(other),
    }
}

/// The checksum of what a client says it has sent: of the whole file, or of all its parts together.
fn claimed_checksum(upload: &Upload, claim: &ClientClaim) -> Option<Checksum> {
    let Transfer::Multipart(plan) = &upload.facts().file.transfer else { return claim.checksum };
    let names_all = plan.part_numbers().eq(claim.parts.iter().map(|part| part.part_number));
    let of_parts = || ExpectedObject::claimed(plan, &claim.parts, None).checksum.filter(|_| names_all);
    claim.checksum.or_else(of_parts)
}

/// Whether it is to be put together now.
async fn is_being_assembled(app: &App, tenant: &TenantId, id: UploadId) -> Result<bool, RepositoryError> {
    let upload = app.uploads.find(tenant, id).await?;
    let due_at = upload.and_then(|upload| upload.progress().assembly_due_at);
    Ok(due_at.is_some_and(|due_at| due_at <= app.clock.now()))
}

/// What is stored, and the smaller pictures that are there. Where an object is replaced while it is looked
/// into, it is looked at again.
pub(super) async fn verify_settled(
    app: &App,
    upload: &mut Upload,
    claim: &ClientClaim,
    assembly: Assembly,
) -> Result<(VerifiedObject, Vec<Variant>), NotFinished> {
    for _ in 0..LOOKS {
        let looked = async {
            let object = verify(app, upload, claim, assembly).await?;
            Ok((object, check_variants(app, upload).await?))
        };
        match looked.await {
            Err(NotFinished::Store(StoreError::Precondition)) => {}
            outcome => return outcome,
        }
    }
    let why = "an object is replaced again and again while it is verified";
    Err(NotFinished::Store(StoreError::Unavailable(why.to_owned())))
}

async fn verify(
    app: &App,
    upload: &mut Upload,
    claim: &ClientClaim,
    assembly: Assembly,
) -> Result<VerifiedObject, NotFinished> {
    let object = match arrived_object(app, upload, claim).await {
        Err(missing @ (NotFinished::BytesMissing | NotFinished::PartsMissing(_))) => {
            assemble(app, upload, missing, assembly).await?;
            arrived_object(app, upload, claim).await?
        }
        arrived => arrived?,
    };
    let file = &upload.facts().file;
    compare_object(file, claim.checksum.as_ref(), &object)?.map_err(NotFinished::Refused)?;
    let least = app.settings.limits.for_kind(file.media_type.kind()).map_or(0, |accepted| *accepted.start());
    if file.size_claim == SizeClaim::AtMost && object.size_bytes < least {
        return Err(NotFinished::Refused(Failure::too_small(file, object.size_bytes, least)));
    }
    let key = upload.original_key();
    let findings = inspect(app.store.as_ref(), &key, object.size_bytes, &object.etag).await?;
    let media_type = findings
        .media_type
        .filter(|found| found.may_be_announced_as(file.media_type))
        .ok_or_else(|| NotFinished::Refused(Failure::content(file, findings.media_type.map(|t| t.mime()))))?;
    Ok(VerifiedObject {
        etag: object.etag,
        size_bytes: object.size_bytes,
        media_type,
        checksum: object.checksum.or(file.checksum),
        metadata: record_of(findings.metadata, file.claimed_metadata.as_ref()),
        verified_at: app.clock.now(),
    })
}

async fn arrived_object(
    app: &App,
    upload: &mut Upload,
    claim: &ClientClaim,
) -> Result<ObjectInfo, NotFinished> {
    match upload.facts().file.transfer {
        Transfer::Put => stored_object(app, upload).await,
        Transfer::Multipart(plan) => join_parts(app, upload, &plan, claim).await,
    }
}

/// Has what is missing put together from its pieces, where they are all there; what is missing otherwise is
/// the answer.
async fn assemble(
    app: &App,
    upload: &mut Upload,
    missing: NotFinished,
    assembly: Assembly,
) -> Result<(), NotFinished> {
    let Some(staged) = staging::staged(app, upload).await? else { return Err(missing) };
    let file = &upload.facts().file;
    let parts = match (&missing, &file.transfer) {
        (NotFinished::PartsMissing(parts), Transfer::Multipart(plan)) => Some((*plan, parts.clone())),
        _ => None,
    };
    if let Some((plan, parts)) = &parts {
        let is_there = |part| plan.byte_range(part).is_some_and(|range| is_all_there(&staged, &range));
        let lacking: Vec<_> = parts.iter().copied().filter(|part| !is_there(*part)).collect();
        if !lacking.is_empty() {
            return Err(NotFinished::PartsMissing(lacking));
        }
    } else if !is_all_there(&staged, &(0..file.size_bytes)) {
        return Err(missing);
    }
    match (assembly, parts) {
        (Assembly::ByTheJob, _) => {
            let now = app.clock.now();
            if upload.progress().assembly_due_at.is_none() {
                upload.assembly_is_due(now, now)?;
                app.uploads.save(upload).await?;
            }
            app.assembly_calls.call();
            Err(NotFinished::Assembling)
        }
        (Assembly::Here, None) => compose_whole(app, upload, &staged).await,
        (Assembly::Here, Some((plan, parts))) => compose_parts(app, upload, &staged, &plan, &parts).await,
    }
}

async fn stored_object(app: &App, upload: &Upload) -> Result<ObjectInfo, NotFinished> {
    match app.store.head(&upload.original_key()).await {
        Err(StoreError::NotFound) => Err(NotFinished::BytesMissing),
        other => Ok(other?),
    }
}

/// Stores the photo. Where somebody else closed the upload meanwhile, the bytes go; where somebody else
/// made it a photo, that is the answer.
async fn save_verified(app: &App, mut upload: Upload) -> Result<Upload, NotFinished> {
    match app.uploads.save(&mut upload).await {
        Ok(()) => Ok(upload),
        Err(RepositoryError::Stale) => {
            let (tenant, id) = (&upload.facts().tenant, upload.id());
            let current = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
            match current.state() {
                UploadState::Stored { .. } => Ok(current),
                UploadState::Pending => Err(RepositoryError::Stale.into()),
                UploadState::Refused(_) | UploadState::Aborted | UploadState::Expired => {
                    cleanup::remove_now(app, &current).await;
                    Err(NotFinished::Closed(current.status()))
                }
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// A repeated complete also finds smaller pictures that came after the first one.
async fn with_late_variants(app: &App, mut upload: Upload) -> Result<Upload, NotFinished> {
    if upload.progress().variants.iter().all(|variant| variant.is_stored) {
        return Ok(upload);
    }
    let mut looks = 0;
    let variants = loop {
        looks += 1;
        match check_variants(app, &upload).await {
            // One is replaced while it is looked at. Whoever is answered need not ask again, and nobody else looks.
            Err(StoreError::Precondition) if looks < LOOKS => {}
            Err(StoreError::Precondition) => return Ok(upload),
            checked => break checked?,
        }
    };
    if variants != upload.progress().variants {
        upload.variants_arrived(variants, app.clock.now());
        app.uploads.save(&mut upload).await?;
    }
    Ok(upload)
}

/// Which of the announced smaller pictures are there, with their announced size and checksum, and are pictures
/// of the announced type. The others are not shown; they refuse nothing.
pub(super) async fn check_variants(app: &App, upload: &Upload) -> Result<Vec<Variant>, StoreError> {
    let checks = upload.progress().variants.iter().map(|variant| async move {
        let is_stored = variant.is_stored || is_stored(app, upload, variant).await?;
        Ok(Variant { is_stored, ..variant.clone() })
    });
    try_join_all(checks).await
}

async fn is_stored(app: &App, upload: &Upload, variant: &Variant) -> Result<bool, StoreError> {
    let key = upload.variant_key(variant);
    let object = match app.store.head(&key).await {
        Ok(object) => object,
        Err(StoreError::NotFound) => return Ok(false),
        Err(error) => return Err(error),
    };
    let is_announced = object.size_bytes == variant.size_bytes
        && object.content_encoding.is_none()
        && checksums_agree(object.checksum.as_ref(), variant.checksum.as_ref());
    Ok(is_announced && type_of(app.store.as_ref(), &key, &object.etag).await? == Some(variant.media_type))
}
