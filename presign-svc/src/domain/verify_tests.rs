//! What counts as proof that the store has what was announced.

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
    };
    accept_file(claim, &Limits::default(), TransferChoice::BySize).unwrap()
}

fn object(size_bytes: u64, etag: &str, checksum: Option<Checksum>) -> ObjectInfo {
    ObjectInfo { size_bytes, etag: etag.to_owned(), content_type: None, checksum }
}

fn stored(number: u32, size_bytes: u64, etag: &str) -> StoredPart {
    let part_number = number.try_into().unwrap();
    StoredPart { part_number, size_bytes, etag: etag.to_owned(), checksum: None }
}

fn numbers(parts: &[PartNumber]) -> Vec<u16> {
    parts.iter().map(|part| part.get()).collect()
}

const SUM: Checksum = Checksum::Crc64Nvme([1; 8]);
const OTHER: Checksum = Checksum::Crc64Nvme([2; 8]);

#[test]
fn another_size_or_checksum_is_a_failure() {
    let size = compare_object(&file(4096, None), None, &object(4095, "e", None)).unwrap();
    assert_eq!(size.unwrap_err().code, FailureCode::SizeMismatch);
    let sum = compare_object(&file(4096, Some(SUM)), None, &object(4096, "e", Some(OTHER))).unwrap();
    assert_eq!(sum.unwrap_err().code, FailureCode::ChecksumMismatch);
    let late = compare_object(&file(4096, None), Some(&SUM), &object(4096, "e", Some(OTHER))).unwrap();
    assert_eq!(late.unwrap_err().code, FailureCode::ChecksumMismatch);
    let torn = compare_object(&file(4096, Some(SUM)), Some(&OTHER), &object(4096, "e", None)).unwrap();
    assert_eq!(torn.unwrap_err().code, FailureCode::ChecksumMismatch);
    assert_eq!(compare_object(&file(4096, Some(SUM)), Some(&SUM), &object(4096, "e", Some(SUM))), Ok(Ok(())));
}

#[test]
fn a_checksum_that_cannot_be_compared_is_never_called_right() {
    let sha = Checksum::Sha256([3; 32]);
    let unknown = compare_object(&file(4096, None), Some(&sha), &object(4096, "e", Some(SUM)));
    assert_eq!(unknown, Err(UnverifiableChecksum("SHA256")));
}

#[test]
fn an_older_object_of_the_same_size_is_not_ours() {
    let ours = file(6 * MIB, None);
    assert!(is_our_object(&ours, Some("\"abc-2\""), &object(6 * MIB, "ABC-2", None)));
    assert!(!is_our_object(&ours, Some("\"abc-2\""), &object(6 * MIB, "\"def-2\"", None)));
    assert!(!is_our_object(&ours, None, &object(6 * MIB, "\"abc-2\"", Some(SUM))));
    assert!(!is_our_object(&ours, Some("abc-2"), &object(7 * MIB, "abc-2", None)));
    assert!(is_our_object(&file(6 * MIB, Some(SUM)), None, &object(6 * MIB, "opaque", Some(SUM))));
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
    let believed = |number: u32, etag: &str| PartToJoin {
        part_number: number.try_into().unwrap(),
        etag: etag.to_owned(),
        checksum: None,
    };
    let claims = [believed(1, "a"), believed(4, "\"x\""), believed(5, "E")];
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
    let part = |number: u32, etag: &str| PartToJoin {
        part_number: number.try_into().unwrap(),
        etag: etag.to_owned(),
        checksum: None,
    };
    let parts =
        [part(1, "\"d41d8cd98f00b204e9800998ecf8427e\""), part(2, "0cc175b9c0f1b6a831c399e269772661")];
    assert_eq!(composite_etag(&parts).as_deref(), Some("\"68083ea43d0307eecfa2b4749f19df15-2\""));
    assert_eq!(composite_etag(&[part(1, "\"not an md5\"")]), None);
}
