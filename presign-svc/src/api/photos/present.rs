//! A photo as its viewer gets it: with signed URLs that stay the same for a while, so that browsers cache
//! what they fetch. Who may not read photos gets none, whatever else it may do to them, and nobody gets one of a
//! quarantined photo.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use windlass_protocol::photo::{StatusAt, Variant as WireVariant};
use windlass_protocol::{Photo, PhotoMetadata, Timestamp, UploadStatus};

use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::delivery::{Reach, Wildcard};
use crate::domain::delivery::{content_disposition, variant_filename};
use crate::domain::filename::Filename;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::ObjectKey;
use crate::domain::photo_facts::PhotoFacts;
use crate::domain::upload::{Stage, StatusChange, Upload, UploadState, VerifiedObject};
use crate::ports::object_store::{GetToSign, SignedRequest, SigningWindow};

/// The signed URLs of a photo.
pub struct PhotoLinks {
    /// The original's.
    pub url: String,
    /// Those of the smaller pictures, by name.
    pub variants: BTreeMap<String, WireVariant>,
    /// When the first of them stops working.
    pub expires_at: Timestamp,
}

/// What is known of a photo: what was verified, or, while its original is on its way, what its client said.
struct Known<'a> {
    media_type: MediaType,
    metadata: Option<&'a PhotoMetadata>,
    verified_at: Option<OffsetDateTime>,
}

/// Shows a verified upload, or one of which a smaller picture is there: with URLs and what the camera knew to
/// those who may read photos, and without to those whose token lets them only bring or process them.
pub async fn present(app: &App, caller: &Caller, upload: &Upload) -> Result<Photo, ApiError> {
    let known = known(upload)?;
    let facts = upload.facts();
    let may_read = caller.scopes.contains(&Scope::Read);
    let may_fetch = may_read && upload.status() != UploadStatus::Quarantined;
    let window = app.settings.get_window(app.clock.now());
    let (mut url, mut variants, mut url_expires_at) = (None, BTreeMap::new(), None);
    if may_fetch && upload.is_arriving() {
        let (pictures, expires_at) = sign_variants(app, upload, window).await?;
        (variants, url_expires_at) = (pictures, expires_at.map(Timestamp::from));
    } else if may_fetch {
        let links = sign_links(app, upload, window).await?;
        (url, variants, url_expires_at) = (Some(links.url), links.variants, Some(links.expires_at));
    }
    let shown = known.metadata.map(PhotoFacts::of).unwrap_or_default();
    Ok(Photo {
        photo_id: upload.photo_id(),
        project_id: facts.project.clone(),
        filename: facts.file.filename.to_string(),
        content_type: known.media_type.mime().to_owned(),
        size: upload.size_bytes(),
        status: upload.status(),
        status_reason: upload.status_reason().map(str::to_owned),
        kind: known.media_type.kind(),
        width: shown.width,
        height: shown.height,
        taken_at: shown.taken_at.filter(|_| may_read),
        location: shown.location.filter(|_| may_read),
        metadata: known.metadata.cloned().filter(|_| may_read),
        url,
        variants,
        url_expires_at,
        created_by: may_read.then(|| facts.created_by.clone()),
        created_at: Timestamp::from(facts.created_at),
        uploaded_at: known.verified_at.map(Timestamp::from),
        caption: upload.progress().description.caption.clone(),
        tags: upload.progress().description.tags.clone(),
        status_history: upload.statuses().into_iter().map(StatusAt::from).collect(),
    })
}

/// Signs a verified upload's URLs, for one who may read photos.
pub async fn sign_links(app: &App, upload: &Upload, window: SigningWindow) -> Result<PhotoLinks, ApiError> {
    let object = fetchable(upload)?;
    let file = &upload.facts().file;
    let types = [file.media_type, object.media_type];
    let scope = scope_of(app, upload);
    let original = sign(app, &upload.original_key(), types, &file.filename, scope.as_deref(), window).await?;
    let (variants, expires_at) = sign_variants(app, upload, window).await?;
    let expires_at = expires_at.map_or(original.expires_at, |first| first.min(original.expires_at));
    Ok(PhotoLinks { url: original.url, variants, expires_at: Timestamp::from(expires_at) })
}

/// Signs those of an upload's smaller pictures that are there, and says when the first of these URLs stops working.
async fn sign_variants(
    app: &App,
    upload: &Upload,
    window: SigningWindow,
) -> Result<(BTreeMap<String, WireVariant>, Option<OffsetDateTime>), ApiError> {
    let scope = scope_of(app, upload);
    let mut expires_at: Option<OffsetDateTime> = None;
    let mut variants = BTreeMap::new();
    for variant in upload.progress().variants.iter().filter(|variant| variant.is_stored) {
        let name = variant_filename(&upload.facts().file.filename, variant);
        let types = [variant.media_type; 2];
        let signed = sign(app, &upload.variant_key(variant), types, &name, scope.as_deref(), window).await?;
        expires_at = Some(expires_at.map_or(signed.expires_at, |first| first.min(signed.expires_at)));
        let shown = WireVariant { url: signed.url, width: variant.width, height: variant.height };
        variants.insert(variant.name.to_string(), shown);
    }
    Ok((variants, expires_at))
}

/// What a URL of one of the photo's objects may open beside it. Whoever has the URL knows the keys of all the others:
/// so it is nothing that this URL's owner would not be given one of, unless it was configured otherwise.
fn scope_of(app: &App, upload: &Upload) -> Option<String> {
    let facts = upload.facts();
    let of_project = match app.delivery.wildcard() {
        Wildcard::Project => {
            app.settings.key_template.project_scope(&facts.tenant, &facts.project, &facts.folder)
        }
        Wildcard::Photo => None,
    };
    of_project.or_else(|| is_all_deliverable(upload).then(|| facts.folder.scope()))
}

/// Whether all that may lie in the photo's folder was verified, and may be delivered as it was stored.
fn is_all_deliverable(upload: &Upload) -> bool {
    let stored = upload.facts().file.media_type;
    let original = upload.object().is_some_and(|object| is_deliverable_as([stored, object.media_type]));
    original && upload.progress().variants.iter().all(|variant| variant.is_stored)
}

/// Whether an object may be delivered as it was stored: its type as it was stored, and as it was verified.
fn is_deliverable_as([stored, media_type]: [MediaType; 2]) -> bool {
    stored == media_type && media_type.is_shown_inline()
}

fn known(upload: &Upload) -> Result<Known<'_>, ApiError> {
    if upload.is_arriving() {
        let file = &upload.facts().file;
        let metadata = file.claimed_metadata.as_ref();
        return Ok(Known { media_type: file.media_type, metadata, verified_at: None });
    }
    let object = upload.object().ok_or(ApiError::UploadClosed(upload.status()))?;
    Ok(Known {
        media_type: object.media_type,
        metadata: object.metadata.as_ref(),
        verified_at: Some(object.verified_at),
    })
}

/// What is stored of a photo; nobody gets to fetch a quarantined one.
fn fetchable(upload: &Upload) -> Result<&VerifiedObject, ApiError> {
    match upload.state() {
        UploadState::Stored { stage, object } if *stage != Stage::Quarantined => Ok(object),
        _ => Err(ApiError::UploadClosed(upload.status())),
    }
}

impl From<StatusChange> for StatusAt {
    fn from(change: StatusChange) -> Self {
        Self { status: change.status, at: Timestamp::from(change.at), reason: change.reason }
    }
}

/// Signs one object: its type as it was stored, and as it was verified.
async fn sign(
    app: &App,
    key: &ObjectKey,
    types: [MediaType; 2],
    filename: &Filename,
    scope: Option<&str>,
    window: SigningWindow,
) -> Result<SignedRequest, ApiError> {
    let [_, media_type] = types;
    let disposition = content_disposition(media_type, filename);
    let cache_control = format!("private, max-age={}", window.lifetime.as_secs());
    let get = GetToSign {
        key,
        content_type: media_type.mime(),
        content_disposition: &disposition,
        cache_control: Some(&cache_control),
    };
    let reach = Reach { as_stored: is_deliverable_as(types), scope };
    Ok(app.delivery.sign_get(app.store.as_ref(), &get, reach, window).await?)
}
