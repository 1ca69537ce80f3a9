//! What a store can tell about objects and parts.

use windlass_protocol::{Checksum, PartNumber};

/// The store's name for an open multipart upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MultipartId(pub String);

/// A part the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number.
    pub part_number: PartNumber,
    /// Its size.
    pub size_bytes: u64,
    /// Its entity tag, with quotes, as the store writes it.
    pub etag: String,
    /// Its checksum, where the store keeps one of a kind the contract knows.
    pub checksum: Option<Checksum>,
}

/// A part as the client names it, or as it is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartToJoin {
    /// Its number.
    pub part_number: PartNumber,
    /// Its entity tag, as the store answered it.
    pub etag: String,
    /// Its checksum, where known.
    pub checksum: Option<Checksum>,
}

/// What the store knows about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its size.
    pub size_bytes: u64,
    /// Its entity tag, with quotes.
    pub etag: String,
    /// The media type it was stored with: the uploader's claim.
    pub content_type: Option<String>,
    /// How whoever opens it is told to decode it first (RFC 9110, `Content-Encoding`). Nothing that was announced is
    /// encoded, and the header needs no signature: where it is there, its uploader added it.
    pub content_encoding: Option<String>,
    /// Of the whole object, where the store keeps one of a kind the contract knows; never a checksum of
    /// checksums.
    pub checksum: Option<Checksum>,
}

/// Whether two entity tags mean the same content; quotes and letter case of the hexadecimal do not count.
pub fn same_etag(a: &str, b: &str) -> bool {
    let bare = |etag: &str| etag.trim().trim_matches('"').to_ascii_lowercase();
    bare(a) == bare(b)
}
