//! Multipart uploads that no record knows: a client is only ever given parts of the one that its upload's record
//! names, so nobody can finish another. Their parts cost money and show in no listing of objects.

use windlass_protocol::UploadId;

use super::{CannotReconcile, Fate, Finding, Look, Records};
use crate::domain::object_key::ObjectKey;
use crate::domain::upload::{Upload, UploadState};
use crate::ports::object_store::{MultipartMark, OpenMultipart};

impl Look<'_> {
    pub(super) async fn at_multiparts(&mut self) -> Result<(), CannotReconcile> {
        let template = &self.app.settings.key_template;
        let mut after: Option<MultipartMark> = None;
        loop {
            let page = self.app.store.list_multiparts(template.prefix(), after.as_ref()).await?;
            let old = page.multiparts.into_iter().filter(|multipart| !self.is_young(multipart.opened_at));
            let ours: Vec<(OpenMultipart, UploadId)> = old
                .filter_map(|multipart| {
                    let photo = template.read(&multipart.key)?.photo;
                    Some((multipart, photo.into()))
                })
                .collect();
            let ids: Vec<UploadId> = ours.iter().map(|(_, id)| *id).collect();
            let recorded = Records::of(self.app, &ids).await?;
            for (multipart, id) in ours {
                if !is_known(&recorded, id, &multipart) {
                    let fate = self.aborted(&multipart, id).await?;
                    let OpenMultipart { key, opened_at, .. } = multipart;
                    self.found(&Finding::Multipart { key, opened_at, fate });
                }
            }
            match page.next {
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => return Ok(()),
            }
        }
    }

    async fn aborted(&self, multipart: &OpenMultipart, id: UploadId) -> Result<Fate, CannotReconcile> {
        if !self.policy.abort_multiparts {
            return Ok(Fate::Left);
        }
        // Whoever opens another one for the upload holds its turn.
        let _turn = self.app.turns.take(id).await?;
        let recorded = Records::of(self.app, &[id]).await?;
        if is_known(&recorded, id, multipart) {
            return Ok(Fate::Left);
        }
        let Ok(key) = ObjectKey::try_from(multipart.key.clone()) else { return Ok(Fate::Left) };
        Ok(match self.app.store.abort_multipart(&key, &multipart.id).await {
            Ok(()) => Fate::Removed,
            Err(error) => Fate::Failed(error.to_string()),
        })
    }
}

/// Whether it is an upload's, or may be: of one whose record cannot be read nobody knows.
fn is_known(recorded: &Records, id: UploadId, multipart: &OpenMultipart) -> bool {
    recorded.is_unreadable(id) || recorded.get(id).is_some_and(|upload| names(upload, multipart))
}

/// Whether the record of the upload names it, or the janitor will see to it.
fn names(upload: &Upload, multipart: &OpenMultipart) -> bool {
    let is_named = upload.progress().multipart.as_ref() == Some(&multipart.id);
    is_named && (*upload.state() == UploadState::Pending || upload.progress().cleanup_due_at.is_some())
}
