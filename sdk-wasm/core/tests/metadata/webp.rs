//! EXIF, colour profiles and sizes in WebP.

use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::exif_block::phone_photo;
use crate::files::{read_ranged, vp8x, webp};

#[test]
fn exif_is_read_with_and_without_jpegs_prefix() {
    let block = phone_photo().bytes();
    for exif in [block.clone(), [b"Exif\0\0", &block[..]].concat()] {
        let file = webp(&[vp8x(300, 200), (b"VP8L", vec![0; 99]), (b"EXIF", exif)]);
        let metadata = read_metadata(&file).expect("a WebP");
        assert_eq!(metadata.content_type.as_deref(), Some("image/webp"));
        assert_eq!(metadata.make.as_deref(), Some("Tester"));
        assert_eq!(metadata.display_orientation, 6);
        assert_eq!(extract_exif(&file), Some(block.clone()));
    }
}

#[test]
fn exif_behind_the_pixels_is_reached_without_reading_them() {
    let file = webp(&[vp8x(300, 200), (b"VP8 ", vec![0; 3 << 20]), (b"EXIF", phone_photo().bytes())]);
    let (metadata, reads, read_bytes) = read_ranged(&file);
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!(reads, 2);
    assert!(read_bytes < 100 << 10, "{read_bytes} bytes were read");
}

#[test]
fn the_size_is_read_from_each_kind_of_header() {
    let lossy = [&[0x30, 0x01, 0x00, 0x9D, 0x01, 0x2A][..], &[0x2C, 0x41, 0xC8, 0x00]].concat();
    // 300 - 1 in 14 bits, 200 - 1 in the next 14.
    let lossless = [&[0x2F][..], &(299_u32 | 199 << 14).to_le_bytes()].concat();
    for chunk in [vp8x(300, 200), (b"VP8 ", lossy), (b"VP8L", lossless)] {
        let metadata = read_metadata(&webp(std::slice::from_ref(&chunk))).expect("a WebP");
        assert_eq!((metadata.width, metadata.height), (Some(300), Some(200)), "{chunk:?}");
    }
}

#[test]
fn a_colour_profile_is_found() {
    let file = webp(&[vp8x(300, 200), (b"ICCP", b"profile".to_vec()), (b"VP8 ", vec![0; 10])]);
    assert_eq!(extract_icc(&file).as_deref(), Some(&b"profile"[..]));
}
