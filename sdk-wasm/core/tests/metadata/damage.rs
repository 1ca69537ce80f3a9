//! Damaged EXIF: a warning, never a failure, and never a wrong value.

use windlass_core::metadata::{MetadataError, read_metadata};

use crate::exif_block::{ExifBlock, ascii, phone_photo, short};
use crate::files::{codes, jpeg_with};

/// A little-endian block of one directory with these raw entries: tag, type, count, value.
fn raw_block(entries: &[(u16, u16, u32, u32)], rest: &[u8]) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    block.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        block.extend(tag.to_le_bytes());
        block.extend(kind.to_le_bytes());
        block.extend(count.to_le_bytes());
        block.extend(value.to_le_bytes());
    }
    block.extend([0; 4]);
    block.extend(rest);
    block
}

const ORIENTATION: (u16, u16, u32, u32) = (0x0112, 3, 1, 6);

#[test]
fn an_empty_file_and_an_unknown_one_are_errors() {
    assert_eq!(read_metadata(b""), Err(MetadataError::Empty));
    assert_eq!(read_metadata(b"<!doctype html>"), Err(MetadataError::UnknownType));
    assert_eq!(
        (MetadataError::Empty.code(), MetadataError::UnknownType.code()),
        ("empty_file", "unknown_type")
    );
}

#[test]
fn documents_have_a_type_and_no_more() {
    let metadata = read_metadata(b"%PDF-1.7").expect("a PDF");
    assert_eq!(metadata.content_type.as_deref(), Some("application/pdf"));
    assert_eq!((metadata.make, metadata.width, metadata.display_orientation), (None, None, 1));
}

#[test]
fn a_block_that_is_no_tiff_is_a_warning() {
    for block in [&b"XX*\0\x08\0\0\0"[..], b"II", b"II*\0\0\0\0\0", b"II*\0\xFF\xFF\xFF\xFF"] {
        let metadata = read_metadata(&jpeg_with(block)).expect("a JPEG");
        assert_eq!(codes(&metadata), ["exif_damaged"], "{block:?}");
        assert_eq!(metadata.width, Some(64));
    }
}

#[test]
fn nothing_is_believed_of_a_directory_that_does_not_fit_its_block() {
    let mut block = raw_block(&[ORIENTATION], &[]);
    block[8] = 9;
    let metadata = read_metadata(&jpeg_with(&block)).expect("a JPEG");
    assert_eq!((metadata.orientation, codes(&metadata)), (None, vec!["exif_damaged"]));
}

#[test]
fn nothing_is_believed_of_a_directory_that_begins_with_no_valid_type() {
    let block = raw_block(&[(0x010F, 99, 1, 1), ORIENTATION], &[]);
    let metadata = read_metadata(&jpeg_with(&block)).expect("a JPEG");
    assert_eq!((metadata.orientation, codes(&metadata)), (None, vec!["exif_damaged"]));
}

#[test]
fn entries_filled_up_with_zeros_are_no_damage() {
    let block = raw_block(&[(0, 0, 0, 0), ORIENTATION, (0, 0, 0, 0)], &[]);
    let metadata = read_metadata(&jpeg_with(&block)).expect("a JPEG");
    assert_eq!((metadata.orientation, metadata.warnings), (Some(6), vec![]));
}

#[test]
fn a_value_that_cannot_be_where_it_is_said_is_left_out() {
    // Outside the block, in the header, across the directory itself, longer than there are numbers for.
    for (count, offset) in [(10, 5000), (10, 2), (10, 12), (u32::MAX, 40), (10, u32::MAX)] {
        let block = raw_block(&[ORIENTATION, (0x010F, 2, count, offset)], b"0123456789");
        let metadata = read_metadata(&jpeg_with(&block)).expect("a JPEG");
        assert_eq!((metadata.make.as_deref(), metadata.orientation), (None, Some(6)), "{count} at {offset}");
        assert_eq!(codes(&metadata), ["exif_entry_skipped"]);
    }
}

#[test]
fn a_directory_that_leads_to_itself_is_read_once() {
    let block = raw_block(&[ORIENTATION, (0x8769, 4, 1, 8), (0x8825, 4, 1, 8)], &[]);
    assert_eq!(read_metadata(&jpeg_with(&block)).expect("a JPEG").orientation, Some(6));
}

#[test]
fn a_link_that_is_no_offset_is_a_warning() {
    let block = raw_block(&[ORIENTATION, (0x8769, 2, 1, 8)], &[]);
    let metadata = read_metadata(&jpeg_with(&block)).expect("a JPEG");
    assert_eq!((metadata.orientation, codes(&metadata)), (Some(6), vec!["exif_entry_skipped"]));
}

#[test]
fn a_link_behind_the_end_of_the_file_leaves_the_other_values() {
    // A link of eight bytes does not fit into its entry.
    let block = raw_block(&[ORIENTATION, (0x8769, 16, 1, 200)], &[0; 300]);
    let file = jpeg_with(&block);
    let metadata = read_metadata(&file[..150]).expect("a JPEG");
    assert_eq!((metadata.orientation, codes(&metadata)), (Some(6), vec!["file_truncated"]));
}

#[test]
fn damage_in_one_directory_leaves_the_others_their_values() {
    let block = phone_photo();
    let bytes = block.bytes();
    let without_gps = ExifBlock { gps: vec![], ..block }.bytes();
    // Cut off within the GPS directory, which comes last.
    let metadata = read_metadata(&jpeg_with(&bytes[..without_gps.len() + 40])).expect("a JPEG");
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!((metadata.location.is_none(), codes(&metadata)), (true, vec!["exif_damaged"]));
}

#[test]
fn the_last_of_two_entries_with_one_tag_counts() {
    let image = vec![ascii(0x010F, "First"), ascii(0x010F, "Second"), short(0x0112, 3)];
    let metadata = read_metadata(&jpeg_with(&ExifBlock { image, ..ExifBlock::default() }.bytes()));
    assert_eq!(metadata.expect("a JPEG").make.as_deref(), Some("Second"));
}
