//! Whether what the store has is what was announced. Decides only: asking the store is done elsewhere.

use windlass_protocol::Checksum;

use super::announce::{AnnouncedFile, SizeClaim};
use super::limits::size_in_words;
use super::stored::ObjectInfo;

/// Why stored bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: FailureCode,
    /// For people.
    pub detail: String,
}

/// The ways stored bytes can differ from what was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// Another number of bytes.
    SizeMismatch,
    /// Other bytes.
    ChecksumMismatch,
    /// The content is of another type.
    TypeMismatch,
}

impl Failure {
    /// The stored object has another checksum.
    pub fn checksum(file: &AnnouncedFile) -> Self {
        let detail = format!(
            "{}: the stored bytes do not have the announced checksum; they were damaged on the way. Send the file again",
            file.filename
        );
        Self { code: FailureCode::ChecksumMismatch, detail }
    }

    /// The stored object has another size.
    pub fn size(file: &AnnouncedFile, stored_bytes: u64) -> Self {
        let detail = match file.size_claim {
            SizeClaim::Exactly => format!(
                "{}: announced with {} bytes, but {stored_bytes} are stored. Send the file again",
                file.filename, file.size_bytes
            ),
            SizeClaim::AtMost => format!(
                "{}: {} are stored, and not more than {} are taken",
                file.filename,
                size_in_words(stored_bytes),
                size_in_words(file.size_bytes)
            ),
        };
        Self { code: FailureCode::SizeMismatch, detail }
    }

    /// The stored object has fewer bytes than any real file of its kind.
    pub fn too_small(file: &AnnouncedFile, stored_bytes: u64, least_bytes: u64) -> Self {
        let detail = format!(
            "{}: {} is too small for this type of file (at least {}); it may be empty or broken",
            file.filename,
            size_in_words(stored_bytes),
            size_in_words(least_bytes)
        );
        Self { code: FailureCode::SizeMismatch, detail }
    }

    /// The parts a client cut are none that could be joined.
    pub fn parts(file: &AnnouncedFile) -> Self {
        let detail = format!(
            "{}: its parts, but for the last one, must all have the same size of at least 5 MiB. Send the file again",
            file.filename
        );
        Self { code: FailureCode::SizeMismatch, detail }
    }

    /// The content is of another type.
    pub fn content(file: &AnnouncedFile, found: Option<&str>) -> Self {
        let is = found.map_or_else(
            || "nothing of the kind. Choose another file".to_owned(),
            |found| format!("{found}. Send it under its real type"),
        );
        let detail =
            format!("{}: it was sent as {}, but its content is {is}", file.filename, file.media_type.mime());
        Self { code: FailureCode::TypeMismatch, detail }
    }

    /// Whoever opens the object is told to decode what was never encoded.
    fn encoding(file: &AnnouncedFile, encoding: &str) -> Self {
        let detail = format!(
            "{}: it was sent with Content-Encoding: {encoding}, and nobody could open it. Send it without that header",
            file.filename
        );
        Self { code: FailureCode::TypeMismatch, detail }
    }
}

/// A checksum the client gives with complete cannot be checked against anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot be verified: the store keeps no {0} checksum of this file; announce it when creating the upload"
)]
pub struct UnverifiableChecksum(pub &'static str);

/// Compares an object with the announcement, and with a checksum the client gave only now.
pub fn compare_object(
    file: &AnnouncedFile,
    given_now: Option<&Checksum>,
    object: &ObjectInfo,
) -> Result<Result<(), Failure>, UnverifiableChecksum> {
    let fits = match file.size_claim {
        SizeClaim::Exactly => object.size_bytes == file.size_bytes,
        SizeClaim::AtMost => object.size_bytes <= file.size_bytes,
    };
    if !fits {
        return Ok(Err(Failure::size(file, object.size_bytes)));
    }
    if let Some(encoding) = &object.content_encoding {
        return Ok(Err(Failure::encoding(file, encoding)));
    }
    let contradicts = |stored: &Checksum, expected: &Checksum| {
        stored.algorithm() == expected.algorithm() && stored != expected
    };
    let expected = [file.checksum.as_ref(), given_now];
    if let Some(stored) = &object.checksum
        && expected.iter().flatten().any(|expected| contradicts(stored, expected))
    {
        return Ok(Err(Failure::checksum(file)));
    }
    if let (Some(announced), Some(now)) = (&file.checksum, given_now)
        && contradicts(announced, now)
    {
        return Ok(Err(Failure::checksum(file)));
    }
    let Some(now) = given_now else { return Ok(Ok(())) };
    // What was announced at create was part of the signature: the store has verified it on arrival.
    let is_known = [object.checksum.as_ref(), file.checksum.as_ref()]
        .into_iter()
        .flatten()
        .any(|known| known.algorithm() == now.algorithm());
    if is_known { Ok(Ok(())) } else { Err(UnverifiableChecksum(now.algorithm().s3_name())) }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
