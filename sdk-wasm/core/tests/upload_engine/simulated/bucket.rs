//! The store: takes bytes under signed URLs, and holds whoever sends them to the signature.

use std::collections::{BTreeMap, HashMap};

use windlass_core::upload::StoreFailure;
use windlass_core::upload::checksum::crc64_nvme;
use windlass_protocol::list_parts::StoredPart;
use windlass_protocol::{Checksum, PartNumber, SignedHeaders, UploadId};

/// What a signed URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub upload_id: UploadId,
    pub target: Target,
    pub signed_ms: u64,
    pub lifetime_s: u64,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    Whole,
    Variant(String),
    Part(u32),
    Staged(u32),
}

impl Signature {
    pub fn url(&self) -> String {
        let target = match &self.target {
            Target::Whole => "whole".to_owned(),
            Target::Variant(name) => format!("variant.{name}"),
            Target::Part(number) => format!("part.{number}"),
            Target::Staged(number) => format!("staged.{number}"),
        };
        let Self { upload_id, signed_ms, lifetime_s, .. } = self;
        format!("https://bucket.test/{upload_id}/{target}?X-Amz-Date={signed_ms}&X-Amz-Expires={lifetime_s}")
    }

    pub fn parse(url: &str) -> Self {
        let (path, query) = url.strip_prefix("https://bucket.test/").unwrap().split_once('?').unwrap();
        let (upload_id, target) = path.split_once('/').unwrap();
        let (signed, lifetime) = query.split_once('&').unwrap();
        let target = match target.split_once('.') {
            Some(("variant", name)) => Target::Variant(name.to_owned()),
            Some(("part", number)) => Target::Part(number.parse().unwrap()),
            Some(("staged", number)) => Target::Staged(number.parse().unwrap()),
            _ => Target::Whole,
        };
        Self {
            upload_id: upload_id.parse().unwrap(),
            target,
            signed_ms: signed.strip_prefix("X-Amz-Date=").unwrap().parse().unwrap(),
            lifetime_s: lifetime.strip_prefix("X-Amz-Expires=").unwrap().parse().unwrap(),
        }
    }
}

/// A part of a multipart upload.
pub struct Part {
    pub bytes: Vec<u8>,
    pub checksum: Checksum,
}

impl Part {
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.checksum)
    }
}

/// The store.
#[derive(Default)]
pub struct Bucket {
    pub objects: HashMap<(UploadId, Target), Vec<u8>>,
    pub parts: HashMap<UploadId, BTreeMap<u32, Part>>,
    /// Accepted PUTs of what was there already.
    pub overwritten: u32,
    /// Bytes that arrived, whatever became of them.
    pub arrived_bytes: u64,
    pub refused_as_expired: u32,
}

impl Bucket {
    /// Stores bytes; answers the entity tag.
    pub fn put(
        &mut self,
        now_ms: u64,
        url: &str,
        headers: &SignedHeaders,
        bytes: Vec<u8>,
    ) -> Result<String, StoreFailure> {
        let signature = Signature::parse(url);
        if now_ms >= signature.signed_ms + signature.lifetime_s * 1_000 {
            self.refused_as_expired += 1;
            return Err(error(403, "AccessDenied", "Request has expired"));
        }
        assert_eq!(headers["content-length"], bytes.len().to_string(), "the signed length is sent");
        let checksum = crc64_nvme(&bytes);
        if headers.get("x-amz-checksum-crc64nvme").is_some_and(|signed| *signed != checksum.to_string()) {
            return Err(error(400, "XAmzContentChecksumMismatch", "The checksum did not match"));
        }
        let before = match signature.target {
            Target::Part(number) => {
                let Some(parts) = self.parts.get_mut(&signature.upload_id) else {
                    return Err(error(404, "NoSuchUpload", "The upload does not exist"));
                };
                parts.insert(number, Part { bytes, checksum }).is_some()
            }
            target => self.objects.insert((signature.upload_id, target), bytes).is_some(),
        };
        self.overwritten += u32::from(before);
        Ok(format!("\"{checksum}\""))
    }

    pub fn holds(&self, url: &str) -> bool {
        let signature = Signature::parse(url);
        match signature.target {
            Target::Part(number) => {
                self.parts.get(&signature.upload_id).is_some_and(|parts| parts.contains_key(&number))
            }
            target => self.objects.contains_key(&(signature.upload_id, target)),
        }
    }

    pub fn list(&self, upload_id: UploadId) -> Vec<StoredPart> {
        let parts = self.parts.get(&upload_id).into_iter().flatten();
        parts
            .map(|(number, part)| StoredPart {
                part_number: PartNumber::try_from(*number).unwrap(),
                size: part.bytes.len() as u64,
                etag: part.etag(),
                checksum: Some(part.checksum),
            })
            .collect()
    }
}

impl Bucket {
    /// What is staged of an upload, by piece.
    pub fn staged(&self, upload_id: UploadId) -> BTreeMap<u32, &Vec<u8>> {
        let objects = self.objects.iter();
        objects
            .filter_map(|((of, target), bytes)| match target {
                Target::Staged(number) if *of == upload_id => Some((*number, bytes)),
                _ => None,
            })
            .collect()
    }

    pub fn remove_staged(&mut self, upload_id: UploadId) {
        self.objects.retain(|(of, target), _| *of != upload_id || !matches!(target, Target::Staged(_)));
    }
}

pub fn error(status: u16, code: &str, message: &str) -> StoreFailure {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    StoreFailure::from_answer(status, &body, None)
}
