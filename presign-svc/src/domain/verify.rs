//! Whether what the store has is what was announced. Decides only: asking the store is done elsewhere.

use std::collections::HashMap;

use md5::{Digest as _, Md5};
use windlass_protocol::{Checksum, PartNumber, PartPlan};

use super::announce::AnnouncedFile;
use super::stored::{ObjectInfo, PartToJoin, StoredPart, same_etag};

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
        let detail = format!(
            "{}: announced with {} bytes, but {stored_bytes} are stored. Send the file again",
            file.filename, file.size_bytes
        );
        Self { code: FailureCode::SizeMismatch, detail }
    }

    /// The content is of another type.
    pub fn content(file: &AnnouncedFile, found: Option<&str>) -> Self {
        let found =
            found.map_or_else(|| "is of no type known here".to_owned(), |t| format!("looks like {t}"));
        let detail = format!(
            "{}: announced as {}, but its content {found}. Send it under its real type",
            file.filename,
            file.media_type.mime()
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
    if object.size_bytes != file.size_bytes {
        return Ok(Err(Failure::size(file, object.size_bytes)));
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

/// Whether an object that appeared at the upload's key is the one this upload's parts were to become: the
/// answer to a completion was lost, and "an object exists" alone would prove nothing.
pub fn is_our_object(file: &AnnouncedFile, expected_etag: Option<&str>, object: &ObjectInfo) -> bool {
    let same_content = expected_etag.is_some_and(|etag| same_etag(etag, &object.etag))
        || file.checksum.is_some() && file.checksum == object.checksum;
    object.size_bytes == file.size_bytes && same_content
}

/// The parts to send again: those the store has not, has with another size, or has with other content
/// than the client believes.
pub fn missing_parts(plan: &PartPlan, stored: &[StoredPart], believed: &[PartToJoin]) -> Vec<PartNumber> {
    let contradicts = |part: &StoredPart, claim: &PartToJoin| {
        let sums = part.checksum.zip(claim.checksum);
        !same_etag(&claim.etag, &part.etag)
            || sums.is_some_and(|(a, b)| a.algorithm() == b.algorithm() && a != b)
    };
    let mut good: HashMap<PartNumber, &StoredPart> = stored
        .iter()
        .filter(|part| plan.size_of(part.part_number) == Some(part.size_bytes))
        .map(|part| (part.part_number, part))
        .collect();
    for claim in believed {
        if good.get(&claim.part_number).is_some_and(|part| contradicts(part, claim)) {
            good.remove(&claim.part_number);
        }
    }
    plan.part_numbers().filter(|number| !good.contains_key(number)).collect()
}

/// The parts of the plan, as they are to be joined. A store may hold more than the plan: those are left out.
pub fn parts_to_join(plan: &PartPlan, stored: Vec<StoredPart>) -> Vec<PartToJoin> {
    stored
        .into_iter()
        .filter(|part| plan.size_of(part.part_number).is_some())
        .map(|part| PartToJoin { part_number: part.part_number, etag: part.etag, checksum: part.checksum })
        .collect()
}

/// The entity tag S3 gives an object joined from these parts: the MD5 of the parts' MD5s and their number.
/// `None` where the parts' tags are no MD5s, as under SSE-KMS.
pub fn composite_etag(parts: &[PartToJoin]) -> Option<String> {
    let mut digest = Md5::new();
    for part in parts {
        let etag = part.etag.trim().trim_matches('"');
        let well_formed = etag.len() == 32 && etag.bytes().all(|b| b.is_ascii_hexdigit());
        if !well_formed {
            return None;
        }
        digest.update(u128::from_str_radix(etag, 16).ok()?.to_be_bytes());
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("\"{hex}-{}\"", parts.len()))
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
