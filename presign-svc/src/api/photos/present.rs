//! A photo as its viewer gets it. Who may not read photos gets no URLs, whatever else it may do to them.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use windlass_protocol::photo::StatusAt;
use windlass_protocol::{Photo, PhotoMetadata, Timestamp, UploadStatus};

use super::links::PhotoSigner;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::domain::media_type::MediaType;
use crate::domain::photo_facts::{PhotoFacts, record_of};
use crate::domain::upload::{StatusChange, Upload};
use crate::domain::warnings::in_our_words;

/// What is known of a photo: what was verified, or, while its original is on its way, what its client said.
struct Known {
    media_type: MediaType,
    metadata: Option<PhotoMetadata>,
    verified_at: Option<OffsetDateTime>,
}

/// Shows one upload, as [`present_with`] does.
pub async fn present(app: &App, caller: &Caller, upload: &Upload) -> Result<Photo, ApiError> {
    let signer = PhotoSigner::new(app, app.settings.get_window(app.clock.now())).await;
    present_with(&signer, caller, upload)
}

/// Shows a verified upload, or one of which a smaller picture is there: with URLs and what the camera knew to
/// those who may read photos, and without to those whose token lets them only bring or process them.
pub fn present_with(signer: &PhotoSigner<'_>, caller: &Caller, upload: &Upload) -> Result<Photo, ApiError> {
    let known = known(upload)?;
    let facts = upload.facts();
    let may_read = caller.scopes.contains(&Scope::Read);
    let may_fetch = may_read && upload.status() != UploadStatus::Quarantined;
    let (mut url, mut variants, mut url_expires_at) = (None, BTreeMap::new(), None);
    if may_fetch && upload.is_arriving() {
        let pictures = signer.sign_pictures(upload)?;
        (variants, url_expires_at) = (pictures.variants, pictures.expires_at.map(Timestamp::from));
    } else if may_fetch {
        let links = signer.sign_photo(upload)?;
        (url, variants, url_expires_at) = (Some(links.url), links.pictures.variants, Some(links.expires_at));
    }
    let shown = known.metadata.as_ref().map(PhotoFacts::of).unwrap_or_default();
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
        metadata: known.metadata.filter(|_| may_read),
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

fn known(upload: &Upload) -> Result<Known, ApiError> {
    if upload.is_arriving() {
        let file = &upload.facts().file;
        let metadata = record_of(None, file.claimed_metadata.as_ref());
        return Ok(Known { media_type: file.media_type, metadata, verified_at: None });
    }
    let object = upload.object().ok_or(ApiError::UploadClosed(upload.status()))?;
    let mut metadata = object.metadata.clone();
    if let Some(record) = &mut metadata {
        // Older records have the sentences of whoever sent the photo.
        record.warnings = in_our_words(&record.warnings);
    }
    Ok(Known { media_type: object.media_type, metadata, verified_at: Some(object.verified_at) })
}

impl From<StatusChange> for StatusAt {
    fn from(change: StatusChange) -> Self {
        Self { status: change.status, at: Timestamp::from(change.at), reason: change.reason }
    }
}
