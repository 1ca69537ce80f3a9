//! A photo whose record is lost becomes one again: from its key, and from what is in the bucket. It is verified as
//! any other; what only the record knew (its name on the phone, its caption, who sent it) is lost.

use time::OffsetDateTime;
use windlass_protocol::UploadId;

use super::CannotReconcile;
use crate::app::App;
use crate::domain::announce::{AnnouncedFile, SizeClaim, Transfer};
use crate::domain::filename::Filename;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::{KeyParts, ObjectKey};
use crate::domain::quota::Allowance;
use crate::domain::upload::{Announcement, Upload};
use crate::domain::variant::{Variant, VariantName};
use crate::jobs::finalise::{Assembly, verify_settled};
use crate::jobs::inspect::{Findings, inspect};
use crate::jobs::{ClientClaim, NotFinished};
use crate::ports::object_store::{BucketEntry, StoreError};
use crate::ports::uploads::Recorded;

/// Who sent an adopted photo, as far as the record knows.
const ADOPTED_BY: &str = "windlass reconcile";

/// Whether it is the file as captured, and not a smaller picture.
pub(super) fn is_original(parts: &KeyParts) -> bool {
    parts.name.split_once('.').is_some_and(|(stem, _)| stem == "original")
}

/// Verifies and records the photo of an original. The inner error says why it cannot be one; nothing is changed then.
pub(super) async fn adopt(
    app: &App,
    parts: &KeyParts,
    object: &BucketEntry,
) -> Result<Result<Upload, String>, CannotReconcile> {
    if !is_original(parts) {
        return Ok(Err("a smaller picture without its original".to_owned()));
    }
    let Some(project) = parts.project.clone() else {
        return Ok(Err("its key does not say of which project it is".to_owned()));
    };
    let media_type = match look_into(app, &object.key, object.size_bytes).await {
        Ok(Some((media_type, _))) => media_type,
        Ok(None) => return Ok(Err("its content is not what its name says".to_owned())),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let now = app.clock.now();
    let facts = Announcement {
        id: UploadId::from(parts.photo),
        tenant: parts.tenant.clone(),
        project,
        created_by: ADOPTED_BY.to_owned(),
        file: AnnouncedFile {
            filename: Filename::clean(&parts.name),
            media_type,
            size_bytes: object.size_bytes,
            size_claim: SizeClaim::Exactly,
            checksum: None,
            claimed_metadata: None,
            transfer: Transfer::Put,
        },
        folder: parts.folder.clone(),
        created_at: created_at(parts).unwrap_or(object.written_at),
    };
    let variants = variants(app, parts).await?;
    let mut upload = Upload::announce(facts, None, variants, now);
    // Verified first, and recorded as the photo it then is: of an upload that is refused, or never finished, what is in
    // the bucket is removed, and this may be the only copy.
    match verify_settled(app, &mut upload, &ClientClaim::default(), Assembly::Here).await {
        Ok((object, variants)) => upload.verified(object, variants, now).map_err(NotFinished::from)?,
        Err(error) => return Ok(Err(error.to_string())),
    }
    match app.uploads.insert(vec![upload], &Allowance::default()).await?.pop() {
        Some(Recorded::New(photo)) => Ok(Ok(photo)),
        _ => Ok(Err("it was recorded in this very moment".to_owned())),
    }
}

/// When its id was made (RFC 9562, UUIDv7).
fn created_at(parts: &KeyParts) -> Option<OffsetDateTime> {
    let (seconds, nanos) = parts.photo.as_uuid().get_timestamp()?.to_unix();
    let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()
}

/// The smaller pictures beside it whose size in pixels can be read.
async fn variants(app: &App, parts: &KeyParts) -> Result<Vec<Variant>, StoreError> {
    let mut variants = Vec::new();
    for object in app.store.list(&format!("{}/", parts.folder.as_str())).await? {
        let Some(name) = object.key.rsplit('/').next().and_then(|name| name.split_once('.')) else {
            continue;
        };
        let Ok(name) = VariantName::try_from(name.0.to_owned()) else { continue };
        let Some((media_type, found)) = look_into(app, &object.key, object.size_bytes).await? else {
            continue;
        };
        let metadata = found.metadata.unwrap_or_default();
        if let (Some(width), Some(height), true) =
            (metadata.width, metadata.height, media_type.is_variant_type())
        {
            let size_bytes = object.size_bytes;
            let variant =
                Variant { name, media_type, size_bytes, width, height, checksum: None, is_stored: false };
            variants.push(variant);
        }
    }
    Ok(variants)
}

/// The type an object's name says, where its content agrees, and what else is in it.
async fn look_into(
    app: &App,
    key: &str,
    size_bytes: u64,
) -> Result<Option<(MediaType, Findings)>, StoreError> {
    let Ok(object_key) = ObjectKey::try_from(key.to_owned()) else { return Ok(None) };
    let extension = key.rsplit('.').next().unwrap_or_default();
    let Some(named) = MediaType::ALL.into_iter().find(|kind| kind.extension() == extension) else {
        return Ok(None);
    };
    let etag = app.store.head(&object_key).await?.etag;
    let found = inspect(app.store.as_ref(), &object_key, size_bytes, &etag).await?;
    let agrees = found.media_type.is_some_and(|content| content.may_be_announced_as(named));
    Ok(agrees.then_some((named, found)))
}
