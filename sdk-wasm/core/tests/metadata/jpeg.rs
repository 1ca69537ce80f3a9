//! EXIF and colour profiles in JPEG.

use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::exif_block::{ExifBlock, ascii, phone_photo, undefined};
use crate::files::{app1, codes, jpeg, jpeg_with, read_ranged};

#[test]
fn every_field_is_read_in_either_byte_order() {
    for big_endian in [true, false] {
        let block = ExifBlock { big_endian, ..phone_photo() };
        let metadata = read_metadata(&jpeg(&[app1(&block.bytes())], 4000, 3000)).expect("a JPEG");
        assert_eq!(metadata.content_type.as_deref(), Some("image/jpeg"));
        assert_eq!(metadata.make.as_deref(), Some("Tester"));
        assert_eq!(metadata.model.as_deref(), Some("Phone 1"));
        assert_eq!(metadata.software.as_deref(), Some("17.5"));
        assert_eq!(metadata.lens_model.as_deref(), Some("Lens f/1.8"));
        assert_eq!((metadata.orientation, metadata.display_orientation), (Some(6), 6));
        assert_eq!((metadata.width, metadata.height), (Some(4000), Some(3000)));
        assert_eq!(metadata.exposure_time_s, Some(1.0 / 250.0));
        assert_eq!((metadata.f_number, metadata.focal_length_mm), (Some(1.8), Some(4.2)));
        assert_eq!((metadata.iso, metadata.flash_fired), (Some(100), Some(true)));
        let taken_at = metadata.taken_at.expect("the date is there");
        assert_eq!(taken_at.local, "2024-02-29T23:59:58.125");
        assert_eq!(taken_at.offset.as_deref(), Some("+02:00"));
        let place = metadata.location.expect("the place is there");
        assert!((place.latitude.expect("latitude") + 33.8598333).abs() < 1e-6);
        assert_eq!(place.longitude, Some(-70.5));
        assert_eq!((place.altitude_m, place.direction_deg), (Some(-12.5), Some(270.5)));
        assert_eq!(place.gps_time.as_deref(), Some("2024-02-29T21:59:58.500Z"));
        assert_eq!(metadata.warnings, []);
    }
}

#[test]
fn a_photo_with_its_metadata_in_the_head_takes_one_read() {
    let mut file = jpeg_with(&phone_photo().bytes());
    file.extend(vec![0; 1 << 20]);
    let (metadata, reads, read_bytes) = read_ranged(&file);
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!((reads, read_bytes), (1, 64 << 10));
}

#[test]
fn exif_behind_large_segments_is_reached_without_reading_them() {
    let filler = (0xE2, vec![0; 65_000]);
    let segments = [vec![filler; 20], vec![app1(&phone_photo().bytes())]].concat();
    let file = jpeg(&segments, 64, 48);
    let (metadata, _, read_bytes) = read_ranged(&file);
    assert_eq!(metadata.model.as_deref(), Some("Phone 1"));
    assert_eq!(Ok(metadata), read_metadata(&file));
    assert!(read_bytes < file.len() * 2 / 3, "{read_bytes} of {} bytes were read", file.len());
}

#[test]
fn exif_of_more_than_one_segment_is_put_together() {
    let mut block = ExifBlock {
        exif: vec![undefined(0x927C, &vec![7; 60_000]), ascii(0x9003, "2024:01:02 03:04:05")],
        ..phone_photo()
    };
    block.gps.push(undefined(0x001B, &vec![9; 30_000]));
    let bytes = block.bytes();
    let segments: Vec<_> = bytes.chunks(65_000).map(app1).collect();
    assert_eq!(segments.len(), 2);
    let file = jpeg(&segments, 64, 48);
    let metadata = read_metadata(&file).expect("a JPEG");
    assert_eq!(metadata.taken_at.expect("the date is there").local, "2024-01-02T03:04:05");
    assert_eq!(metadata.location.expect("the place is there").longitude, Some(-70.5));
    assert_eq!(extract_exif(&file), Some(bytes));
}

#[test]
fn of_two_exif_blocks_the_first_counts() {
    let other = ExifBlock { image: vec![ascii(0x010F, "Other")], ..ExifBlock::default() };
    let file = jpeg(&[app1(&phone_photo().bytes()), app1(&other.bytes())], 64, 48);
    assert_eq!(read_metadata(&file).expect("a JPEG").make.as_deref(), Some("Tester"));
}

#[test]
fn stray_bytes_between_segments_are_stepped_over() {
    let comment = (0xFE, b"comment".to_vec());
    let file = jpeg(&[comment, app1(&phone_photo().bytes())], 64, 48);
    let (head, rest) = file.split_at(2 + 4 + b"comment".len());
    let stray = [head, &[0, 0xFF, 0xFF, 0, 3], rest].concat();
    assert_eq!(read_metadata(&stray).expect("a JPEG").make.as_deref(), Some("Tester"));
}

#[test]
fn the_size_is_the_frames_whatever_exif_says() {
    let metadata = read_metadata(&jpeg(&[app1(&phone_photo().bytes())], 640, 480)).expect("a JPEG");
    assert_eq!((metadata.width, metadata.height), (Some(640), Some(480)));
}

#[test]
fn a_jpeg_cut_off_in_its_header_keeps_what_was_read() {
    let file = jpeg_with(&phone_photo().bytes());
    let metadata = read_metadata(&file[..file.len() - 30]).expect("a JPEG");
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!(metadata.width, None);
    assert_eq!(codes(&metadata), ["file_truncated"]);
}

fn icc_segment(number: u8, count: u8, piece: &[u8]) -> (u8, Vec<u8>) {
    (0xE2, [b"ICC_PROFILE\0", &[number, count][..], piece].concat())
}

#[test]
fn a_colour_profile_is_put_together_in_its_order() {
    let file = jpeg(&[icc_segment(2, 2, b"second"), icc_segment(1, 2, b"first ")], 64, 48);
    assert_eq!(extract_icc(&file).as_deref(), Some(&b"first second"[..]));
}

#[test]
fn a_colour_profile_with_a_piece_missing_or_twice_is_none() {
    assert_eq!(extract_icc(&jpeg(&[icc_segment(1, 2, b"first ")], 64, 48)), None);
    let twice = [icc_segment(1, 2, b"first "), icc_segment(1, 2, b"first ")];
    assert_eq!(extract_icc(&jpeg(&twice, 64, 48)), None);
    assert_eq!(extract_icc(&jpeg(&[], 64, 48)), None);
}
