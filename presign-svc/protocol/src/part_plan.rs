//! How a file is split into S3 multipart parts. Part arithmetic lives here and nowhere else.
//!
//! S3's rules (Amazon S3 User Guide, "Multipart upload limits"): 1 to 10,000 parts, every part but
//! the last at least 5 MiB, none above 5 GiB, an object of at most 5 TiB.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One mebibyte in bytes.
pub const MIB: u64 = 1024 * 1024;
/// The smallest part S3 accepts, except as the last one.
pub const MIN_PART_SIZE_BYTES: u64 = 5 * MIB;
/// The largest number of parts of one upload.
pub const MAX_PART_COUNT: u64 = 10_000;
/// The largest object S3 stores.
pub const MAX_OBJECT_SIZE_BYTES: u64 = 5 * 1024 * 1024 * MIB;
/// Files up to this size go in one PUT, larger ones in parts.
pub const SINGLE_PUT_MAX_BYTES: u64 = 5 * MIB;

/// Part sizes grow with the file so that about this many parts are enough …
const COMFORTABLE_PART_COUNT: u64 = 1_000;
/// … until a part reaches this size; a larger one is too much to lose on a phone's network.
const COMFORTABLE_PART_SIZE_BYTES: u64 = 64 * MIB;

/// The number of a part: 1 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export, type = "number"))]
pub struct PartNumber(u16);

/// A number that is not a part number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("part_number must be between 1 and 10000, not {0}")]
pub struct InvalidPartNumber(pub u32);

impl PartNumber {
    /// The first part.
    pub const FIRST: Self = Self(1);

    /// The number, 1 to 10,000.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u32> for PartNumber {
    type Error = InvalidPartNumber;
    fn try_from(number: u32) -> Result<Self, InvalidPartNumber> {
        match u16::try_from(number) {
            Ok(small) if small >= 1 && u64::from(small) <= MAX_PART_COUNT => Ok(Self(small)),
            _ => Err(InvalidPartNumber(number)),
        }
    }
}

impl From<PartNumber> for u32 {
    fn from(number: PartNumber) -> u32 {
        u32::from(number.0)
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// How one file is split: equal parts, the last one shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlan {
    size_bytes: u64,
    part_size_bytes: u64,
}

/// Why a file cannot be split as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPartPlan {
    /// Nothing to send.
    #[error("an empty file has no parts")]
    Empty,
    /// More than S3 can store in one object.
    #[error("{0} bytes are more than one S3 object can hold (5 TiB)")]
    TooLarge(u64),
    /// A part size S3 would refuse for this file.
    #[error("a part size of {part_size_bytes} bytes breaks S3's rules for a file of {size_bytes} bytes")]
    PartSize {
        /// The file's size.
        size_bytes: u64,
        /// The part size that was asked for.
        part_size_bytes: u64,
    },
}

impl PartPlan {
    /// The plan the service makes for a file of that size.
    pub fn for_size(size_bytes: u64) -> Result<Self, InvalidPartPlan> {
        let part_size_bytes = MIN_PART_SIZE_BYTES
            .max(
                round_up_to_mib(size_bytes.div_ceil(COMFORTABLE_PART_COUNT)).min(COMFORTABLE_PART_SIZE_BYTES),
            )
            .max(round_up_to_mib(size_bytes.div_ceil(MAX_PART_COUNT)));
        Self::with_part_size(size_bytes, part_size_bytes)
    }

    /// The plan the service makes for a file whose client prefers parts of that size, by what its line carries.
    /// Any number will do: it is rounded down to whole mebibytes, and up or down to what S3 takes for this file
    /// and what is not too much to lose.
    pub fn preferring(size_bytes: u64, part_size_bytes: u64) -> Result<Self, InvalidPartPlan> {
        let least = MIN_PART_SIZE_BYTES.max(round_up_to_mib(size_bytes.div_ceil(MAX_PART_COUNT)));
        let most = COMFORTABLE_PART_SIZE_BYTES.max(least);
        Self::with_part_size(size_bytes, (part_size_bytes / MIB * MIB).clamp(least, most))
    }

    /// The plan for a file whose part size is already fixed, as recorded with an upload.
    pub fn with_part_size(size_bytes: u64, part_size_bytes: u64) -> Result<Self, InvalidPartPlan> {
        if size_bytes == 0 {
            return Err(InvalidPartPlan::Empty);
        }
        if size_bytes > MAX_OBJECT_SIZE_BYTES {
            return Err(InvalidPartPlan::TooLarge(size_bytes));
        }
        if part_size_bytes < MIN_PART_SIZE_BYTES || size_bytes.div_ceil(part_size_bytes) > MAX_PART_COUNT {
            return Err(InvalidPartPlan::PartSize { size_bytes, part_size_bytes });
        }
        Ok(Self { size_bytes, part_size_bytes })
    }

    /// The file's size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The size of every part but the last.
    pub fn part_size_bytes(&self) -> u64 {
        self.part_size_bytes
    }

    /// How many parts there are, 1 to 10,000.
    pub fn part_count(&self) -> u16 {
        // At most MAX_PART_COUNT by construction.
        self.size_bytes.div_ceil(self.part_size_bytes) as u16
    }

    /// All part numbers, in order.
    pub fn part_numbers(&self) -> impl Iterator<Item = PartNumber> + use<> {
        (1..=self.part_count()).map(PartNumber)
    }

    /// The bytes of the file that make up a part; `None` where the plan has no such part.
    pub fn byte_range(&self, part: PartNumber) -> Option<Range<u64>> {
        if part.0 > self.part_count() {
            return None;
        }
        let start = u64::from(part.0 - 1) * self.part_size_bytes;
        Some(start..(start + self.part_size_bytes).min(self.size_bytes))
    }

    /// A part's size in bytes; `None` where the plan has no such part.
    pub fn size_of(&self, part: PartNumber) -> Option<u64> {
        self.byte_range(part).map(|range| range.end - range.start)
    }
}

fn round_up_to_mib(bytes: u64) -> u64 {
    bytes.div_ceil(MIB) * MIB
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_plan_obeys_s3_and_covers_the_file_once() {
        let sizes = [
            1,
            SINGLE_PUT_MAX_BYTES - 1,
            SINGLE_PUT_MAX_BYTES,
            SINGLE_PUT_MAX_BYTES + 1,
            12_600_000,
            200 * MIB,
            5_000 * MIB,
            50_000 * MIB + 1,
            640_000 * MIB + 1,
            MAX_OBJECT_SIZE_BYTES,
        ];
        for size in sizes {
            let plan = PartPlan::for_size(size).unwrap();
            assert!(plan.part_size_bytes() >= MIN_PART_SIZE_BYTES);
            assert!(plan.part_size_bytes() <= 5 * 1024 * MIB);
            let mut end = 0;
            for part in plan.part_numbers() {
                let range = plan.byte_range(part).unwrap();
                assert_eq!(range.start, end);
                assert!(range.end > range.start);
                end = range.end;
            }
            assert_eq!(end, size);
        }
    }

    /// Sizes of all magnitudes, that S3 could store.
    fn a_size() -> impl Strategy<Value = u64> {
        let ends = [1, SINGLE_PUT_MAX_BYTES + 1, 50_000 * MIB, 50_000 * MIB + 1, MAX_OBJECT_SIZE_BYTES];
        prop_oneof![
            (any::<u64>(), 0..64_u32)
                .prop_map(|(bits, shift)| (bits >> shift).clamp(1, MAX_OBJECT_SIZE_BYTES)),
            prop::sample::select(ends.to_vec()),
        ]
    }

    fn a_wish() -> impl Strategy<Value = u64> {
        let ends = [0, 1, 5 * MIB - 1, 5 * MIB, 9 * MIB - 1, 64 * MIB, 65 * MIB, u64::MAX];
        prop_oneof![
            (any::<u64>(), 0..64_u32).prop_map(|(bits, shift)| bits >> shift),
            prop::sample::select(ends.to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_preferred_the_plan_obeys_s3_and_is_as_near_as_can_be(size in a_size(), wish in a_wish()) {
            let plan = PartPlan::preferring(size, wish).unwrap();
            let part = plan.part_size_bytes();
            prop_assert!((MIN_PART_SIZE_BYTES..=5 * 1024 * MIB).contains(&part));
            prop_assert!(size.div_ceil(part) <= MAX_PART_COUNT);
            prop_assert!(part.is_multiple_of(MIB), "staged pieces fit into it");
            let is_least = part == MIN_PART_SIZE_BYTES || size.div_ceil(part - MIB) > MAX_PART_COUNT;
            prop_assert!(part <= wish || is_least, "more than was preferred only where S3 wants it");
            let is_most = part >= COMFORTABLE_PART_SIZE_BYTES;
            prop_assert!(wish - part.min(wish) < MIB || is_most, "less only where too much could be lost");
            prop_assert_eq!(PartPlan::with_part_size(size, part), Ok(plan), "as it is read from a record");
        }
    }

    #[test]
    fn what_s3_would_refuse_is_no_plan() {
        assert_eq!(PartPlan::for_size(0), Err(InvalidPartPlan::Empty));
        assert_eq!(
            PartPlan::for_size(MAX_OBJECT_SIZE_BYTES + 1),
            Err(InvalidPartPlan::TooLarge(MAX_OBJECT_SIZE_BYTES + 1))
        );
        assert_eq!(PartPlan::preferring(0, MIB), Err(InvalidPartPlan::Empty));
        assert_eq!(PartPlan::preferring(u64::MAX, u64::MAX), Err(InvalidPartPlan::TooLarge(u64::MAX)));
        assert!(PartPlan::with_part_size(10_001 * MIN_PART_SIZE_BYTES, MIN_PART_SIZE_BYTES).is_err());
        assert!(PartPlan::with_part_size(20 * MIB, 4 * MIB).is_err());
        assert!(PartNumber::try_from(0).is_err());
        assert!(PartNumber::try_from(10_001).is_err());
    }
}
