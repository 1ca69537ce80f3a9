//! From the bucket to the record: is every object a known upload's, and every original the one that was verified?

use windlass_protocol::UploadId;

use super::{CannotReconcile, Fate, Finding, FoundObject, Look, ObjectPolicy, Records, adopt};
use crate::domain::object_key::{KeyParts, ObjectKey};
use crate::domain::staging::STAGING_PREFIX;
use crate::domain::stored::same_etag;
use crate::domain::upload::{Upload, UploadState};
use crate::ports::object_store::{BucketEntry, StoreError};

/// What an object is to the record of its photo.
enum Standing {
    /// Wanted, or about to be removed by the janitor; or of an upload whose record cannot be read, and so may be.
    Known,
    /// Not recorded at all.
    WithoutRecord,
    /// Of a closed upload.
    LeftOver,
    /// Not one of the photo's.
    Stray,
}

impl Look<'_> {
    pub(super) async fn at_objects(&mut self) -> Result<(), CannotReconcile> {
        let template = &self.app.settings.key_template;
        let mut after: Option<String> = None;
        let mut ours: Vec<(BucketEntry, KeyParts)> = Vec::new();
        loop {
            let page = self.app.store.list_objects(template.prefix(), after.as_deref()).await?;
            after = page.objects.last().map(|last| last.key.clone());
            let is_last = page.is_last || after.is_none();
            // Pieces on their way have their own folder and their own janitor.
            for object in page.objects.into_iter().filter(|object| !object.key.starts_with(STAGING_PREFIX)) {
                self.seen.objects += 1;
                match template.read(&object.key) {
                    Some(parts) => ours.push((object, parts)),
                    None => self.seen.foreign += 1,
                }
            }
            // More of the last photo may be on the next page, and its original with it.
            let last = ours.last().filter(|_| !is_last).map(|(_, parts)| parts.photo);
            let whole =
                ours.iter().rposition(|(_, parts)| Some(parts.photo) != last).map_or(0, |before| before + 1);
            let rest = ours.split_off(whole);
            self.at_page(std::mem::replace(&mut ours, rest)).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn at_page(&mut self, mut objects: Vec<(BucketEntry, KeyParts)>) -> Result<(), CannotReconcile> {
        if self.policy.objects == ObjectPolicy::Adopt {
            // Originals first: with them come the others of their photos.
            objects.sort_by_key(|(_, parts)| !adopt::is_original(parts));
        }
        let mut recorded = self.recorded(&objects).await?;
        for (object, parts) in objects {
            let id = UploadId::from(parts.photo);
            let standing = standing(&recorded, id, &object.key, &parts);
            if self.is_young(object.written_at) && !matches!(standing, Standing::Known) {
                continue;
            }
            let finding = match standing {
                Standing::Known => match recorded.get(id) {
                    Some(upload) if is_other(upload, &object) && self.is_replaced(upload).await? => {
                        Finding::Replaced(found(object, Fate::Left))
                    }
                    _ => continue,
                },
                Standing::Stray => Finding::Stray(found(object, Fate::Left)),
                Standing::LeftOver => {
                    let fate = self.removed(&object, id).await?;
                    Finding::LeftOver(found(object, fate))
                }
                Standing::WithoutRecord if self.policy.objects == ObjectPolicy::Adopt => {
                    let fate = match adopt::adopt(self.app, &parts, &object).await? {
                        Ok(upload) => {
                            recorded.uploads.insert(id, upload);
                            Fate::Adopted
                        }
                        Err(why) => Fate::Failed(why),
                    };
                    Finding::WithoutRecord(found(object, fate))
                }
                Standing::WithoutRecord => {
                    let fate = self.removed(&object, id).await?;
                    Finding::WithoutRecord(found(object, fate))
                }
            };
            self.found(&finding);
        }
        Ok(())
    }

    async fn recorded(&self, objects: &[(BucketEntry, KeyParts)]) -> Result<Records, CannotReconcile> {
        let mut ids: Vec<UploadId> = objects.iter().map(|(_, parts)| parts.photo.into()).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Records::of(self.app, &ids).await?)
    }

    /// Whether the original of a photo is another object than was verified. Asked for again, as a listing is older than
    /// the record it is compared with.
    async fn is_replaced(&self, upload: &Upload) -> Result<bool, CannotReconcile> {
        let object = match self.app.store.head(&upload.original_key()).await {
            Ok(object) => object,
            Err(StoreError::NotFound) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let recorded = self.app.uploads.find(&upload.facts().tenant, upload.id()).await?;
        let verified = recorded.as_ref().and_then(Upload::object);
        Ok(verified.is_some_and(|verified| !verified.is(&object)))
    }

    /// Removes an object where that is wanted; a last look at the record tells whether it still is.
    async fn removed(&self, object: &BucketEntry, id: UploadId) -> Result<Fate, CannotReconcile> {
        if self.policy.objects != ObjectPolicy::Remove {
            return Ok(Fate::Left);
        }
        let _turn = self.app.turns.take(id).await?;
        let recorded = Records::of(self.app, &[id]).await?;
        if recorded.is_unreadable(id) || recorded.get(id).is_some_and(|upload| !is_closed(upload)) {
            return Ok(Fate::Left);
        }
        let Ok(key) = ObjectKey::try_from(object.key.clone()) else { return Ok(Fate::Left) };
        Ok(match self.app.store.delete(&key).await {
            Ok(()) => Fate::Removed,
            Err(error) => Fate::Failed(error.to_string()),
        })
    }
}

fn standing(recorded: &Records, id: UploadId, key: &str, parts: &KeyParts) -> Standing {
    if recorded.is_unreadable(id) {
        return Standing::Known;
    }
    let Some(upload) = recorded.get(id) else { return Standing::WithoutRecord };
    let variants = &upload.progress().variants;
    let is_named = upload.original_key().as_str() == key
        || variants.iter().any(|variant| upload.variant_key(variant).as_str() == key);
    if !is_named || upload.facts().tenant != parts.tenant {
        Standing::Stray
    } else if is_closed(upload) && upload.progress().cleanup_due_at.is_none() {
        Standing::LeftOver
    } else {
        Standing::Known
    }
}

/// Whether a listing shows another original than the one that was verified.
fn is_other(upload: &Upload, listed: &BucketEntry) -> bool {
    let verified = upload.object().filter(|_| upload.original_key().as_str() == listed.key);
    verified.is_some_and(|verified| {
        let has_other_tag = listed.etag.as_ref().is_some_and(|etag| !same_etag(&verified.etag, etag));
        verified.size_bytes != listed.size_bytes || has_other_tag
    })
}

/// Whether nothing of it is wanted any more.
fn is_closed(upload: &Upload) -> bool {
    let is_closed = match upload.state() {
        UploadState::Pending | UploadState::Stored { .. } => false,
        UploadState::Refused(_) | UploadState::Aborted | UploadState::Expired => true,
    };
    is_closed || upload.progress().deleted_at.is_some()
}

fn found(object: BucketEntry, fate: Fate) -> FoundObject {
    FoundObject { key: object.key, size_bytes: object.size_bytes, written_at: object.written_at, fate }
}
