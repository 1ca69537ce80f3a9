//! The service knows photos again that were stored before (`unless_stored`).

use windlass_core::upload::checksum::crc64_nvme;
use windlass_protocol::create_uploads::{AcceptedUpload, FileToUpload, UploadMethod};
use windlass_protocol::{SignedHeaders, UploadId, UploadStatus};

use super::bucket::{Bucket, Target};
use super::replies::moment;
use super::service::{Record, Service};

impl Service {
    /// The photo with the very bytes of a file that is not known by its own name.
    pub fn stored_before(&self, bucket: &Bucket, file: &FileToUpload) -> Option<UploadId> {
        let is_told = self.tells_of_photos && !self.by_ref.contains_key(&file.client_ref);
        let content = file.unless_stored.filter(|_| is_told)?;
        let is_same = |(id, record): &(&UploadId, &Record)| {
            let object = bucket.objects.get(&(**id, Target::Whole));
            record.status == UploadStatus::Uploaded
                && object.is_some_and(|bytes| bytes.len() as u64 == file.size && crc64_nvme(bytes) == content)
        };
        self.uploads.iter().find(is_same).map(|(id, _)| *id)
    }
}

/// The answer: nothing is wanted.
pub fn already_stored(photo: UploadId, file: &FileToUpload) -> AcceptedUpload {
    AcceptedUpload {
        client_ref: file.client_ref.clone(),
        upload_id: photo,
        photo_id: photo.into(),
        status: UploadStatus::Uploaded,
        already_stored: true,
        method: UploadMethod::Put,
        url: None,
        headers: SignedHeaders::default(),
        part_size: None,
        part_count: None,
        parts: Vec::new(),
        staging: None,
        variants: Vec::new(),
        expires_at: moment(),
        status_url: format!("/api/v1/uploads/{photo}"),
    }
}
