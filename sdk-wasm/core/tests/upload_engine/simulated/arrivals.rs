//! The service looks by itself for uploads whose bytes have all arrived, although nobody has said so.

use windlass_core::upload::checksum::crc64_nvme;
use windlass_protocol::UploadStatus;
use windlass_protocol::complete_upload::CompleteUploadRequest;

use super::World;
use super::bucket::Bucket;
use super::service::Service;

impl World {
    /// The service looks, and makes a photo of what is whole.
    pub fn look_for_arrivals(&mut self) {
        self.service.look_for_arrivals(&mut self.bucket);
    }

    /// What is on the line is in the bucket already, by an earlier attempt that was thought dead.
    pub fn have_arrived_before(&mut self) {
        for flight in self.flights.values() {
            let bytes = self.read(&flight.blob, &flight.range).unwrap();
            self.bucket.put(flight.begun_ms, &flight.url, &flight.headers, bytes).unwrap();
        }
    }
}

impl Service {
    fn look_for_arrivals(&mut self, bucket: &mut Bucket) {
        let is_open = |status| status == UploadStatus::PendingUpload;
        let open = self.uploads.iter_mut().filter(|(_, record)| is_open(record.status));
        let mut claims = Vec::new();
        for (id, record) in open {
            while !Self::assemble(record, bucket, *id) {}
            let parts = bucket.parts.get(id).into_iter().flat_map(|parts| parts.values());
            let bytes: Vec<u8> = parts.flat_map(|part| part.bytes.iter().copied()).collect();
            claims.push((*id, CompleteUploadRequest { parts: None, checksum: Some(crc64_nvme(&bytes)) }));
        }
        for (id, claim) in claims {
            // Of what is not whole yet it says so, and makes none.
            self.complete(bucket, id, &claim).ok();
        }
    }
}
