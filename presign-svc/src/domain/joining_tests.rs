//! What is joined, and how the result is known again.

use windlass_protocol::part_plan::MIB;

use super::*;
use crate::domain::announce::{FileClaim, TransferChoice, accept_file};
use crate::domain::limits::Limits;

fn file(size_bytes: u64, checksum: Option<Checksum>) -> AnnouncedFile {
    let claim = FileClaim {
        filename: "a.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        size_bytes,
        checksum,
        metadata: None,
        preferred_part_size_bytes: None,
    };
    accept_file(claim, &Limits::default(), TransferChoice::BySize).unwrap()
}

fn object(size_bytes: u64, etag: &str, checksum: Option<Checksum>) -> ObjectInfo {
    ObjectInfo { size_bytes, etag: etag.to_owned(), content_type: None, content_encoding: None, checksum }
}

fn stored(number: u32, size_bytes: u64, etag: &str) -> StoredPart {
    let part_number = number.try_into().unwrap();
    StoredPart { part_number, size_bytes, etag: etag.to_owned(), checksum: None }
}

fn numbers(parts: &[PartNumber]) -> Vec<u16> {
    parts.iter().map(|part| part.get()).collect()
}

fn part(number: u32, etag: &str) -> PartToJoin {
    PartToJoin { part_number: number.try_into().unwrap(), etag: etag.to_owned(), checksum: None }
}

const SUM: Checksum = Checksum::Crc64Nvme([1; 8]);
const OTHER: Checksum = Checksum::Crc64Nvme([2; 8]);

#[test]
fn an_older_object_of_the_same_size_is_not_ours() {
    let ours = file(6 * MIB, None);
    let by_tag = ExpectedObject { etag: Some("\"abc-2\"".to_owned()), checksum: None };
    assert!(by_tag.is(&ours, &object(6 * MIB, "ABC-2", None)));
    assert!(!by_tag.is(&ours, &object(6 * MIB, "\"def-2\"", None)));
    assert!(!by_tag.is(&ours, &object(7 * MIB, "abc-2", None)));
    let by_sum = ExpectedObject { etag: None, checksum: Some(SUM) };
    assert!(by_sum.is(&ours, &object(6 * MIB, "opaque", Some(SUM))));
    assert!(!by_sum.is(&ours, &object(6 * MIB, "opaque", Some(OTHER))));
    let unknown = ExpectedObject { etag: None, checksum: None };
    assert!(!unknown.is(&ours, &object(6 * MIB, "opaque", None)), "that nothing is known is no proof");
    assert!(unknown.is(&file(6 * MIB, Some(SUM)), &object(6 * MIB, "opaque", Some(SUM))));
}

#[test]
fn what_was_joined_has_the_size_and_the_number_of_parts_that_were_announced() {
    let ours = file(11 * MIB, None);
    let plan = PartPlan::for_size(11 * MIB).unwrap();
    let may_be = |size, etag| may_be_joined(&ours, &plan, &object(size, etag, None));
    assert!(may_be(11 * MIB, "\"68083ea43d0307eecfa2b4749f19df15-3\""));
    assert!(may_be(11 * MIB, "opaque-3"), "as under SSE-KMS");
    assert!(!may_be(11 * MIB - 1, "\"68083ea43d0307eecfa2b4749f19df15-3\""));
    for odd in ["68083ea43d0307eecfa2b4749f19df15", "68083ea43d0307eecfa2b4749f19df15-2", "a-b", "-", ""] {
        assert!(!may_be(11 * MIB, odd), "{odd}");
    }
}

#[test]
fn what_its_client_cut_as_it_liked_may_have_as_many_parts_as_s3_takes() {
    let ours = AnnouncedFile { size_claim: SizeClaim::AtMost, ..file(50 * MIB, None) };
    let plan = PartPlan::for_size(50 * MIB).unwrap();
    let may_be = |size, etag| may_be_joined(&ours, &plan, &object(size, etag, None));
    for parts in ["a-1", "a-2", "a-3"] {
        assert!(may_be(11 * MIB, parts), "{parts}");
    }
    for odd in ["a", "a-0", "a-4"] {
        assert!(!may_be(11 * MIB, odd), "{odd}");
    }
    assert!(!may_be(51 * MIB, "a-3"), "more than was announced");
}

#[test]
fn the_checksums_of_the_parts_make_that_of_the_whole() {
    let crc =
        |bytes: &[u8]| Checksum::Crc64Nvme(crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes());
    let bytes: Vec<u8> = (0..11 * MIB).map(|n| (n % 251) as u8).collect();
    let plan = PartPlan::for_size(11 * MIB).unwrap();
    let mut parts: Vec<PartToJoin> = plan
        .part_numbers()
        .zip(bytes.chunks(5 << 20))
        .map(|(part_number, chunk)| PartToJoin {
            part_number,
            etag: "\"kms\"".to_owned(),
            checksum: Some(crc(chunk)),
        })
        .collect();
    assert_eq!(ExpectedObject::of(&plan, &parts), ExpectedObject { etag: None, checksum: Some(crc(&bytes)) });
    parts[1].checksum = None;
    assert_eq!(ExpectedObject::of(&plan, &parts), ExpectedObject { etag: None, checksum: None });
}

#[test]
fn parts_of_another_size_or_content_are_missing() {
    let plan = PartPlan::for_size(21 * MIB).unwrap();
    let five = 5 * MIB;
    let in_store = [
        stored(1, five, "\"a\""),
        stored(2, five - 1, "\"b\""),
        stored(4, five, "\"d\""),
        stored(5, MIB, "\"e\""),
    ];
    assert_eq!(numbers(&missing_parts(&plan, &in_store, &[])), [2, 3]);
    let claims = [part(1, "a"), part(4, "\"x\""), part(5, "E")];
    assert_eq!(numbers(&missing_parts(&plan, &in_store, &claims)), [2, 3, 4]);
}

#[test]
fn parts_beyond_the_plan_are_not_joined() {
    let plan = PartPlan::for_size(6 * MIB).unwrap();
    let in_store = vec![stored(1, 5 * MIB, "a"), stored(2, MIB, "b"), stored(9, MIB, "c")];
    assert_eq!(parts_to_join(&plan, in_store).len(), 2);
}

#[test]
fn the_composite_etag_is_the_one_s3_computes() {
    // MD5 of the concatenated MD5s of "" and "a": computed with md5sum.
    let parts =
        [part(1, "\"d41d8cd98f00b204e9800998ecf8427e\""), part(2, "0cc175b9c0f1b6a831c399e269772661")];
    assert_eq!(composite_etag(&parts).as_deref(), Some("\"68083ea43d0307eecfa2b4749f19df15-2\""));
    assert_eq!(composite_etag(&[part(1, "\"not an md5\"")]), None);
}
