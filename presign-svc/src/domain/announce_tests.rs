//! Which files are taken, and what is said about those that are not.

use windlass_protocol::metadata::GpsReading;
use windlass_protocol::part_plan::MIB;

use super::*;

fn claim(filename: &str, content_type: &str, size_bytes: u64) -> FileClaim {
    FileClaim {
        filename: filename.to_owned(),
        content_type: content_type.to_owned(),
        size_bytes,
        checksum: None,
        metadata: None,
        preferred_part_size_bytes: None,
    }
}

fn accept(claim: FileClaim) -> Result<AnnouncedFile, Refusal> {
    accept_file(claim, &Limits::default(), TransferChoice::BySize)
}

#[test]
fn five_mebibytes_travel_in_one_put_and_one_byte_more_in_parts() {
    assert_eq!(accept(claim("a.jpg", "image/jpeg", 5 * MIB)).unwrap().transfer, Transfer::Put);
    let parts = accept(claim("a.jpg", "image/jpeg", 5 * MIB + 1)).unwrap().transfer;
    assert_eq!(parts, Transfer::Multipart(PartPlan::for_size(5 * MIB + 1).unwrap()));
    let put =
        accept_file(claim("a.jpg", "image/jpeg", 9 * MIB), &Limits::default(), TransferChoice::SinglePut);
    assert_eq!(put.unwrap().transfer, Transfer::Put);
}

#[test]
fn sizes_outside_the_limits_are_refused_with_the_limit() {
    let empty = accept(claim("a.jpg", "image/jpeg", 0)).unwrap_err();
    assert_eq!(
        empty.to_string(),
        "a.jpg: 0 bytes is too small for this type of file (at least 1 KiB); it may be empty or broken"
    );
    let large = accept(claim("a.jpg", "image/jpeg", 50 * MIB + 1)).unwrap_err();
    assert!(large.to_string().contains("50 MiB"), "{large}");
    assert!(accept(claim("a.pdf", "application/pdf", 1)).is_ok());
    assert!(accept(claim("a.pdf", "application/pdf", 100 * MIB)).is_ok());
}

#[test]
fn a_type_that_is_switched_off_is_refused_like_an_unknown_one() {
    for (name, content_type) in
        [("a.mp4", "video/mp4"), ("a.svg", "image/svg+xml"), ("a", ""), ("a.exe", "image/\u{7}")]
    {
        let refusal = accept(claim(name, content_type, 4096)).unwrap_err();
        assert!(matches!(refusal, Refusal::TypeNotAllowed { .. }), "{name}: {refusal}");
        assert!(!refusal.to_string().chars().any(char::is_control));
    }
}

#[test]
fn a_checksum_nobody_could_verify_is_refused() {
    let mut large = claim("a.jpg", "image/jpeg", 6 * MIB);
    large.checksum = Some(Checksum::Sha256([7; 32]));
    assert!(matches!(accept(large.clone()), Err(Refusal::Field { field, .. }) if field == "checksum"));
    large.checksum = Some(Checksum::Crc64Nvme([7; 8]));
    assert!(accept(large).is_ok());
    let mut small = claim("a.jpg", "image/jpeg", MIB);
    small.checksum = Some(Checksum::Sha256([7; 32]));
    assert!(accept(small).is_ok());
}

#[test]
fn claimed_metadata_is_bounded() {
    let mut wordy = claim("a.jpg", "image/jpeg", MIB);
    wordy.metadata = Some(PhotoMetadata { make: Some("x".repeat(20_000)), ..PhotoMetadata::default() });
    assert!(matches!(accept(wordy), Err(Refusal::Field { field, .. }) if field == "metadata"));
    let mut lost = claim("a.jpg", "image/jpeg", MIB);
    let location = GpsReading { latitude: Some(4_294_967_295.0), ..GpsReading::default() };
    lost.metadata = Some(PhotoMetadata { location: Some(location), ..PhotoMetadata::default() });
    assert!(accept(lost).is_ok(), "a broken GPS does not lose the photo");
}
