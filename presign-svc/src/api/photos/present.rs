//! A photo as its viewer gets it: with signed URLs that stay the same for a while, so that browsers cache
//! what they fetch.

use std::collections::BTreeMap;

use windlass_protocol::photo::{StatusAt, Variant as WireVariant};
use windlass_protocol::{Photo, Timestamp};

use crate::api::error::ApiError;
use crate::app::App;
use crate::domain::delivery::{content_disposition, variant_filename};
use crate::domain::filename::Filename;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::ObjectKey;
use crate::domain::photo_facts::PhotoFacts;
use crate::domain::upload::{Stage, StatusChange, Upload, UploadState};
use crate::ports::object_store::{GetToSign, SignedRequest, SigningWindow};

/// Signs a verified upload's URLs and shows it. Those of a quarantined one are never signed.
pub async fn present(app: &App, upload: &Upload) -> Result<Photo, ApiError> {
    present_in(app, upload, app.settings.get_window(app.clock.now())).await
}

/// The same with URLs that work in another window.
pub async fn present_in(app: &App, upload: &Upload, window: SigningWindow) -> Result<Photo, ApiError> {
    let (stage, object) = match upload.state() {
        UploadState::Stored { stage, object } if *stage != Stage::Quarantined => (stage, object),
        _ => return Err(ApiError::UploadClosed(upload.status())),
    };
    let facts = upload.facts();
    let filename = &facts.file.filename;
    let original = sign(app, &upload.original_key(), object.media_type, filename, window).await?;
    let mut url_expires_at = original.expires_at;
    let mut variants = BTreeMap::new();
    for variant in upload.progress().variants.iter().filter(|variant| variant.is_stored) {
        let name = variant_filename(filename, variant);
        let signed = sign(app, &upload.variant_key(variant), variant.media_type, &name, window).await?;
        url_expires_at = url_expires_at.min(signed.expires_at);
        let shown = WireVariant { url: signed.url, width: variant.width, height: variant.height };
        variants.insert(variant.name.to_string(), shown);
    }
    let shown = object.metadata.as_ref().map(PhotoFacts::of).unwrap_or_default();
    Ok(Photo {
        photo_id: upload.photo_id(),
        project_id: facts.project.clone(),
        filename: filename.to_string(),
        content_type: object.media_type.mime().to_owned(),
        size: facts.file.size_bytes,
        status: upload.status(),
        status_reason: match stage {
            Stage::Failed { reason } => Some(reason.clone()),
            Stage::Uploaded | Stage::Processing | Stage::Completed | Stage::Quarantined => None,
        },
        kind: object.media_type.kind(),
        width: shown.width,
        height: shown.height,
        taken_at: shown.taken_at,
        location: shown.location,
        metadata: object.metadata.clone(),
        url: original.url,
        variants,
        url_expires_at: Timestamp::from(url_expires_at),
        created_at: Timestamp::from(facts.created_at),
        uploaded_at: Some(Timestamp::from(object.verified_at)),
        caption: upload.progress().description.caption.clone(),
        tags: upload.progress().description.tags.clone(),
        status_history: upload.statuses().into_iter().map(StatusAt::from).collect(),
    })
}

impl From<StatusChange> for StatusAt {
    fn from(change: StatusChange) -> Self {
        Self { status: change.status, at: Timestamp::from(change.at), reason: change.reason }
    }
}

async fn sign(
    app: &App,
    key: &ObjectKey,
    media_type: MediaType,
    filename: &Filename,
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
    Ok(app.store.sign_get(&get, window).await?)
}
