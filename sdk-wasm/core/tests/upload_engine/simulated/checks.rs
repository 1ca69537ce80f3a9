//! What is asked of a world when it has come to rest.

use windlass_core::upload::{BlobRef, FailureCode, Source, UploadEvent, UploadPhase};
use windlass_protocol::UploadStatus;

use super::World;
use super::bucket::Target;
use super::service::Record;

/// So many uploads are looked at for each input, on average: a simulated day is still a matter of seconds.
const UPLOADS_AN_INPUT: usize = 20;

impl World {
    /// How an upload ended: `Ok` stored.
    pub fn outcome(&self, client_ref: &str) -> Result<(), FailureCode> {
        let ends = self.events.iter().filter_map(|(_, event)| match event {
            UploadEvent::Stored { client_ref: of, .. } if of.as_str() == client_ref => Some(Ok(())),
            UploadEvent::Failed { client_ref: of, error } if of.as_str() == client_ref => {
                Some(Err(error.code))
            }
            _ => None,
        });
        let ends: Vec<_> = ends.collect();
        assert_eq!(ends.len(), 1, "{client_ref} ends once: {ends:?}");
        ends[0]
    }

    /// When an upload entered a phase.
    pub fn phases(&self, client_ref: &str) -> Vec<(u64, UploadPhase)> {
        let phases = self.events.iter().filter_map(|(at_ms, event)| match event {
            UploadEvent::Phase { client_ref: of, phase, .. } if of.as_str() == client_ref => {
                Some((*at_ms, *phase))
            }
            _ => None,
        });
        phases.collect()
    }

    /// Bytes that arrived at the store for every byte of the files.
    pub fn waste(&self) -> f64 {
        let bytes: usize = self
            .added
            .iter()
            .map(|file| file.original.len() + file.variants.iter().map(|v| v.len()).sum::<usize>())
            .sum();
        self.bucket.arrived_bytes as f64 / bytes as f64
    }

    /// After each input, or now and then where there are many uploads to look at: what the engine notices by looking at
    /// those that an input concerns is what it would by looking at all of them.
    pub(super) fn check_what_is_noticed(&mut self) {
        self.unchecked += 1;
        if self.unchecked * UPLOADS_AN_INPUT < self.added.len() {
            return;
        }
        self.unchecked = 0;
        #[cfg(debug_assertions)]
        assert_eq!(self.engine.overlooked(), None, "after {:?}", self.events.last());
    }

    /// All are stored, right, once.
    pub fn assert_all_stored(&self) {
        for file in &self.added {
            assert_eq!(self.outcome(file.upload.client_ref.as_str()), Ok(()), "{}", file.upload.client_ref);
        }
        self.assert_invariants();
    }

    /// What must hold whatever happened: one end each, "stored" only for equal bytes, nothing twice, nothing half
    /// that nobody owns.
    pub fn assert_invariants(&self) {
        self.assert_nothing_lies_about();
        let mut done = 0;
        for file in &self.added {
            let client_ref = &file.upload.client_ref;
            let ends = self.events.iter().filter(|(_, event)| match event {
                UploadEvent::Stored { client_ref: of, .. }
                | UploadEvent::Failed { client_ref: of, .. }
                | UploadEvent::Cancelled { client_ref: of } => of == client_ref,
                UploadEvent::Phase { .. } | UploadEvent::Progress { .. } => false,
            });
            assert_eq!(ends.count(), 1, "{client_ref} ends once");
            let photo = self.events.iter().find_map(|(_, event)| match event {
                UploadEvent::Stored { client_ref: of, photo, .. } if of == client_ref => Some(photo.photo_id),
                _ => None,
            });
            let Some(photo) = photo else { continue };
            done += 1;
            let object = |target| self.bucket.objects.get(&(photo.into(), target));
            assert!(object(Target::Whole) == Some(&file.original), "{client_ref} is stored as it was chosen");
            for (index, (variant, bytes)) in file.upload.variants.iter().zip(&file.variants).enumerate() {
                let blob = BlobRef { client_ref: client_ref.clone(), source: Source::Variant(index) };
                let is_there = object(Target::Variant(variant.name.clone())) == Some(bytes);
                assert!(is_there || !self.files.contains_key(&blob), "{client_ref}: variant");
            }
        }
        // A cancel may come when the service has all but answered: the one thing nobody can know.
        let cancelled = |record: &&Record| {
            self.events.iter().any(|(_, event)| {
                matches!(event, UploadEvent::Cancelled { client_ref } if *client_ref == record.file.client_ref)
            })
        };
        let finished = self.service.uploads.values().filter(|record| record.status == UploadStatus::Uploaded);
        let finished = finished.filter(|record| !cancelled(record));
        assert_eq!(finished.count(), done, "no photo without its event, and none twice");
    }

    /// I2: parts and staged pieces are there only of uploads that are open by their record, for the janitor to close;
    /// and of a file that nobody wants any more there are none.
    fn assert_nothing_lies_about(&self) {
        let parts = self.bucket.parts.iter().filter(|(_, parts)| !parts.is_empty()).map(|(id, _)| id);
        let staged = self.bucket.objects.keys();
        let staged = staged.filter(|(_, target)| matches!(target, Target::Staged(_))).map(|(id, _)| id);
        for id in parts.chain(staged) {
            // A record that is gone is gone: what it owned is for `reconcile` to find.
            let Some(record) = self.service.uploads.get(id) else { continue };
            let client_ref = &record.file.client_ref;
            let is_open = matches!(record.status, UploadStatus::PendingUpload | UploadStatus::Expired);
            assert!(is_open, "{client_ref} is {:?}, and a part or a piece of it lies about", record.status);
            let unwanted = self.events.iter().find(|(_, event)| match event {
                UploadEvent::Cancelled { client_ref: of } => of == client_ref,
                UploadEvent::Failed { client_ref: of, error } => {
                    of == client_ref && matches!(error.code, FailureCode::FileGone | FailureCode::FileChanged)
                }
                _ => false,
            });
            assert!(unwanted.is_none(), "{client_ref} was left half there: {unwanted:?}");
        }
    }
}
