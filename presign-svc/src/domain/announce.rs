//! What a client says about a file before sending it, and whether Windlass takes it.

use std::ops::RangeInclusive;

use windlass_protocol::part_plan::SINGLE_PUT_MAX_BYTES;
use windlass_protocol::{Checksum, ChecksumAlgorithm, PartPlan, PhotoMetadata};

use super::filename::Filename;
use super::limits::{Limits, SINGLE_PUT_LIMIT_BYTES, size_in_words};
use super::media_type::MediaType;

/// How much metadata a client may claim for one file, in bytes of JSON.
const MAX_METADATA_BYTES: usize = 16 * 1024;

/// A file as its client describes it, unchecked.
#[derive(Debug, Clone)]
pub struct FileClaim {
    /// The name on the client.
    pub filename: String,
    /// The media type the client believes in.
    pub content_type: String,
    /// Its size.
    pub size_bytes: u64,
    /// Of the whole file.
    pub checksum: Option<Checksum>,
    /// What the client read from it.
    pub metadata: Option<PhotoMetadata>,
    /// The size in bytes its parts should have.
    pub preferred_part_size_bytes: Option<u64>,
}

/// A file Windlass takes.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnouncedFile {
    /// Its cleaned name.
    pub filename: Filename,
    /// The type it is announced as.
    pub media_type: MediaType,
    /// Its size, or the most it may be.
    pub size_bytes: u64,
    /// Which of them.
    pub size_claim: SizeClaim,
    /// Of the whole file.
    pub checksum: Option<Checksum>,
    /// What the client read from it: a claim. The record forgets it with an upload that comes to nothing.
    pub claimed_metadata: Option<PhotoMetadata>,
    /// How its bytes travel.
    pub transfer: Transfer,
}

/// What an announced size means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeClaim {
    /// The file has exactly so many bytes.
    Exactly,
    /// The client did not say: so much is reserved, and what came is counted once it is verified.
    AtMost,
}

/// How the bytes of an original travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// In one PUT.
    Put,
    /// In parts.
    Multipart(PartPlan),
}

impl AnnouncedFile {
    /// Whether another announcement describes the same bytes.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.media_type == other.media_type
            && self.size_bytes == other.size_bytes
            && checksums_agree(self.checksum.as_ref(), other.checksum.as_ref())
    }
}

/// Checksums of different algorithms, or an absent one, cannot contradict each other.
pub fn checksums_agree(a: Option<&Checksum>, b: Option<&Checksum>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.algorithm() != b.algorithm() || a == b,
        _ => true,
    }
}

/// Why a file is not taken. Each says what is wrong with which file, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A type that is not on the list, or is switched off here.
    #[error("{filename}: files of type {announced:?} are not accepted here; send {accepted}")]
    TypeNotAllowed {
        /// Its name.
        filename: Filename,
        /// What the client said.
        announced: String,
        /// What would be accepted.
        accepted: &'static str,
    },
    /// Above the limit for its kind.
    #[error("{filename}: {} is more than the {} allowed for this type of file", size_in_words(*.size_bytes), size_in_words(*.limit_bytes))]
    TooLarge {
        /// Its name.
        filename: Filename,
        /// Its size.
        size_bytes: u64,
        /// The largest accepted size.
        limit_bytes: u64,
    },
    /// Below the limit for its kind.
    #[error("{filename}: {} is too small for this type of file (at least {}); it may be empty or broken", size_in_words(*.size_bytes), size_in_words(*.limit_bytes))]
    TooSmall {
        /// Its name.
        filename: Filename,
        /// Its size.
        size_bytes: u64,
        /// The smallest accepted size.
        limit_bytes: u64,
    },
    /// A field that is wrong in itself.
    #[error("{field} {reason}")]
    Field {
        /// Where, as a path within the file's entry: `variants[1].name`.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}

/// How an upload may travel, as far as the client can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferChoice {
    /// One PUT for small files, parts above.
    BySize,
    /// One PUT up to S3's own limit, for clients that know nothing of parts.
    SinglePut,
}

/// Checks a file against the limits.
pub fn accept_file(
    claim: FileClaim,
    limits: &Limits,
    choice: TransferChoice,
) -> Result<AnnouncedFile, Refusal> {
    let filename = Filename::clean(&claim.filename);
    let size_bytes = claim.size_bytes;
    let (media_type, accepted) = accept_type(&filename, &claim.content_type, limits)?;
    let limit_bytes = match choice {
        TransferChoice::BySize => *accepted.end(),
        TransferChoice::SinglePut => (*accepted.end()).min(SINGLE_PUT_LIMIT_BYTES),
    };
    check_size(&filename, size_bytes, *accepted.start()..=limit_bytes)?;
    let transfer = match choice {
        TransferChoice::BySize if size_bytes > SINGLE_PUT_MAX_BYTES => {
            let plan = match claim.preferred_part_size_bytes {
                Some(preferred) => PartPlan::preferring(size_bytes, preferred),
                None => PartPlan::for_size(size_bytes),
            };
            let plan =
                plan.map_err(|error| Refusal::Field { field: "size".to_owned(), reason: error.to_string() })?;
            Transfer::Multipart(plan)
        }
        TransferChoice::BySize | TransferChoice::SinglePut => Transfer::Put,
    };
    let unverifiable = |sum: &Checksum| {
        matches!(transfer, Transfer::Multipart(_)) && sum.algorithm() != ChecksumAlgorithm::Crc64Nvme
    };
    if claim.checksum.as_ref().is_some_and(unverifiable) {
        return Err(Refusal::Field {
            field: "checksum".to_owned(),
            reason:
                "of a file that is sent in parts must be a CRC64NVME: the store can verify no other over \
                     the whole of it"
                    .to_owned(),
        });
    }
    check_metadata(claim.metadata.as_ref())?;
    Ok(AnnouncedFile {
        filename,
        media_type,
        size_bytes,
        size_claim: SizeClaim::Exactly,
        checksum: claim.checksum,
        claimed_metadata: claim.metadata,
        transfer,
    })
}

/// The type of a file, and the sizes that are taken of it.
pub(super) fn accept_type(
    filename: &Filename,
    content_type: &str,
    limits: &Limits,
) -> Result<(MediaType, RangeInclusive<u64>), Refusal> {
    let known = MediaType::announced(content_type, filename);
    known.and_then(|t| Some((t, limits.for_kind(t.kind())?))).ok_or_else(|| Refusal::TypeNotAllowed {
        filename: filename.clone(),
        announced: content_type.chars().filter(|c| !c.is_control()).take(100).collect(),
        accepted: accepted_in_words(limits),
    })
}

/// Refuses what is outside.
pub(super) fn check_size(
    filename: &Filename,
    size_bytes: u64,
    accepted: RangeInclusive<u64>,
) -> Result<(), Refusal> {
    let (filename, least, most) = (filename.clone(), *accepted.start(), *accepted.end());
    if size_bytes < least {
        return Err(Refusal::TooSmall { filename, size_bytes, limit_bytes: least });
    }
    if size_bytes > most {
        return Err(Refusal::TooLarge { filename, size_bytes, limit_bytes: most });
    }
    Ok(())
}

/// Odd values are no reason to refuse a photo: cameras write them. Only the amount is bounded.
fn check_metadata(claim: Option<&PhotoMetadata>) -> Result<(), Refusal> {
    let size = claim.map_or(0, |claim| serde_json::to_vec(claim).map_or(usize::MAX, |json| json.len()));
    if size > MAX_METADATA_BYTES {
        let reason = "is larger than 16 KiB of JSON".to_owned();
        return Err(Refusal::Field { field: "metadata".to_owned(), reason });
    }
    Ok(())
}

fn accepted_in_words(limits: &Limits) -> &'static str {
    match (limits.video.is_some(), limits.archive.is_some()) {
        (false, false) => "JPEG, PNG, WebP, HEIC, HEIF, AVIF, GIF, TIFF, PDF or DWG",
        (true, false) => "JPEG, PNG, WebP, HEIC, HEIF, AVIF, GIF, TIFF, PDF, DWG, MP4 or MOV",
        (false, true) => "JPEG, PNG, WebP, HEIC, HEIF, AVIF, GIF, TIFF, PDF, DWG or ZIP",
        (true, true) => "JPEG, PNG, WebP, HEIC, HEIF, AVIF, GIF, TIFF, PDF, DWG, MP4, MOV or ZIP",
    }
}

#[cfg(test)]
#[path = "announce_tests.rs"]
mod tests;
