//! A photo as its viewer gets it: with signed URLs that stay the same for a while, so that browsers cache
//! what they fetch. Who may not read photos gets none, whatever else it may do to them.

use std::collections::BTreeMap;

use windlass_protocol::photo::{StatusAt, Variant as WireVariant};
use windlass_protocol::{Photo, Timestamp};

use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::delivery::Reach;
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

/// Shows a verified upload: with URLs and what the camera knew to those who may read photos, and without to
/// those whose token lets them only bring or process them.
pub async fn present(app: &App, caller: &Caller, upload: &Upload) -> Result<Photo, ApiError> {
    let (stage, object) = visible(upload)?;
    let facts = upload.facts();
    let may_read = caller.scopes.contains(&Scope::Read);
    let links = if may_read {
        Some(sign_links(app, upload, app.settings.get_window(app.clock.now())).await?)
    } else {
        None
    };
    let known = object.metadata.as_ref().map(PhotoFacts::of).unwrap_or_default();
    let url_expires_at = links.as_ref().map(|links| links.expires_at);
    let (url, variants) = links.map(|links| (links.url, links.variants)).unzip();
    Ok(Photo {
        photo_id: upload.photo_id(),
        project_id: facts.project.clone(),
        filename: facts.file.filename.to_string(),
        content_type: object.media_type.mime().to_owned(),
        size: upload.size_bytes(),
        status: upload.status(),
        status_reason: match stage {
            Stage::Failed { reason } => Some(reason.clone()),
            Stage::Uploaded | Stage::Processing | Stage::Completed | Stage::Quarantined => None,
        },
        kind: object.media_type.kind(),
        width: known.width,
        height: known.height,
        taken_at: known.taken_at.filter(|_| may_read),
        location: known.location.filter(|_| may_read),
        metadata: object.metadata.clone().filter(|_| may_read),
        url,
        variants: variants.unwrap_or_default(),
        url_expires_at,
        created_at: Timestamp::from(facts.created_at),
        uploaded_at: Some(Timestamp::from(object.verified_at)),
        caption: upload.progress().description.caption.clone(),
        tags: upload.progress().description.tags.clone(),
        status_history: upload.statuses().into_iter().map(StatusAt::from).collect(),
    })
}

/// Signs a verified upload's URLs, for one who may read photos.
pub async fn sign_links(app: &App, upload: &Upload, window: SigningWindow) -> Result<PhotoLinks, ApiError> {
    let (_, object) = visible(upload)?;
    let filename = &upload.facts().file.filename;
    let facts = upload.facts();
    let scope = app.settings.key_template.scope(&facts.tenant, &facts.project, &facts.folder);
    let types = [facts.file.media_type, object.media_type];
    let original = sign(app, &upload.original_key(), types, filename, &scope, window).await?;
    let mut expires_at = original.expires_at;
    let mut variants = BTreeMap::new();
    for variant in upload.progress().variants.iter().filter(|variant| variant.is_stored) {
        let name = variant_filename(filename, variant);
        let types = [variant.media_type; 2];
        let signed = sign(app, &upload.variant_key(variant), types, &name, &scope, window).await?;
        expires_at = expires_at.min(signed.expires_at);
        let shown = WireVariant { url: signed.url, width: variant.width, height: variant.height };
        variants.insert(variant.name.to_string(), shown);
    }
    Ok(PhotoLinks { url: original.url, variants, expires_at: Timestamp::from(expires_at) })
}

/// What is stored of a photo; nobody gets to see a quarantined one.
fn visible(upload: &Upload) -> Result<(&Stage, &VerifiedObject), ApiError> {
    match upload.state() {
        UploadState::Stored { stage, object } if *stage != Stage::Quarantined => Ok((stage, object)),
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
    [stored, media_type]: [MediaType; 2],
    filename: &Filename,
    scope: &str,
    window: SigningWindow,
) -> Result<SignedRequest, ApiError> {
    let disposition = content_disposition(media_type, filename);
    let cache_control = format!("private, max-age={}", window.lifetime.as_secs());
    let get = GetToSign {
        key,
        content_type: media_type.mime(),
        content_disposition: &disposition,
        cache_control: Some(&cache_control),
    };
    let reach = Reach { as_stored: stored == media_type && media_type.is_shown_inline(), scope };
    Ok(app.delivery.sign_get(app.store.as_ref(), &get, reach, window).await?)
}
