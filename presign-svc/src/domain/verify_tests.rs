//! What counts as proof that the store has what was announced.

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
fn what_is_to_be_decoded_by_whoever_opens_it_is_not_what_was_announced() {
    let encoded = ObjectInfo { content_encoding: Some("br".to_owned()), ..object(4096, "e", Some(SUM)) };
    let failure = compare_object(&file(4096, Some(SUM)), None, &encoded).unwrap().unwrap_err();
    assert_eq!(failure.code, FailureCode::TypeMismatch);
    assert!(failure.detail.contains("Content-Encoding: br"), "{}", failure.detail);
}

#[test]
fn a_checksum_that_cannot_be_compared_is_never_called_right() {
    let sha = Checksum::Sha256([3; 32]);
    let unknown = compare_object(&file(4096, None), Some(&sha), &object(4096, "e", Some(SUM)));
    assert_eq!(unknown, Err(UnverifiableChecksum("SHA256")));
}
