//! TIFF files and what is built on them.

use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::exif_block::{ExifBlock, Field, Values, ascii, long, phone_photo, short, undefined};
use crate::files::{jpeg_with, read_ranged};

fn tiff() -> ExifBlock {
    let mut file = phone_photo();
    file.image.extend([
        long(0x0100, 4000),
        long(0x0101, 3000),
        long(0x0111, 8),
        undefined(0x8773, b"profile"),
    ]);
    file
}

#[test]
fn a_tiff_is_read_as_the_exif_block_it_is() {
    for big_tiff in [false, true] {
        let file = ExifBlock { big_tiff, ..tiff() }.bytes();
        let metadata = read_metadata(&file).expect("a TIFF");
        assert_eq!(metadata.content_type.as_deref(), Some("image/tiff"));
        assert_eq!(metadata.make.as_deref(), Some("Tester"));
        assert_eq!((metadata.width, metadata.height), (Some(4000), Some(3000)));
        assert_eq!(metadata.location.expect("the place is there").longitude, Some(-70.5));
        assert_eq!((metadata.display_orientation, metadata.warnings), (6, vec![]));
    }
}

#[test]
fn sizes_of_eight_bytes_are_read() {
    let size = |tag: u16, value: u64| Field { tag, kind: 16, values: Values::LongLongs(vec![value]) };
    let image = vec![size(0x0100, 4000), size(0x0101, 3000)];
    let file = ExifBlock { big_tiff: true, image, ..ExifBlock::default() };
    let metadata = read_metadata(&file.bytes()).expect("a TIFF");
    assert_eq!((metadata.width, metadata.height), (Some(4000), Some(3000)));
}

#[test]
fn directories_at_the_end_of_a_large_file_are_reached_by_seeking() {
    // As scanners write: the pixels first, then the directory.
    let mut directory = tiff().bytes();
    let gap = 5 << 20;
    let header = directory[..4].to_vec();
    shift_offsets(&mut directory, gap);
    let file = [&header[..], &(8 + gap).to_be_bytes(), &vec![0; gap as usize], &directory[8..]].concat();
    let (metadata, reads, read_bytes) = read_ranged(&file);
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!(metadata.location.expect("the place is there").longitude, Some(-70.5));
    assert!(reads <= 3 && read_bytes <= 128 << 10, "{reads} reads of {read_bytes} bytes");
}

/// Moves a big-endian block's values and directories back by `gap` bytes.
fn shift_offsets(block: &mut [u8], gap: u32) {
    let number = |block: &[u8], at: usize, length: usize| {
        block[at..at + length].iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let mut directories = vec![8];
    while let Some(directory) = directories.pop() {
        for entry in (0..number(block, directory, 2)).map(|index| directory + 2 + index * 12) {
            let (tag, kind) = (number(block, entry, 2), number(block, entry + 2, 2));
            let unit = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8][kind];
            let is_link = matches!(tag, 0x8769 | 0x8825);
            if is_link {
                directories.push(number(block, entry + 8, 4));
            }
            if is_link || unit * number(block, entry + 4, 4) > 4 {
                let moved = number(block, entry + 8, 4) as u32 + gap;
                block[entry + 8..entry + 12].copy_from_slice(&moved.to_be_bytes());
            }
        }
    }
}

#[test]
fn where_the_first_picture_is_a_preview_the_main_ones_size_counts() {
    // As DNG has it: IFD0 is reduced and links to the full picture.
    let main = ExifBlock {
        image: vec![long(0x00FE, 0), long(0x0100, 4000), long(0x0101, 3000)],
        ..ExifBlock::default()
    };
    let mut file = ExifBlock {
        image: vec![
            long(0x00FE, 1),
            long(0x0100, 160),
            long(0x0101, 120),
            long(0x014A, 0),
            ascii(0x010F, "Tester"),
        ],
        ..ExifBlock::default()
    };
    let main_at = file.bytes().len() as u32;
    file.image[3] = long(0x014A, main_at);
    // Of the main picture's own block only the directory counts; its values are all in place.
    let bytes = [file.bytes(), main.bytes()[8..].to_vec()].concat();
    let metadata = read_metadata(&bytes).expect("a TIFF");
    assert_eq!((metadata.width, metadata.height), (Some(4000), Some(3000)));
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
}

#[test]
fn what_is_carried_on_of_a_tiff_is_its_camera_not_its_pixels() {
    for big_tiff in [false, true] {
        let file = ExifBlock { big_tiff, ..tiff() }.bytes();
        let block = extract_exif(&file).expect("it has EXIF");
        assert!(!block.windows(10).any(|window| window == b"maker note"), "its offsets would point nowhere");
        let (carried, original) = (read_metadata(&jpeg_with(&block)), read_metadata(&file));
        let (carried, original) = (carried.expect("a JPEG"), original.expect("a TIFF"));
        assert_eq!((carried.make, carried.taken_at), (original.make, original.taken_at));
        assert_eq!((carried.location, carried.lens_model), (original.location, original.lens_model));
        let as_tiff = read_metadata(&block).expect("a block is a TIFF");
        assert_eq!(as_tiff.width, None, "the size is the new image's to say");
    }
}

#[test]
fn the_colour_profile_of_a_tiff_is_found() {
    assert_eq!(extract_icc(&tiff().bytes()).as_deref(), Some(&b"profile"[..]));
}

#[test]
fn fields_a_raw_file_keeps_in_its_first_directory_are_read() {
    let image = vec![ascii(0x9003, "2024:01:02 03:04:05"), short(0x8827, 400)];
    let metadata = read_metadata(&ExifBlock { image, ..ExifBlock::default() }.bytes()).expect("a TIFF");
    assert_eq!(metadata.taken_at.expect("the date is there").local, "2024-01-02T03:04:05");
    assert_eq!(metadata.iso, Some(400));
}
