//! From parts to one object: what must be sent again, what is joined, and how the result is recognised.

use std::collections::HashMap;

use crc_fast::{CrcAlgorithm, checksum_combine};
use md5::{Digest as _, Md5};
use windlass_protocol::part_plan::MIN_PART_SIZE_BYTES;
use windlass_protocol::{Checksum, PartNumber, PartPlan};

use super::announce::{AnnouncedFile, SizeClaim};
use super::stored::{ObjectInfo, PartToJoin, StoredPart, same_etag};

/// What the joined object will be, as far as its parts tell. Written down before joining: when the answer
/// is lost, an object at the upload's key proves nothing by being there, but by being this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedObject {
    /// Its entity tag; `None` where the parts' tags are no MD5s, as under SSE-KMS.
    pub etag: Option<String>,
    /// Its CRC64NVME; `None` where the store does not tell every part's.
    pub checksum: Option<Checksum>,
}

impl ExpectedObject {
    /// What these parts become.
    pub fn of(plan: &PartPlan, parts: &[PartToJoin]) -> Self {
        Self { etag: composite_etag(parts), checksum: combined_checksum(plan, parts) }
    }

    /// What it is by the client's word alone: its parts, and the whole file's checksum. A list that lacks a part
    /// becomes no object that there is.
    pub fn claimed(plan: &PartPlan, parts: &[PartToJoin], checksum: Option<Checksum>) -> Self {
        let of_parts = Self::of(plan, parts);
        Self { checksum: checksum.or(of_parts.checksum), ..of_parts }
    }

    /// Whether that is the object, of the file that was announced.
    pub fn is(&self, file: &AnnouncedFile, object: &ObjectInfo) -> bool {
        let same_etag = self.etag.as_ref().is_some_and(|etag| same_etag(etag, &object.etag));
        let same_bytes = object.checksum.is_some()
            && [self.checksum, file.checksum].into_iter().any(|known| known == object.checksum);
        let may_be = match file.size_claim {
            SizeClaim::Exactly => object.size_bytes == file.size_bytes,
            SizeClaim::AtMost => object.size_bytes <= file.size_bytes,
        };
        may_be && (same_etag || same_bytes)
    }
}

/// Whether an object at an upload's key can be what its parts were joined to, as far as its size and the number of
/// parts tell that S3 writes behind the entity tag of what it joins. Of its content that proves nothing: only who
/// would remove the object otherwise goes by it.
pub fn may_be_joined(file: &AnnouncedFile, plan: &PartPlan, object: &ObjectInfo) -> bool {
    let Some(parts) = joined_of(&object.etag) else { return false };
    match file.size_claim {
        SizeClaim::Exactly => object.size_bytes == file.size_bytes && parts == u64::from(plan.part_count()),
        // Cut as its client liked, in parts of no less than S3 takes.
        SizeClaim::AtMost => {
            object.size_bytes <= file.size_bytes
                && (1..=object.size_bytes.div_ceil(MIN_PART_SIZE_BYTES)).contains(&parts)
        }
    }
}

/// Of how many parts an object was joined, by its entity tag; `None` where it was written whole.
fn joined_of(etag: &str) -> Option<u64> {
    let (_, parts) = etag.trim().trim_matches('"').rsplit_once('-')?;
    parts.parse().ok()
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
fn composite_etag(parts: &[PartToJoin]) -> Option<String> {
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

/// The CRC64NVME of all parts together, from those of each: CRCs can be combined knowing only lengths.
fn combined_checksum(plan: &PartPlan, parts: &[PartToJoin]) -> Option<Checksum> {
    let mut whole: Option<u64> = None;
    for part in parts {
        let Some(Checksum::Crc64Nvme(bytes)) = part.checksum else { return None };
        let (crc, size_bytes) = (u64::from_be_bytes(bytes), plan.size_of(part.part_number)?);
        whole = Some(
            whole.map_or(crc, |so_far| checksum_combine(CrcAlgorithm::Crc64Nvme, so_far, crc, size_bytes)),
        );
    }
    whole.map(|crc| Checksum::Crc64Nvme(crc.to_be_bytes()))
}

#[cfg(test)]
#[path = "joining_tests.rs"]
mod tests;
