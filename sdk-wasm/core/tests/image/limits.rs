//! What is refused before anything is decoded, and how it is said.

use image::{GrayImage, ImageFormat};
use windlass_core::image::{ImageError, Limits, resize_photo};

use crate::made::{JpegForm, file, jpeg, options, pixels, resize};

#[test]
fn a_picture_of_too_many_pixels_is_refused_by_its_header() {
    // 65,500 × 65,500 by its header, and no data: refused for its size, not for what is missing.
    let mut photo = jpeg(16, 16, 1, &JpegForm::default(), None, None);
    let frame = photo.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    photo[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    photo.truncate(frame + 40);
    let error = resize(&photo, &options(&[100], 0.8)).unwrap_err();
    assert_eq!(error.code(), "too_large");
    assert!(error.to_string().contains("65500 × 65500"), "{error}");
}

#[test]
fn what_phones_of_108_megapixels_make_is_not_too_large() {
    let mut photo = jpeg(16, 16, 1, &JpegForm::default(), None, None);
    let frame = photo.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let size = [9_000_u16, 12_000].map(u16::to_be_bytes).concat();
    photo[frame + 5..frame + 9].copy_from_slice(&size);
    // Nothing but its data is missing.
    assert_eq!(resize(&photo, &options(&[1920, 200], 0.8)).unwrap_err().code(), "incomplete");
}

#[test]
fn the_longest_side_has_a_limit_of_its_own() {
    let wide = file(GrayImage::new(70_000, 1), ImageFormat::Png);
    assert_eq!(resize(&wide, &options(&[100], 0.8)).unwrap_err().code(), "too_large");
}

#[test]
fn a_picture_over_the_memory_budget_is_refused() {
    let limits = Limits { memory_bytes: 300_000, ..Limits::default() };
    let options = options(&[100], 0.8);
    // JPEGs are decoded at the scale that is needed; of a PNG there are 360,000 bytes of pixels.
    for progressive in [false, true] {
        let form = JpegForm { progressive, ..JpegForm::default() };
        assert!(resize_photo(&jpeg(400, 300, 1, &form, None, None), &options, &limits).is_ok());
    }
    let png = file(pixels(400, 300), ImageFormat::Png);
    let refused = resize_photo(&png, &options, &limits).unwrap_err();
    assert!(matches!(refused, ImageError::OverMemoryBudget { budget_bytes: 300_000, .. }), "{refused}");
}

#[test]
fn options_that_make_no_sense_are_named() {
    let photo = jpeg(40, 30, 1, &JpegForm::default(), None, None);
    for (edges, quality, word) in [
        (&[][..], 0.8, "variant"),
        (&[0], 0.8, "max_edge"),
        (&[10], 1.5, "quality"),
        (&[10], f32::NAN, "quality"),
    ] {
        let error = resize(&photo, &options(edges, quality)).unwrap_err();
        assert_eq!(error.code(), "invalid_options");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn what_cannot_be_decoded_is_named_and_sent_as_it_is() {
    let cases: [(&[u8], &str); 5] = [
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF"),
        (b"II+\0\x08\0\0\0\0\0\0\0", "BigTIFF"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file of this type"),
        (b"", "empty"),
    ];
    for (bytes, name) in cases {
        let error = resize(bytes, &options(&[100], 0.8)).unwrap_err();
        assert_eq!(error.code(), "unsupported_format");
        assert!(error.to_string().contains(name), "{error}");
    }
}
