//! From stored parts to one object. The store is the authority on what it has; the client's list of
//! parts only adds doubt.

use windlass_protocol::{Checksum, ChecksumAlgorithm, PartPlan};

use super::{ClientClaim, NotFinished, multipart};
use crate::app::App;
use crate::domain::announce::SizeClaim;
use crate::domain::joining::{ExpectedObject, missing_parts, parts_to_join};
use crate::domain::stored::{MultipartId, PartToJoin, StoredPart};
use crate::domain::unplanned::{Unplanned, plan_of_named};
use crate::domain::upload::Upload;
use crate::domain::verify::Failure;
use crate::ports::object_store::{MultipartCompletion, ObjectInfo, StoreError};
use crate::ports::uploads::RepositoryError;

/// Joins the parts unless an earlier call did, and says what the store has now.
pub(super) async fn join_parts(
    app: &App,
    upload: &mut Upload,
    plan: &PartPlan,
    claim: &ClientClaim,
) -> Result<ObjectInfo, NotFinished> {
    let key = upload.original_key();
    let Some(multipart) = upload.progress().multipart.clone() else {
        multipart::open(app, upload).await?;
        return Err(all_missing(plan));
    };
    let stored = match app.store.list_parts(&key, &multipart).await {
        Ok(stored) => stored,
        Err(StoreError::NoSuchUpload) => return joined_or_anew(app, upload, plan, claim).await,
        Err(error) => return Err(error.into()),
    };
    let settled = settled_plan(upload, plan, &stored, claim)?;
    let plan = &settled;
    let missing = missing_parts(plan, &stored, &claim.parts);
    if !missing.is_empty() {
        return Err(NotFinished::PartsMissing(missing));
    }
    let parts = parts_to_join(plan, stored);
    // Written down first: if the answer is lost, the object is recognised by it.
    upload.about_to_join(ExpectedObject::of(plan, &parts), app.clock.now())?;
    app.uploads.save(upload).await?;
    let completion = MultipartCompletion {
        key: &key,
        multipart: &multipart,
        parts: &parts,
        checksum: whole_checksum(upload, claim),
        only_if_absent: app.settings.conditional_writes,
    };
    let mut joined = app.store.complete_multipart(&completion).await;
    if matches!(joined, Err(StoreError::Precondition)) {
        // Something is at the key.
        if let Some(object) = find_joined(app, upload, plan, claim).await? {
            app.store.abort_multipart(&key, &multipart).await?;
            return Ok(object);
        }
        still_unjoined(app, upload, plan, &multipart, &parts).await?;
        tracing::warn!(upload = %upload.id(), "an object that is not this upload's was at its key; removed");
        app.store.delete(&key).await?;
        joined = app.store.complete_multipart(&completion).await;
    }
    match joined {
        Ok(()) => Ok(app.store.head(&key).await?),
        Err(StoreError::NoSuchUpload) => joined_or_anew(app, upload, plan, claim).await,
        // A part was replaced or lost between the listing and now.
        Err(StoreError::InvalidPart | StoreError::PartTooSmall) => {
            let stored = app.store.list_parts(&key, &multipart).await?;
            let missing = missing_parts(plan, &stored, &parts);
            if missing.is_empty() { Err(all_missing(plan)) } else { Err(NotFinished::PartsMissing(missing)) }
        }
        Err(StoreError::ChecksumMismatch) => {
            Err(NotFinished::Refused(Failure::checksum(&upload.facts().file)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks once more before what is at the key is removed: what is to take its place must all be there now. A store that
/// tells nothing of the content does not say whether the object is this very join, made by who had the turn before or
/// by a request that was repeated because its answer was lost; but then the record has changed, or the parts are gone.
async fn still_unjoined(
    app: &App,
    upload: &Upload,
    plan: &PartPlan,
    multipart: &MultipartId,
    parts: &[PartToJoin],
) -> Result<(), NotFinished> {
    let current =
        app.uploads.find(&upload.facts().tenant, upload.id()).await?.ok_or(NotFinished::NotFound)?;
    if current.progress().version != upload.progress().version {
        return Err(RepositoryError::Stale.into());
    }
    let stored = match app.store.list_parts(&upload.original_key(), multipart).await {
        Ok(stored) => stored,
        Err(StoreError::NoSuchUpload) => {
            let why = "the parts are gone while an object that may be theirs is at their key";
            return Err(StoreError::Unavailable(why.to_owned()).into());
        }
        Err(error) => return Err(error.into()),
    };
    let missing = missing_parts(plan, &stored, parts);
    if missing.is_empty() { Ok(()) } else { Err(NotFinished::PartsMissing(missing)) }
}

/// The plan the parts were made by: as announced, or, where the client cut the file as it liked, as it names
/// what it sent.
fn settled_plan(
    upload: &Upload,
    announced: &PartPlan,
    stored: &[StoredPart],
    claim: &ClientClaim,
) -> Result<PartPlan, NotFinished> {
    let file = &upload.facts().file;
    if file.size_claim == SizeClaim::Exactly {
        return Ok(*announced);
    }
    plan_of_named(stored, &claim.parts).map_err(|unplanned| match unplanned {
        Unplanned::Missing(parts) => NotFinished::PartsMissing(parts),
        Unplanned::Uneven => NotFinished::Refused(Failure::parts(file)),
    })
}

/// The multipart upload is gone: either it became our object and the answer was lost, or the store gave it
/// up. Then a new one is opened, and every part is to be sent again. What is at the key stays until those
/// parts are there: it may be the only copy, of an upload that a restored record does not know as joined.
async fn joined_or_anew(
    app: &App,
    upload: &mut Upload,
    plan: &PartPlan,
    claim: &ClientClaim,
) -> Result<ObjectInfo, NotFinished> {
    if let Some(object) = find_joined(app, upload, plan, claim).await? {
        return Ok(object);
    }
    multipart::open(app, upload).await?;
    Err(all_missing(plan))
}

/// The object at the upload's key, where it is this upload's: what was written down before joining, what the
/// client's parts become, or what has the whole file's checksum.
async fn find_joined(
    app: &App,
    upload: &Upload,
    plan: &PartPlan,
    claim: &ClientClaim,
) -> Result<Option<ObjectInfo>, StoreError> {
    let object = match app.store.head(&upload.original_key()).await {
        Ok(object) => object,
        Err(StoreError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let file = &upload.facts().file;
    let written_down = upload.progress().expected.clone();
    let claimed = ExpectedObject::claimed(plan, &claim.parts, claim.checksum);
    let is_ours = written_down.into_iter().chain([claimed]).any(|expected| expected.is(file, &object));
    Ok(is_ours.then_some(object))
}

/// Whether it is joined, as far as can be told without its client.
pub(super) async fn is_joined(app: &App, upload: &Upload, plan: &PartPlan) -> Result<bool, StoreError> {
    Ok(find_joined(app, upload, plan, &ClientClaim::default()).await?.is_some())
}

/// What the store has of an upload that is not joined yet; a lost multipart upload has nothing and is
/// opened anew.
pub async fn stored_parts(
    app: &App,
    upload: &mut Upload,
    multipart: &MultipartId,
) -> Result<Vec<StoredPart>, NotFinished> {
    match app.store.list_parts(&upload.original_key(), multipart).await {
        Ok(parts) => Ok(parts),
        Err(StoreError::NoSuchUpload) if upload.progress().expected.is_none() => {
            multipart::open(app, upload).await?;
            Ok(Vec::new())
        }
        // Joined, or lost while joining: complete finds out which.
        Err(StoreError::NoSuchUpload) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// The checksum the store can hold the joined object against.
fn whole_checksum<'a>(upload: &'a Upload, claim: &'a ClientClaim) -> Option<&'a Checksum> {
    [upload.facts().file.checksum.as_ref(), claim.checksum.as_ref()]
        .into_iter()
        .flatten()
        .find(|checksum| checksum.algorithm() == ChecksumAlgorithm::Crc64Nvme)
}

fn all_missing(plan: &PartPlan) -> NotFinished {
    NotFinished::PartsMissing(plan.part_numbers().collect())
}
