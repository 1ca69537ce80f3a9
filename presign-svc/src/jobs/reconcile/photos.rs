//! From the record to the bucket: has every photo its objects? Photos come in the order of their keys, as far as
//! the key template allows, so that one listing covers a page of them. What a listing does not show is asked for
//! by name before it is called missing.

use std::collections::HashSet;

use windlass_protocol::{PhotoId, TenantId};

use super::{CannotReconcile, Finding, Look};
use crate::domain::object_key::ObjectKey;
use crate::domain::upload::Upload;
use crate::ports::object_store::StoreError;
use crate::ports::uploads::{PhotoPlace, PhotosInOrder};

/// How many photos are looked at together.
const PAGE: u32 = 500;
/// Where so many pages of a listing do not cover them, the rest is asked for by name: keys of a template that
/// sorts them otherwise are strewn over the bucket.
const MAX_LISTINGS: usize = 20;

/// An object a photo should have.
struct Wanted {
    tenant: TenantId,
    photo: PhotoId,
    key: ObjectKey,
    is_original: bool,
}

impl Look<'_> {
    pub(super) async fn at_photos(&mut self) -> Result<(), CannotReconcile> {
        let mut after: Option<PhotoPlace> = None;
        loop {
            let page = self.app.uploads.photos_after(after.as_ref(), PAGE).await?;
            let PhotosInOrder { photos, unreadable, last: Some(last) } = page else { return Ok(()) };
            after = Some(last);
            self.seen.photos += (photos.len() + unreadable.len()) as u64;
            for PhotoPlace { tenant, id: photo, .. } in unreadable {
                self.found(&Finding::Unreadable { tenant, photo });
            }
            // Another project's keys begin elsewhere.
            for photos in photos.chunk_by(|a, b| place(a) == place(b)) {
                let mut wanted: Vec<Wanted> = photos.iter().flat_map(wanted_of).collect();
                wanted.sort_by(|a, b| a.key.cmp(&b.key));
                self.at_wanted(&wanted).await?;
            }
        }
    }

    async fn at_wanted(&mut self, wanted: &[Wanted]) -> Result<(), CannotReconcile> {
        let listed = self.listed(wanted).await?;
        for wanted in wanted.iter().filter(|wanted| !listed.contains(wanted.key.as_str())) {
            match self.app.store.head(&wanted.key).await {
                Ok(_) => continue,
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
            let Wanted { tenant, photo, key, is_original } = wanted;
            // It may have been deleted meanwhile.
            let recorded = self.app.uploads.find(tenant, (*photo).into()).await?;
            if recorded.is_none_or(|upload| upload.object().is_none()) {
                continue;
            }
            let (tenant, photo, key) = (tenant.clone(), *photo, key.clone());
            self.found(&if *is_original {
                Finding::WithoutOriginal { tenant, photo, key }
            } else {
                Finding::WithoutVariant { tenant, photo, key }
            });
        }
        Ok(())
    }

    /// Which of them a listing shows. They are sorted.
    async fn listed(&self, wanted: &[Wanted]) -> Result<HashSet<String>, CannotReconcile> {
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(HashSet::new()) };
        let is_wanted = |key: &str| wanted.binary_search_by(|wanted| wanted.key.as_str().cmp(key)).is_ok();
        // A listing begins after a key: a text that comes just before the first one.
        let mut after = first.key.as_str().rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
        let mut listed = HashSet::new();
        for _ in 0..MAX_LISTINGS {
            let page = self.app.store.list_objects("", after.as_deref()).await?;
            let Some(end) = page.objects.last().map(|object| object.key.clone()) else { break };
            listed.extend(page.objects.into_iter().map(|object| object.key).filter(|key| is_wanted(key)));
            if page.is_last || end.as_str() >= last.key.as_str() {
                break;
            }
            after = Some(end);
        }
        Ok(listed)
    }
}

fn place(photo: &Upload) -> (&str, &str) {
    (photo.facts().tenant.as_str(), photo.facts().project.as_str())
}

fn wanted_of(photo: &Upload) -> impl Iterator<Item = Wanted> {
    let of = |key, is_original| Wanted {
        tenant: photo.facts().tenant.clone(),
        photo: photo.photo_id(),
        key,
        is_original,
    };
    let variants = photo.progress().variants.iter().filter(|variant| variant.is_stored);
    variants.map(move |variant| of(photo.variant_key(variant), false)).chain([of(photo.original_key(), true)])
}
