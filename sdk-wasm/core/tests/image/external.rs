//! Pictures whose pixels a browser gives come out as those decoded here, and a browser is never believed more.

use image::{DynamicImage, ImageFormat, RgbaImage};
use moxcms::ColorProfile;
use windlass_core::image::{ExternalDecode, ImageError, Limits, ResizeOutcome, resize_general};
use windlass_core::metadata::{extract_icc, read_metadata};

use crate::exif_block::exif_block;
use crate::made::{JpegForm, decoded, file, jpeg, notes, options, pixels, psnr};

/// A house that is more transparent to the right.
fn transparent(width: u32, height: u32) -> RgbaImage {
    let mut picture = DynamicImage::from(pixels(width, height)).to_rgba8();
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        pixel.0[3] = (255 - x * 255 / width) as u8;
    }
    picture
}

fn open(bytes: &[u8], max_edge: u32) -> Result<ExternalDecode, ImageError> {
    ExternalDecode::open(bytes, &options(&[max_edge, 40], 0.9), &Limits::default())
}

/// As a browser gives it, so many rows at a time.
fn given(mut decode: ExternalDecode, picture: &RgbaImage, rows: usize, is_upright: bool) -> ResizeOutcome {
    decode.begin(picture.dimensions(), is_upright).unwrap();
    for strip in picture.as_raw().chunks(4 * picture.width() as usize * rows) {
        decode.push(strip);
    }
    decode.finish().unwrap()
}

#[test]
fn pixels_that_are_given_make_the_very_images_of_those_decoded_here() {
    // Smaller ones would be passed through as they are.
    for (width, height) in [(64, 48), (61, 47)] {
        let picture = transparent(width, height);
        let bytes = file(picture.clone(), ImageFormat::Png);
        let ours = resize_general(&bytes, &options(&[1000, 40], 0.9), &Limits::default()).unwrap();
        for rows in [2, 16, 1000] {
            let given = given(open(&bytes, 1000).unwrap(), &picture, rows, false);
            assert_eq!(given.images.len(), ours.images.len());
            // The original itself, where it is the smaller picture, is passed through here alone.
            let encoded = given.images.iter().zip(&ours.images).filter(|(_, ours)| !ours.passed_through);
            for (given, ours) in encoded {
                assert_eq!(given, ours, "{width} × {height}");
            }
        }
    }
}

#[test]
fn exif_turns_once_and_is_hidden_from_the_browser() {
    for orientation in 1..=8 {
        let exif = exif_block(&notes(64, 48, orientation));
        let form = JpegForm { progressive: true, ..JpegForm::default() };
        let bytes = jpeg(64, 48, orientation, &form, Some(&exif), None);
        let decode = open(&bytes, 64).unwrap();
        let offset = decode.exif_offset().unwrap() as usize;
        assert_eq!(bytes.get(offset..offset + 2).unwrap(), b"II");
        let mut hidden = bytes.clone();
        hidden[offset..offset + 2].fill(0);
        assert_eq!(read_metadata(&hidden).unwrap().display_orientation, 1);
        let stored = image::load_from_memory(&hidden).unwrap().to_rgba8();
        assert_eq!(stored.dimensions(), (64, 48));
        let made = given(decode, &stored, 16, false).images.remove(0);
        let upright = if orientation < 5 { (64, 48) } else { (48, 64) };
        assert_eq!((made.width, made.height), upright);
        let house = crate::scene::stored_pixels(upright.0, upright.1, 1, 1, 0.0);
        let ratio = psnr(decoded(&made).as_raw(), &house);
        assert!(ratio > 18.0, "orientation {orientation}: {ratio} dB");
        assert_eq!(read_metadata(&made.bytes).unwrap().display_orientation, 1);
    }
}

#[test]
fn a_jpeg_with_exif_left_to_turn_by_is_decoded_here() {
    let form = JpegForm { progressive: true, ..JpegForm::default() };
    let exif = exif_block(&notes(64, 48, 3));
    let mut bytes = jpeg(64, 48, 3, &form, Some(&exif), None);
    open(&bytes, 32).unwrap().begin((64, 48), false).unwrap();
    let again = [b"Exif\0\0", &exif[..]].concat();
    let segment = [&[0xFF, 0xE1][..], &(again.len() as u16 + 2).to_be_bytes(), &again].concat();
    // Behind the start of the image. Only the first block is hidden, and a browser goes on to the next.
    bytes.splice(2..2, segment);
    let refused = open(&bytes, 32).unwrap().begin((64, 48), false).unwrap_err();
    assert_eq!(refused.code(), "unsupported_format");
    assert!(resize_general(&bytes, &options(&[32], 0.9), &Limits::default()).is_ok());
}

#[test]
fn wide_colours_and_inks_are_told_and_their_profile_is_not_attached_to_srgb() {
    let form = JpegForm { progressive: true, ..JpegForm::default() };
    for (profile, is_srgb) in [(ColorProfile::new_display_p3(), false), (ColorProfile::new_srgb(), true)] {
        let bytes = jpeg(32, 24, 1, &form, None, Some(&profile.encode().unwrap()));
        let decode = open(&bytes, 32).unwrap();
        assert_eq!(decode.is_srgb(), is_srgb);
        let picture = image::load_from_memory(&bytes).unwrap().to_rgba8();
        let made = given(decode, &picture, 2, false).images.remove(0);
        assert_eq!(extract_icc(&made.bytes), None);
    }
    assert!(open(&file(pixels(8, 8), ImageFormat::Png), 8).unwrap().is_srgb());
}

#[test]
fn what_is_not_whole_is_never_given_to_a_browser() {
    let progressive = JpegForm { progressive: true, ..JpegForm::default() };
    for whole in [
        jpeg(64, 48, 1, &progressive, None, None),
        file(pixels(64, 48), ImageFormat::Png),
        file(pixels(64, 48), ImageFormat::WebP),
    ] {
        assert!(open(&whole, 32).is_ok());
        for share in [30, 60, 90] {
            let cut = whole.get(..whole.len() * share / 100).unwrap();
            assert_eq!(open(cut, 32).map_or_else(|error| error.code(), |_| "opened"), "incomplete");
        }
    }
    let tiff = file(pixels(64, 48), ImageFormat::Tiff);
    assert_eq!(open(&tiff, 32).map_or_else(|error| error.code(), |_| "opened"), "unsupported_format");
}

#[test]
fn a_picture_over_the_budget_or_the_limits_is_refused_before_it_is_decoded() {
    let bytes = file(pixels(400, 300), ImageFormat::Png);
    let code = |limits: Limits| {
        ExternalDecode::open(&bytes, &options(&[100], 0.8), &limits)
            .map_or_else(|error| error.code(), |_| "opened")
    };
    // 120,000 pixels: four bytes of the browser's and one and a half of ours for each.
    assert_eq!(code(Limits { memory_bytes: 659_999, ..Limits::default() }), "over_memory_budget");
    assert_eq!(code(Limits { memory_bytes: 660_000, ..Limits::default() }), "opened");
    assert_eq!(code(Limits { max_pixels: 119_999, ..Limits::default() }), "too_large");
}

#[test]
fn pixels_of_another_shape_or_too_few_are_refused_and_another_decoder_may_try() {
    let exif = exif_block(&notes(64, 48, 6));
    let form = JpegForm { progressive: true, ..JpegForm::default() };
    let bytes = jpeg(64, 48, 6, &form, Some(&exif), None);
    let mut decode = open(&bytes, 32).unwrap();
    // Turned though there was nothing to turn by, larger than it is, smaller than wanted.
    for size in [(48, 64), (128, 96), (16, 12), (0, 0), (64, 40)] {
        assert_eq!(decode.begin(size, false).unwrap_err().code(), "unsupported_format", "{size:?}");
    }
    // Five eighths of it are enough for the larger image, of 40 pixels.
    assert_eq!(decode.useful_size(), (40, 30));
    decode.begin((40, 30), false).unwrap();
    decode.push(&[90; 4 * 40 * 28]);
    assert_eq!(decode.finish().unwrap_err().code(), "resize_failed");
}

#[test]
fn pixels_for_another_encoder_are_those_of_the_picture() {
    let picture = DynamicImage::from(pixels(64, 48)).to_rgba8();
    let mut decode = open(&file(picture.clone(), ImageFormat::Png), 64).unwrap();
    decode.begin((64, 48), false).unwrap();
    decode.push(picture.as_raw());
    let (images, warnings) = decode.finish_pixels().unwrap();
    assert!(warnings.is_empty());
    let sizes: Vec<_> = images.iter().map(|image| (image.name.as_str(), image.width, image.height)).collect();
    assert_eq!(sizes, [("web_64", 64, 48), ("web_40", 40, 30)]);
    // Its colours are a quarter as fine.
    let ratio = psnr(&images[0].rgba, picture.as_raw());
    assert!(ratio > 24.0, "{ratio} dB");
}

#[test]
fn a_jpeg_of_one_scan_per_colour_is_for_a_browser_alone() {
    let form = JpegForm { optimized: true, ..JpegForm::default() };
    let bytes = jpeg(64, 48, 1, &form, None, None);
    let code = resize_general(&bytes, &options(&[32], 0.8), &Limits::default()).unwrap_err().code();
    assert_eq!(code, "unsupported_format");
    assert!(open(&bytes, 32).is_ok());
    let cut = bytes.get(..bytes.len() - 200).unwrap();
    assert_eq!(open(cut, 32).map_or_else(|error| error.code(), |_| "opened"), "incomplete");
}
