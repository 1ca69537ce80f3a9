//! The URLs of a photo, signed so that they stay the same for a while and browsers cache what they fetch. Nobody gets
//! one of a quarantined photo.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use windlass_protocol::Timestamp;
use windlass_protocol::photo::Variant as WireVariant;

use crate::api::error::ApiError;
use crate::app::App;
use crate::delivery::{Addresses, Reach, Wildcard};
use crate::domain::delivery::{content_disposition, variant_filename};
use crate::domain::filename::Filename;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::ObjectKey;
use crate::domain::upload::{Stage, Upload, UploadState, VerifiedObject};
use crate::ports::object_store::{GetToSign, SignedRequest, SigningWindow};

/// The signed URLs of a photo.
pub struct PhotoLinks {
    /// The original's.
    pub url: String,
    /// Those of the smaller pictures.
    pub pictures: PictureLinks,
    /// When the first of them all stops working.
    pub expires_at: Timestamp,
}

/// The signed URLs of a photo's smaller pictures.
#[derive(Default)]
pub struct PictureLinks {
    /// By the pictures' names.
    pub variants: BTreeMap<String, WireVariant>,
    /// When the first of them stops working, if there are any.
    pub expires_at: Option<OffsetDateTime>,
}

/// Signs the URLs of photos in one window, for those who may read them.
pub struct PhotoSigner<'a> {
    app: &'a App,
    addresses: Addresses<'a>,
    cache_control: String,
}

impl<'a> PhotoSigner<'a> {
    /// For a window.
    pub async fn new(app: &'a App, window: SigningWindow) -> Self {
        let addresses = app.delivery.addresses(app.store.as_ref(), window).await;
        let cache_control = format!("private, max-age={}", window.lifetime.as_secs());
        Self { app, addresses, cache_control }
    }

    /// The URLs of a verified upload.
    pub fn sign_photo(&self, upload: &Upload) -> Result<PhotoLinks, ApiError> {
        let object = fetchable(upload)?;
        let file = &upload.facts().file;
        let types = [file.media_type, object.media_type];
        let scope = self.scope_of(upload);
        let original = self.sign(&upload.original_key(), types, &file.filename, scope.as_deref())?;
        let pictures = self.sign_pictures_in(upload, scope.as_deref())?;
        let first = pictures.expires_at.map_or(original.expires_at, |first| first.min(original.expires_at));
        Ok(PhotoLinks { url: original.url, pictures, expires_at: Timestamp::from(first) })
    }

    /// The URLs of those of an upload's smaller pictures that are there.
    pub fn sign_pictures(&self, upload: &Upload) -> Result<PictureLinks, ApiError> {
        self.sign_pictures_in(upload, self.scope_of(upload).as_deref())
    }

    fn sign_pictures_in(&self, upload: &Upload, scope: Option<&str>) -> Result<PictureLinks, ApiError> {
        let mut pictures = PictureLinks::default();
        for variant in upload.progress().variants.iter().filter(|variant| variant.is_stored) {
            let name = variant_filename(&upload.facts().file.filename, variant);
            let signed = self.sign(&upload.variant_key(variant), [variant.media_type; 2], &name, scope)?;
            let first = pictures.expires_at.map_or(signed.expires_at, |first| first.min(signed.expires_at));
            pictures.expires_at = Some(first);
            let shown = WireVariant { url: signed.url, width: variant.width, height: variant.height };
            pictures.variants.insert(variant.name.to_string(), shown);
        }
        Ok(pictures)
    }

    /// Signs one object: its type as it was stored, and as it was verified.
    fn sign(
        &self,
        key: &ObjectKey,
        types: [MediaType; 2],
        filename: &Filename,
        scope: Option<&str>,
    ) -> Result<SignedRequest, ApiError> {
        let [_, media_type] = types;
        let get = GetToSign {
            key,
            content_type: media_type.mime(),
            content_disposition: &content_disposition(media_type, filename),
            cache_control: Some(&self.cache_control),
        };
        Ok(self.addresses.sign(&get, Reach { as_stored: is_deliverable_as(types), scope })?)
    }

    /// What a URL of one of the photo's objects may open beside it, where URLs may. Whoever has the URL knows the keys
    /// of all the others: so it is nothing that this URL's owner would not be given one of, unless it was configured
    /// otherwise.
    fn scope_of(&self, upload: &Upload) -> Option<String> {
        let facts = upload.facts();
        let of_project = match self.app.delivery.wildcard()? {
            Wildcard::Project => {
                let template = &self.app.settings.key_template;
                template.project_scope(&facts.tenant, &facts.project, &facts.folder)
            }
            Wildcard::Photo => None,
        };
        of_project.or_else(|| is_all_deliverable(upload).then(|| facts.folder.scope()))
    }
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

/// What is stored of a photo; nobody gets to fetch a quarantined one.
fn fetchable(upload: &Upload) -> Result<&VerifiedObject, ApiError> {
    match upload.state() {
        UploadState::Stored { stage, object } if *stage != Stage::Quarantined => Ok(object),
        _ => Err(ApiError::UploadClosed(upload.status())),
    }
}
