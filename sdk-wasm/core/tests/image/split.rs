//! The two halves of the pipeline, which the browser loads one after the other.

use image::ImageFormat;
use windlass_core::image::{FastOutcome, Limits, PictureFormat, needs_codecs, resize_fast, resize_general};

use crate::made::{JpegForm, file, jpeg, options, phone_photo, pixels, resize};

#[test]
fn a_phones_photo_is_made_by_the_fast_half_alone() {
    let photo = phone_photo(640, 480, 6);
    let options = options(&[320, 100], 0.8);
    let made = resize_fast(&photo, &options, &Limits::default()).unwrap();
    assert_eq!(made, FastOutcome::Made(resize(&photo, &options).unwrap()));
    assert_eq!(needs_codecs(photo.get(..4096).unwrap()), Ok(None));
}

#[test]
fn a_heic_is_handed_on_by_its_head_and_by_name_to_a_third_part() {
    let head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    assert_eq!(needs_codecs(head), Ok(Some(PictureFormat::Heic)));
    let options = options(&[100], 0.8);
    let handed_on = resize_fast(head, &options, &Limits::default()).unwrap();
    assert_eq!(handed_on, FastOutcome::NeedsCodecs(PictureFormat::Heic));
    let refused = resize_general(head, &options, &Limits::default()).unwrap_err();
    assert_eq!(refused.code(), "unsupported_format");
    // What the decoder finds: the box is told to be longer than the file, and there is none but it.
    #[cfg(feature = "heic")]
    assert_eq!(resize(head, &options).unwrap_err().code(), "corrupt");
}

#[test]
fn every_other_picture_is_handed_on_by_its_head_and_made_by_the_general_half() {
    let progressive = JpegForm { progressive: true, ..JpegForm::default() };
    let options = options(&[100], 0.8);
    for (format, bytes) in [
        (PictureFormat::Jpeg, jpeg(320, 240, 1, &progressive, None, None)),
        (PictureFormat::Png, file(pixels(320, 240), ImageFormat::Png)),
        (PictureFormat::WebP, file(pixels(320, 240), ImageFormat::WebP)),
        (PictureFormat::Gif, file(pixels(320, 240), ImageFormat::Gif)),
        (PictureFormat::Tiff, file(pixels(320, 240), ImageFormat::Tiff)),
    ] {
        assert_eq!(needs_codecs(bytes.get(..1024).unwrap()), Ok(Some(format)), "{format}");
        let handed_on = resize_fast(&bytes, &options, &Limits::default()).unwrap();
        assert_eq!(handed_on, FastOutcome::NeedsCodecs(format));
        let made = resize_general(&bytes, &options, &Limits::default()).unwrap();
        assert_eq!(made, resize(&bytes, &options).unwrap(), "{format}");
    }
}
