//! EXIF carried on to an image made of the original.

use proptest::prelude::*;
use windlass_core::metadata::{
    EXIF_SEGMENT_CAP_BYTES, ExifRewrite, PhotoMetadata, read_metadata, rewrite_exif,
};

use crate::exif_block::{ExifBlock, ascii, byte, long, phone_photo, rationals, short, undefined};
use crate::files::jpeg_with;

const KEEP: ExifRewrite = ExifRewrite { width: 1920, height: 1440, strip_location: false, to_srgb: false };
const STRIP: ExifRewrite = ExifRewrite { strip_location: true, ..KEEP };

fn read(block: &[u8]) -> PhotoMetadata {
    read_metadata(&jpeg_with(block)).expect("a JPEG")
}

fn contains(block: &[u8], bytes: &[u8]) -> bool {
    block.windows(bytes.len()).any(|window| window == bytes)
}

/// What the metadata says but for the orientation, which is the one thing to change.
fn upright(metadata: PhotoMetadata) -> PhotoMetadata {
    PhotoMetadata {
        orientation: metadata.orientation.map(|_| 1),
        display_orientation: 1,
        warnings: vec![],
        ..metadata
    }
}

#[test]
fn the_new_block_is_upright_of_the_new_size_and_without_the_thumbnail() {
    for big_endian in [false, true] {
        let picture = b"a thumbnail of the picture lying on its side".to_vec();
        let original = ExifBlock { big_endian, thumbnail: Some(picture.clone()), ..phone_photo() };
        let block = rewrite_exif(&original.bytes(), &KEEP).expect("a sound block");
        assert_eq!(read(&block), upright(read(&original.bytes())));
        assert!(!contains(&block, &picture));
        let without = ExifBlock { thumbnail: None, ..original }.bytes();
        assert_eq!(block.len(), without.len(), "the thumbnail is cut off");
        // The new size stands where the old one stood: a LONG each.
        let size = |number: u32| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        assert!(contains(&block, &size(1920)) && contains(&block, &size(1440)));
    }
}

#[test]
fn the_maker_note_stays_where_its_offsets_expect_it() {
    let original = phone_photo().bytes();
    let block = rewrite_exif(&original, &KEEP).expect("a sound block");
    let place = |block: &[u8]| block.windows(10).position(|window| window == b"maker note");
    assert_eq!(place(&block), place(&original));
    assert!(place(&block).is_some());
}

/// A photo in the other of EXIF's colour spaces, with the directory that says so behind all others.
fn wide_photo(big_endian: bool) -> Vec<u8> {
    let mut original = ExifBlock { big_endian, ..phone_photo() };
    original.exif.extend([short(0xA001, 0xFFFF), long(0xA005, 0)]);
    original.exif.sort_by_key(|field| field.tag);
    let at = original.bytes().len() as u32;
    let link = original.exif.iter_mut().find(|field| field.tag == 0xA005).expect("it was added");
    *link = long(0xA005, at);
    let number = |number: u16| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let count = if big_endian { 4_u32.to_be_bytes() } else { 4_u32.to_le_bytes() };
    let entry = [&number(1)[..], &number(1), &number(2), &count, b"R03\0", &[0; 4]].concat();
    [original.bytes(), entry].concat()
}

#[test]
fn converted_colours_are_called_srgb_and_kept_ones_what_they_were() {
    for big_endian in [false, true] {
        let original = wide_photo(big_endian);
        let order = |[one, other]: [u8; 2]| if big_endian { [one, other] } else { [other, one] };
        // Tag, type SHORT, and the two bytes of the value.
        let says = |block: &[u8], space: u16| {
            let head = [order([0xA0, 0x01]), order([0, 3])].concat();
            let found = block.windows(4).position(|window| window == head).expect("the entry");
            block[found + 8..found + 10] == order(space.to_be_bytes())
        };
        assert!(says(&original, 0xFFFF) && contains(&original, b"R03\0"));
        let kept = rewrite_exif(&original, &KEEP).expect("a sound block");
        assert!(says(&kept, 0xFFFF) && contains(&kept, b"R03\0"));
        let converted =
            rewrite_exif(&original, &ExifRewrite { to_srgb: true, ..KEEP }).expect("a sound block");
        assert!(says(&converted, 1) && contains(&converted, b"R98\0") && !contains(&converted, b"R03\0"));
        assert_eq!(read(&converted), read(&kept));
        assert!(says(&rewrite_exif(&original, &STRIP).expect("a sound block"), 0xFFFF));
        let stripped = rewrite_exif(&original, &ExifRewrite { to_srgb: true, ..STRIP });
        assert!(says(&stripped.expect("a sound block"), 1));
    }
}

#[test]
fn a_stripped_block_tells_no_place_and_nothing_that_may_hide_one() {
    let mut original = phone_photo();
    original.image.push(undefined(0x02BC, b"<x:xmpmeta>exif:GPSLatitude</x:xmpmeta>"));
    for private in [0x0002, 0x02BC, 0x9AAA, 0xC7A5] {
        original.exif.push(undefined(private, b"private: 33 51 S 70 30 W"));
    }
    original.image.push(ascii(0x010E, "private: at home"));
    original.exif.push(ascii(0x010E, "private: at home"));
    original.exif.push(undefined(0x9286, b"ASCII\0\0\0private: at home"));
    // A second link to the place, from where some writers have it.
    original.exif.push(long(0x8825, 8));
    let block = rewrite_exif(&original.bytes(), &STRIP).expect("a sound block");
    let expected = upright(PhotoMetadata { location: None, ..read(&original.bytes()) });
    assert_eq!(read(&block), expected);
    assert!(
        !contains(&block, b"maker note")
            && !contains(&block, b"GPSLatitude")
            && !contains(&block, b"private")
    );
    let (rational, link) = ([0, 0, 0, 33, 0, 0, 0, 1], [0x88, 0x25]);
    assert!(!contains(&block, &rational) && !contains(&block, &link), "no coordinate and no link to one");
}

#[test]
fn a_block_too_large_for_a_segment_is_built_anew_without_its_largest_values() {
    let mut original = phone_photo();
    original.exif.push(undefined(0xC000, &vec![7; 200_000]));
    let block = rewrite_exif(&original.bytes(), &KEEP).expect("a sound block");
    assert!(block.len() <= EXIF_SEGMENT_CAP_BYTES);
    assert_eq!(
        read(&block),
        upright(
            read_metadata(&original.bytes())
                .map(|metadata| PhotoMetadata {
                    content_type: Some("image/jpeg".into()),
                    width: Some(64),
                    height: Some(48),
                    ..metadata
                })
                .expect("a block is a TIFF")
        )
    );
}

#[test]
fn a_block_that_cannot_be_read_is_not_carried_on() {
    for block in [&b""[..], b"II*\0", b"no block at all", b"II*\0\x08\0\0\0\xFF\xFF"] {
        assert_eq!(rewrite_exif(block, &KEEP), None, "{block:?}");
        assert_eq!(rewrite_exif(block, &STRIP), None, "{block:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9 ]{0,40}"
}

prop_compose! {
    fn any_block()(
        big_endian: bool,
        (make, model, lens, note) in (text(), text(), text(), proptest::collection::vec(any::<u8>(), 0..600)),
        orientation in proptest::option::of(0_u16..12),
        (minute, second, subsec) in (0_u8..60, 0_u8..60, 0_u32..1000),
        size in proptest::option::of((any::<u16>(), any::<u32>())),
        place in proptest::option::of((0_u32..90, 0_u32..180, 0_u32..600_000, any::<bool>(), any::<bool>())),
        thumbnail in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300)),
    ) -> ExifBlock {
        let mut block = ExifBlock { big_endian, thumbnail, ..ExifBlock::default() };
        block.image.extend([ascii(0x010F, &make), ascii(0x0110, &model)]);
        block.image.extend(orientation.map(|orientation| short(0x0112, orientation)));
        block.exif.push(ascii(0x9003, &format!("2024:01:02 03:{minute:02}:{second:02}")));
        block.exif.extend([undefined(0x927C, &note), ascii(0x9291, &subsec.to_string())]);
        if let Some((width, height)) = size {
            block.exif.extend([short(0xA002, width), long(0xA003, height)]);
        }
        block.exif.push(ascii(0xA434, &lens));
        if let Some((latitude, longitude, seconds, south, west)) = place {
            block.gps.push(ascii(1, if south { "S" } else { "N" }));
            block.gps.push(rationals(2, &[(latitude, 1), (0, 1), (seconds, 10_000)]));
            block.gps.push(ascii(3, if west { "W" } else { "E" }));
            block.gps.push(rationals(4, &[(longitude, 1), (seconds, 10_000), (0, 1)]));
            block.gps.extend([byte(5, 1), rationals(6, &[(seconds, 100)])]);
        }
        block
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn rewriting_changes_nothing_but_what_it_must(block in any_block(), width in 1_u32..70_000, height in 1_u32..70_000) {
        let original = block.bytes();
        let expected = upright(read(&original));
        let keep = ExifRewrite { width, height, ..KEEP };
        let kept = rewrite_exif(&original, &keep).expect("a sound block");
        prop_assert_eq!(&upright(read(&kept)), &expected);
        prop_assert_eq!(read(&kept).orientation, expected.orientation);
        prop_assert_eq!(rewrite_exif(&kept, &keep), Some(kept), "once rewritten, nothing is left to do");

        let strip = ExifRewrite { strip_location: true, ..keep };
        let stripped = rewrite_exif(&original, &strip).expect("a sound block");
        prop_assert_eq!(upright(read(&stripped)), PhotoMetadata { location: None, ..expected });
        prop_assert!(stripped.len() <= EXIF_SEGMENT_CAP_BYTES);
    }

    #[test]
    fn no_bytes_make_rewriting_panic(mut block in any_block().prop_map(|block| block.bytes()), at: usize, byte: u8) {
        let at = at % block.len();
        block[at] = byte;
        for rewrite in [KEEP, STRIP] {
            if let Some(rewritten) = rewrite_exif(&block, &rewrite) {
                prop_assert!(rewritten.len() <= EXIF_SEGMENT_CAP_BYTES);
                prop_assert_ne!(read(&rewritten).display_orientation, 0);
            }
        }
    }
}
