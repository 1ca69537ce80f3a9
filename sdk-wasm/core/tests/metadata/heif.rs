//! EXIF, orientation, sizes and colour profiles in HEIC and AVIF.

use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::exif_block::{ExifBlock, ascii, phone_photo, undefined};
use crate::files::{codes, read_ranged};
use crate::heif_file::{HeifFile, Item, Placement, boxed, ispe};

fn with_exif(block: &[u8]) -> HeifFile {
    HeifFile { items: vec![Item::exif(2, block)], describes: vec![(2, 1)], ..HeifFile::default() }
}

#[test]
fn exif_and_the_primary_items_size_are_read() {
    for (brand, content_type) in [(b"heic", "image/heic"), (b"avif", "image/avif"), (b"mif1", "image/heif")] {
        // The first size is a tile's or a thumbnail's.
        let properties = vec![ispe(512, 512), ispe(4000, 3000)];
        let file = HeifFile { brand, properties, associated: vec![2], ..with_exif(&phone_photo().bytes()) };
        let metadata = read_metadata(&file.bytes()).expect("a HEIF");
        assert_eq!(metadata.content_type.as_deref(), Some(content_type));
        assert_eq!(metadata.make.as_deref(), Some("Tester"));
        assert_eq!((metadata.width, metadata.height), (Some(4000), Some(3000)));
        assert_eq!(metadata.warnings, []);
    }
}

#[test]
fn the_orientation_that_counts_is_the_containers_not_exifs() {
    let turned = |properties: Vec<Vec<u8>>, associated: Vec<u8>| {
        let file = HeifFile { properties, associated, ..with_exif(&phone_photo().bytes()) };
        let metadata = read_metadata(&file.bytes()).expect("a HEIF");
        assert_eq!(metadata.orientation, Some(6), "the tag stays as written");
        metadata.display_orientation
    };
    let (irot, imir) = (boxed(b"irot", &[3]), boxed(b"imir", &[1]));
    assert_eq!(turned(vec![ispe(4, 3)], vec![1]), 1);
    assert_eq!(turned(vec![ispe(4, 3), irot.clone()], vec![1, 0x82]), 6);
    assert_eq!(turned(vec![ispe(4, 3), irot.clone()], vec![1]), 1, "a property of another item");
    assert_eq!(turned(vec![ispe(4, 3), imir.clone()], vec![1, 0x82]), 2);
    assert_eq!(turned(vec![irot.clone(), imir.clone()], vec![0x81, 0x82]), 5);
    assert_eq!(turned(vec![irot, imir], vec![0x82, 0x81]), 7, "the other order is another orientation");
}

#[test]
fn of_several_exif_items_the_one_that_describes_the_primary_counts() {
    let other = ExifBlock { image: vec![ascii(0x010F, "Thumbnail")], ..ExifBlock::default() };
    let items = || vec![Item::exif(2, &other.bytes()), Item::exif(3, &phone_photo().bytes())];
    let file = HeifFile { items: items(), describes: vec![(2, 7), (3, 1)], ..HeifFile::default() };
    assert_eq!(read_metadata(&file.bytes()).expect("a HEIF").make.as_deref(), Some("Tester"));
    let undescribed = HeifFile { items: items(), ..HeifFile::default() };
    assert_eq!(read_metadata(&undescribed.bytes()).expect("a HEIF").make.as_deref(), Some("Thumbnail"));
}

#[test]
fn exif_larger_than_a_jpeg_segment_is_read_without_reading_all_of_it() {
    let mut block = phone_photo();
    block.exif.push(undefined(0xC000, &vec![7; 3 << 20]));
    let file = HeifFile { pixels_bytes: 2 << 20, ..with_exif(&block.bytes()) }.bytes();
    let (metadata, _, read_bytes) = read_ranged(&file);
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!(metadata.location.expect("behind the large value").longitude, Some(-70.5));
    assert!(read_bytes < 256 << 10, "{read_bytes} bytes were read");
}

#[test]
fn exif_is_found_wherever_its_item_lies() {
    let block = phone_photo().bytes();
    for placement in [Placement::MediaData, Placement::TwoPieces, Placement::ItemData] {
        for is_meta_last in [false, true] {
            let items = vec![Item { placement, ..Item::exif(2, &block) }];
            let file =
                HeifFile { items, is_meta_last, pixels_bytes: 300 << 10, ..HeifFile::default() }.bytes();
            let (metadata, ..) = read_ranged(&file);
            assert_eq!(metadata.make.as_deref(), Some("Tester"));
            assert_eq!(extract_exif(&file), Some(block.clone()));
        }
    }
}

#[test]
fn exif_items_of_writers_that_leave_the_distance_out_are_read() {
    let block = phone_photo().bytes();
    let beginnings: [&[u8]; 4] = [b"", b"Exif\0\0", b"\0\0\0\x06Exif\0\0", b"\0\0\0\0Exif\0\0"];
    for beginning in beginnings {
        let data = [beginning, &block].concat();
        let items = vec![Item { id: 2, kind: b"Exif", data, placement: Placement::MediaData }];
        let file = HeifFile { items, ..HeifFile::default() }.bytes();
        assert_eq!(read_metadata(&file).expect("a HEIF").make.as_deref(), Some("Tester"), "{beginning:?}");
    }
}

#[test]
fn a_colour_profile_of_the_primary_item_is_found() {
    let profile = boxed(b"colr", b"profprofile");
    let numbers = boxed(b"colr", b"nclx\0\x01\0\x0D\0\x06\x80");
    let properties = vec![ispe(4, 3), numbers, profile];
    let file = HeifFile { properties: properties.clone(), associated: vec![1, 2, 3], ..HeifFile::default() };
    assert_eq!(extract_icc(&file.bytes()).as_deref(), Some(&b"profile"[..]));
    let without = HeifFile { properties, associated: vec![1, 2], ..HeifFile::default() };
    assert_eq!(extract_icc(&without.bytes()), None);
}

#[test]
fn an_item_that_lies_outside_the_file_is_a_warning() {
    let block = phone_photo().bytes();
    let file = with_exif(&block).bytes();
    let metadata = read_metadata(&file[..file.len() - block.len()]).expect("a HEIF");
    assert_eq!(metadata.make, None);
    assert_eq!(metadata.width, Some(4000));
    assert_eq!(codes(&metadata), ["file_truncated"]);
}
