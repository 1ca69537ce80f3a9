//! EXIF and colour profiles in PNG.

use windlass_core::metadata::{ICC_CAP_BYTES, extract_exif, extract_icc, read_metadata};

use crate::exif_block::phone_photo;
use crate::files::{codes, png, read_ranged};

/// ImageMagick's text form of a block.
fn raw_profile(block: &[u8]) -> String {
    let digits: Vec<String> =
        block.chunks(36).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    format!("\nexif\n{:8}\n{}\n", block.len(), digits.join("\n"))
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

fn text_chunk(keyword: &str, flags: &[u8], text: &[u8]) -> Vec<u8> {
    [keyword.as_bytes(), &[0], flags, text].concat()
}

#[test]
fn exif_is_read_before_and_behind_the_pixels() {
    let exif = (b"eXIf", phone_photo().bytes());
    let pixels = (b"IDAT", vec![0; 100]);
    for chunks in [[exif.clone(), pixels.clone()], [pixels, exif]] {
        let file = png(&chunks, 300, 200);
        let metadata = read_metadata(&file).expect("a PNG");
        assert_eq!(metadata.make.as_deref(), Some("Tester"));
        assert_eq!((metadata.width, metadata.height), (Some(300), Some(200)));
        assert_eq!(extract_exif(&file), Some(phone_photo().bytes()));
    }
}

#[test]
fn exif_behind_many_chunks_of_pixels_is_reached_without_reading_them() {
    let mut chunks = vec![(b"IDAT", vec![0; 8192]); 500];
    chunks.push((b"eXIf", phone_photo().bytes()));
    let (metadata, reads, _) = read_ranged(&png(&chunks, 300, 200));
    assert_eq!(metadata.make.as_deref(), Some("Tester"));
    assert_eq!(reads, 2);
}

#[test]
fn pixels_that_look_like_a_chunk_are_not_taken_for_one() {
    let mut pixels = vec![0; 8192];
    pixels[100..108].copy_from_slice(b"\0\0\0\x10eXIf");
    let (metadata, reads, _) = read_ranged(&png(&vec![(b"IDAT", pixels); 100], 300, 200));
    assert_eq!((metadata.make, metadata.warnings, reads), (None, vec![], 2));
}

#[test]
fn exif_is_read_from_every_kind_of_text_chunk() {
    let text = raw_profile(&phone_photo().bytes());
    let prefixed = raw_profile(&[b"Exif\0\0", &phone_photo().bytes()[..]].concat());
    let deflated = deflated(text.as_bytes());
    let chunks = [
        (b"tEXt", text_chunk("Raw profile type exif", &[], text.as_bytes())),
        (b"tEXt", text_chunk("Raw profile type APP1", &[], prefixed.as_bytes())),
        (b"zTXt", text_chunk("Raw profile type exif", &[0], &deflated)),
        (b"iTXt", text_chunk("Raw profile type exif", &[0, 0, 0, 0], text.as_bytes())),
        (b"iTXt", text_chunk("Raw profile type exif", &[1, 0, 0, 0], &deflated)),
    ];
    for chunk in chunks {
        let file = png(std::slice::from_ref(&chunk), 300, 200);
        let metadata = read_metadata(&file).expect("a PNG");
        assert_eq!(metadata.make.as_deref(), Some("Tester"), "{chunk:?}");
        assert_eq!(extract_exif(&file), Some(phone_photo().bytes()));
    }
}

#[test]
fn a_text_chunk_that_inflates_without_end_is_a_warning() {
    let bomb = deflated(&vec![0; 8 << 20]);
    let chunk = (b"zTXt", text_chunk("Raw profile type exif", &[0], &bomb));
    let metadata = read_metadata(&png(&[chunk], 300, 200)).expect("a PNG");
    assert_eq!(codes(&metadata), ["exif_damaged"]);
    assert_eq!(metadata.width, Some(300));
}

#[test]
fn a_colour_profile_is_inflated() {
    let profile: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let chunk = (b"iCCP", text_chunk("a profile", &[0], &deflated(&profile)));
    assert_eq!(extract_icc(&png(&[chunk], 300, 200)), Some(profile));
}

#[test]
fn a_colour_profile_over_the_cap_is_none() {
    let bomb = deflated(&vec![0; ICC_CAP_BYTES + 1]);
    assert_eq!(extract_icc(&png(&[(b"iCCP", text_chunk("a bomb", &[0], &bomb))], 300, 200)), None);
}
