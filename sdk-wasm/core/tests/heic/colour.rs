//! Colours come out as another path through the same decoder gives them, transparency as white.

use image::{DynamicImage, RgbImage, imageops};
use windlass_core::metadata::extract_icc;

use crate::beside;
use crate::heic_file::{HeicForm, boxed, heic};
use crate::made::{decoded, one, photo, pixels, plain, psnr, resize};

/// What `heifer` makes of it, as RGB.
fn reference(bytes: &[u8]) -> RgbImage {
    let image = heifer::decode_rgba8(bytes, &heifer::Options::default()).unwrap();
    let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    RgbImage::from_raw(image.width, image.height, rgb).unwrap()
}

#[test]
fn samples_reach_the_image_unchanged_in_tiles_and_alone_at_odd_sizes() {
    for (width, height) in [(320, 240), (1100, 620), (333, 241), (1, 1), (513, 512), (2, 700)] {
        let file = photo(width, height, &plain());
        let image = decoded(&one(&file, width.max(height)));
        assert_eq!(image.dimensions(), (width, height));
        let ratio = psnr(&image, &reference(&file));
        assert!(ratio > 34.0, "{width} × {height}: {ratio} dB");
    }
}

#[test]
fn transparency_is_flattened_on_white() {
    let (width, height) = (200, 150);
    let mut rgba = pixels(width, height, 1);
    // The left half is not there.
    for (index, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        pixel[3] = if index as u32 % width < width / 2 { 0 } else { 255 };
    }
    let image = decoded(&one(&heic(&rgba, width, height, &plain()).unwrap(), width));
    for (x, y) in [(5, 5), (60, 75), (90, 140)] {
        assert!(image.get_pixel(x, y).0.iter().all(|level| *level > 248), "white at {x}, {y}");
    }
    let opaque = decoded(&one(&photo(width, height, &plain()), width));
    let right = |image: &RgbImage| imageops::crop_imm(image, 108, 0, 92, height).to_image();
    assert!(psnr(&right(&image), &right(&opaque)) > 34.0);
}

#[test]
fn the_colour_profile_is_carried_over() {
    let mut icc = vec![0; 400];
    icc[16..20].copy_from_slice(b"RGB ");
    let file = photo(400, 300, &HeicForm { icc: Some(icc.clone()), ..plain() });
    assert_eq!(extract_icc(&one(&file, 300).bytes), Some(icc));
}

#[test]
fn wide_colours_that_no_profile_tells_are_a_warning() {
    let mut icc = vec![0; 400];
    icc[16..20].copy_from_slice(b"RGB ");
    // The encoder's own word, which the last box holds: primaries of BT.709, the transfer of sRGB.
    for (primaries, warns) in [(9, true), (11, true), (12, true), (1, false)] {
        let mut file = photo(400, 300, &plain());
        let at = file.windows(8).rposition(|window| window == b"nclx\0\x01\0\x0D").unwrap();
        file[at + 5] = primaries;
        let warnings = resize(&file, &[300]).unwrap().warnings;
        let codes: Vec<_> = warnings.iter().map(|warning| warning.code.as_str()).collect();
        assert_eq!(codes, if warns { vec!["colors_not_converted"] } else { vec![] }, "{primaries}");
    }
    let properties = vec![boxed(b"colr", b"nclx\0\x0C\0\x0D\0\x06\x80")];
    let told = photo(400, 300, &HeicForm { icc: Some(icc), properties, ..plain() });
    assert_eq!(resize(&told, &[300]).unwrap().warnings, []);
}

#[test]
fn a_real_photo_is_what_another_path_makes_of_it() {
    let Some(bytes) = beside::photo("heic12_iphone.heic") else { return };
    let image = decoded(&one(&bytes, 1008));
    let whole = DynamicImage::ImageRgb8(reference(&bytes));
    let expected =
        whole.resize_exact(image.width(), image.height(), imageops::FilterType::Lanczos3).to_rgb8();
    let ratio = psnr(&image, &expected);
    assert!(ratio > 36.0, "{ratio} dB");
}
