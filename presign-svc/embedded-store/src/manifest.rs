//! What the store remembers of an object, of an open upload and of a part: the JSON files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::layout::{BlobId, UploadId};

/// The headers S3 keeps with an object and gives back with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectHeaders {
    pub(crate) content_type: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    /// `x-amz-meta-*`, names in lower case without the prefix.
    pub(crate) user_metadata: BTreeMap<String, String>,
}

/// A run of bytes on disk: a single body, or one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPart {
    pub(crate) part_number: u16,
    pub(crate) blob: BlobId,
    pub(crate) size_bytes: u64,
    /// MD5 in hexadecimal: a part's ETag.
    pub(crate) etag: String,
    pub(crate) checksum: Checksum,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) last_modified: OffsetDateTime,
}

/// An object: what `objects/ab/<sha256>.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectManifest {
    pub(crate) key: String,
    pub(crate) size_bytes: u64,
    /// Without quotes; MD5 of the body, or MD5 of part MD5s with `-N`.
    pub(crate) etag: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) last_modified: OffsetDateTime,
    pub(crate) checksum: Checksum,
    pub(crate) checksum_type: ChecksumType,
    pub(crate) headers: ObjectHeaders,
    pub(crate) parts: Vec<StoredPart>,
    /// The multipart upload it came from, so that a repeated Complete can be answered.
    pub(crate) upload_id: Option<UploadId>,
}

impl ObjectManifest {
    pub(crate) fn blobs(&self) -> Vec<BlobId> {
        self.parts.iter().map(|part| part.blob).collect()
    }

    /// The checksum as S3 writes it: with the number of parts when it is composed.
    pub(crate) fn checksum_text(&self) -> String {
        match self.checksum_type {
            ChecksumType::FullObject => self.checksum.to_base64(),
            ChecksumType::Composite => format!("{}-{}", self.checksum.to_base64(), self.parts.len()),
        }
    }
}

/// An open multipart upload: what `uploads/<id>/upload.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UploadManifest {
    pub(crate) upload_id: UploadId,
    pub(crate) key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) initiated: OffsetDateTime,
    pub(crate) headers: ObjectHeaders,
    /// What the client declared, or CRC64NVME, which S3 then computes by itself.
    pub(crate) checksum_algorithm: Algorithm,
    pub(crate) checksum_type: ChecksumType,
    /// Whether the client declared it; only then may it send checksums with its parts.
    pub(crate) checksum_declared: bool,
}

/// Which bucket and which format a folder holds: `store.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoreIdentity {
    pub(crate) format: u32,
    pub(crate) bucket: String,
}
