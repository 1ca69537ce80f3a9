//! What is broken, cut off, too large or something else ends in a typed error, never in half a picture.

use windlass_core::image::{ImageError, Limits, resize_heic};

use crate::made::{options, photo, plain, resize};

fn code(bytes: &[u8]) -> &'static str {
    resize(bytes, &[160]).map_or_else(|error| error.code(), |_| "made")
}

#[test]
fn a_truncated_file_is_never_made_into_a_picture() {
    let file = photo(700, 600, &plain());
    // The table of what is where stands at the end.
    assert_eq!(code(&file), "made");
    let original = heifer::encode_rgb8(700, 600, &vec![90; 700 * 600 * 3], &heifer::EncodeOptions::default());
    for (file, name) in [(file, "meta last"), (original.unwrap(), "meta first")] {
        for percent in [0, 1, 5, 10, 30, 60, 90, 99] {
            let cut = &file[..file.len() * percent / 100];
            assert!(
                ["incomplete", "corrupt", "unsupported_format"].contains(&code(cut)),
                "{name}, {percent} %: {}",
                code(cut)
            );
        }
        assert_ne!(code(&file[..file.len() - 1]), "made", "{name}, but one byte");
    }
}

#[test]
fn a_truncated_file_that_begins_with_its_header_is_called_incomplete() {
    let pixels = crate::scene::stored_pixels(700, 600, 1, 1, 6.0);
    let file = heifer::encode_rgb8(700, 600, &pixels, &heifer::EncodeOptions::default()).unwrap();
    let error = resize(&file[..file.len() * 6 / 10], &[160]).unwrap_err();
    assert_eq!(error.code(), "incomplete");
    assert!(error.to_string().starts_with("The HEIC is incomplete: the file ends"), "{error}");
}

#[test]
fn flipped_bits_end_in_a_picture_or_a_typed_error() {
    let file = photo(96, 64, &plain());
    // Seven has no factor in common with the widths of the header's fields: each kind of them is hit.
    for at in (0..file.len()).step_by(7) {
        let mut broken = file.clone();
        broken[at] ^= 1 << (at % 8);
        if let Err(error) = resize(&broken, &[64]) {
            assert!(!error.code().is_empty() && error.to_string().ends_with('.'), "{error}");
        }
    }
}

#[test]
fn other_types_are_not_taken_for_a_heic() {
    assert_eq!(code(b""), "unsupported_format");
    assert_eq!(code(&[0xFF, 0xD8, 0xFF, 0xE0]), "unsupported_format");
    assert_eq!(code(b"\0\0\0\x18ftypavif\0\0\0\0avifmif1"), "unsupported_format");
}

#[test]
fn what_is_over_the_limits_is_refused_before_anything_is_decoded() {
    let file = photo(700, 600, &plain());
    let refused = |limits: Limits| resize_heic(&file, &options(&[160]), &limits).unwrap_err();
    let pixels = refused(Limits { max_pixels: 400_000, ..Limits::default() });
    assert!(matches!(pixels, ImageError::TooLarge { width: 700, height: 600, .. }), "{pixels:?}");
    let edge = refused(Limits { max_edge_px: 699, ..Limits::default() });
    assert!(matches!(edge, ImageError::TooLarge { .. }), "{edge:?}");
    let memory = refused(Limits { memory_bytes: 1 << 20, ..Limits::default() });
    assert!(matches!(memory, ImageError::OverMemoryBudget { budget_bytes: 0x10_0000, .. }), "{memory:?}");
}

/// The file whose pictures say that they are of another size.
fn shown_as(mut file: Vec<u8>, (width, height): (u32, u32)) -> Vec<u8> {
    let places: Vec<usize> =
        file.windows(4).enumerate().filter(|(_, at)| at == b"ispe").map(|at| at.0).collect();
    assert!(!places.is_empty());
    for at in places {
        // Behind the name, version and flags.
        file[at + 8..at + 12].copy_from_slice(&width.to_be_bytes());
        file[at + 12..at + 16].copy_from_slice(&height.to_be_bytes());
    }
    file
}

#[test]
fn a_picture_coded_far_larger_than_it_is_shown_is_not_decoded() {
    let file = photo(200, 160, &plain());
    assert_eq!(code(&shown_as(file.clone(), (180, 150))), "made", "an encoder fills blocks up");
    for size in [(100, 160), (200, 90), (1, 1)] {
        let error = resize(&shown_as(file.clone(), size), &[160]).unwrap_err();
        assert!(error.to_string().contains("far larger than it is shown"), "{size:?}: {error}");
    }
}

#[test]
fn tiles_of_far_more_pixels_than_a_photo_may_have_are_not_decoded() {
    // Four tiles of 512 × 512 pixels show 420,000.
    let file = photo(700, 600, &plain());
    let within =
        |max_pixels| resize_heic(&file, &options(&[160]), &Limits { max_pixels, ..Limits::default() });
    assert!(within(4 * 512 * 512 / 2).is_ok());
    let error = within(4 * 512 * 512 / 2 - 1).unwrap_err();
    assert!(error.to_string().contains("far more pixels"), "{error}");
}
