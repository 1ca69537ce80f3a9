//! Files whose client says neither their size nor how it cuts them, as Companion's contract has it: what is
//! taken of them, and what their parts turn out to be.

use std::collections::HashMap;

use windlass_protocol::part_plan::{MAX_PART_COUNT, MIN_PART_SIZE_BYTES};
use windlass_protocol::{PartNumber, PartPlan};

use super::announce::{AnnouncedFile, Refusal, SizeClaim, Transfer, accept_type, check_size};
use super::filename::Filename;
use super::limits::{Limits, SINGLE_PUT_LIMIT_BYTES};
use super::stored::{PartToJoin, StoredPart, same_etag};

/// A file as such a client describes it, unchecked.
#[derive(Debug, Clone)]
pub struct UnplannedClaim<'a> {
    /// The name on the client.
    pub filename: &'a str,
    /// The media type the client believes in.
    pub content_type: &'a str,
    /// Its size, where the page says it.
    pub size_bytes: Option<u64>,
}

/// How its bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// All in one form.
    Form,
    /// In parts, as large as the client likes.
    Parts,
}

/// Checks a file against the limits. Where its size is not known it counts with the most it may have.
pub fn accept_unplanned(
    claim: &UnplannedClaim<'_>,
    way: Way,
    limits: &Limits,
) -> Result<AnnouncedFile, Refusal> {
    let filename = Filename::clean(claim.filename);
    let (media_type, accepted) = accept_type(&filename, claim.content_type, limits)?;
    let most = match way {
        Way::Form => (*accepted.end()).min(SINGLE_PUT_LIMIT_BYTES),
        Way::Parts => *accepted.end(),
    };
    // Where nobody says it, it is as large as the smallest of its kind at least: of a kind that may have no bytes, such
    // as documents where their largest size is 0, nothing is taken.
    check_size(&filename, claim.size_bytes.unwrap_or(*accepted.start()), *accepted.start()..=most)?;
    let size_bytes = claim.size_bytes.unwrap_or(most);
    let transfer = match way {
        Way::Form => Transfer::Put,
        Way::Parts => {
            let part_size_bytes = MIN_PART_SIZE_BYTES.max(size_bytes.div_ceil(MAX_PART_COUNT));
            let plan = PartPlan::with_part_size(size_bytes, part_size_bytes);
            let wrong = |reason: String| Refusal::Field { field: "metadata[size]".to_owned(), reason };
            Transfer::Multipart(plan.map_err(|error| wrong(error.to_string()))?)
        }
    };
    // A form's size is signed. Of parts it is the client that says which there are.
    let size_claim = match (way, claim.size_bytes) {
        (Way::Form, Some(_)) => SizeClaim::Exactly,
        (Way::Form, None) | (Way::Parts, _) => SizeClaim::AtMost,
    };
    Ok(AnnouncedFile {
        filename,
        media_type,
        size_bytes,
        size_claim,
        checksum: None,
        claimed_metadata: None,
        transfer,
    })
}

/// Why parts are no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplanned {
    /// These are not stored as the client names them, or not named.
    Missing(Vec<PartNumber>),
    /// They are not of one size, or of one too small.
    Uneven,
}

/// The plan by which the parts were made that a client names as all of its file.
pub fn plan_of_named(stored: &[StoredPart], named: &[PartToJoin]) -> Result<PartPlan, Unplanned> {
    let stored: HashMap<_, _> = stored.iter().map(|part| (part.part_number, part)).collect();
    let named: HashMap<_, _> = named.iter().map(|part| (part.part_number, part)).collect();
    let last = named.keys().max().copied().unwrap_or(PartNumber::FIRST);
    let mut sizes = Vec::with_capacity(named.len());
    let mut missing = Vec::new();
    for number in (1..=u32::from(last)).filter_map(|number| PartNumber::try_from(number).ok()) {
        let found = named
            .get(&number)
            .and_then(|claim| stored.get(&number).filter(|part| same_etag(&part.etag, &claim.etag)));
        match found {
            Some(part) => sizes.push(part.size_bytes),
            None => missing.push(number),
        }
    }
    if !missing.is_empty() {
        return Err(Unplanned::Missing(missing));
    }
    let size_bytes = sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size));
    let part_size_bytes = match sizes.as_slice() {
        [only] => (*only).max(MIN_PART_SIZE_BYTES),
        [first, ..] => *first,
        [] => return Err(Unplanned::Uneven),
    };
    let plan = PartPlan::with_part_size(size_bytes, part_size_bytes).map_err(|_| Unplanned::Uneven)?;
    let is_planned = plan.part_numbers().map(|number| plan.size_of(number)).eq(sizes.into_iter().map(Some));
    if is_planned { Ok(plan) } else { Err(Unplanned::Uneven) }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use windlass_protocol::part_plan::MIB;

    use super::*;

    fn claim(filename: &str, size_bytes: Option<u64>) -> UnplannedClaim<'_> {
        UnplannedClaim { filename, content_type: "", size_bytes }
    }

    fn stored(sizes: &[u64]) -> (Vec<StoredPart>, Vec<PartToJoin>) {
        let part = |(number, size_bytes): (u32, &u64)| {
            let (part_number, etag) = (number.try_into().unwrap(), format!("\"{number}\""));
            let stored =
                StoredPart { part_number, size_bytes: *size_bytes, etag: etag.clone(), checksum: None };
            (stored, PartToJoin { part_number, etag, checksum: None })
        };
        (1..).zip(sizes).map(part).unzip()
    }

    fn plan(sizes: &[u64]) -> Result<(u64, u64), Unplanned> {
        let (stored, named) = stored(sizes);
        plan_of_named(&stored, &named).map(|plan| (plan.size_bytes(), plan.part_size_bytes()))
    }

    #[test]
    fn a_file_of_unknown_size_counts_with_the_most_it_may_have() {
        let limits = Limits::default();
        let form = accept_unplanned(&claim("a.jpg", None), Way::Form, &limits).unwrap();
        assert_eq!(
            (form.size_bytes, form.size_claim, form.transfer),
            (50 * MIB, SizeClaim::AtMost, Transfer::Put)
        );
        let known = accept_unplanned(&claim("a.jpg", Some(4096)), Way::Form, &limits).unwrap();
        assert_eq!((known.size_bytes, known.size_claim), (4096, SizeClaim::Exactly));
        let parts = accept_unplanned(&claim("a.pdf", None), Way::Parts, &limits).unwrap();
        let Transfer::Multipart(plan) = parts.transfer else { panic!("{parts:?}") };
        assert_eq!((plan.part_count(), parts.size_claim), (20, SizeClaim::AtMost));
        for (name, size) in [("a.jpg", 51 * MIB), ("a.jpg", 10), ("a.exe", 4096), ("a.mp4", 4096)] {
            assert!(accept_unplanned(&claim(name, Some(size)), Way::Form, &limits).is_err(), "{name} {size}");
        }
    }

    #[test]
    fn of_a_kind_that_may_have_no_bytes_nothing_is_taken_whether_its_size_is_known_or_not() {
        let limits = Limits { document: RangeInclusive::new(1, 0), ..Limits::default() };
        for (way, size) in
            [(Way::Form, None), (Way::Form, Some(7)), (Way::Parts, None), (Way::Parts, Some(7))]
        {
            let refused = accept_unplanned(&claim("a.pdf", size), way, &limits).unwrap_err();
            assert!(matches!(refused, Refusal::TooLarge { .. }), "{way:?} {size:?}: {refused}");
        }
    }

    #[test]
    fn equal_parts_and_a_shorter_last_one_are_a_plan() {
        assert_eq!(plan(&[5 * MIB, 5 * MIB, 7]), Ok((10 * MIB + 7, 5 * MIB)));
        assert_eq!(plan(&[9 * MIB, 9 * MIB]), Ok((18 * MIB, 9 * MIB)));
        assert_eq!(plan(&[7]), Ok((7, 5 * MIB)));
        for uneven in [&[5 * MIB, 6 * MIB][..], &[4 * MIB, 4 * MIB], &[5 * MIB, 4, 5 * MIB], &[0]] {
            assert_eq!(plan(uneven), Err(Unplanned::Uneven), "{uneven:?}");
        }
    }

    #[test]
    fn a_gap_or_another_content_is_missing() {
        let (stored, mut named) = stored(&[5 * MIB, 5 * MIB, 7]);
        let numbers = |result: Result<PartPlan, Unplanned>| match result {
            Err(Unplanned::Missing(parts)) => parts.into_iter().map(PartNumber::get).collect(),
            other => panic!("{other:?}"),
        };
        let missing: Vec<u16> = numbers(plan_of_named(&stored[..2], &named));
        assert_eq!(missing, [3]);
        named[1].etag = "\"other\"".to_owned();
        assert_eq!(numbers(plan_of_named(&stored, &named)), [2]);
        named.remove(1);
        assert_eq!(numbers(plan_of_named(&stored, &named)), [2]);
        assert_eq!(numbers(plan_of_named(&stored, &[])), [1], "nothing is known of what was meant");
    }
}
