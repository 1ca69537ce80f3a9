//! Never larger, never worse: the picture of a small original is used as it is.

use image::ImageFormat;
use windlass_core::image::{EncodedImage, MetadataPolicy, ResizeOptions};
use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::exif_block::exif_block;
use crate::made::{JpegForm, decoded, file, jpeg, notes, one, options, pixels, resize};

/// A picture that is coarser than what quality 0.95 makes of it, with what a phone notes, a profile, a comment, XMP
/// and a video behind it.
fn small_original(orientation: u8) -> Vec<u8> {
    let coarse =
        resize(&jpeg(800, 600, 1, &JpegForm::default(), None, Some(&profile())), &options(&[400], 0.3));
    let mut bytes = coarse.unwrap().images.remove(0).bytes;
    let exif = [b"Exif\0\0", &exif_block(&notes(400, 300, orientation))[..]].concat();
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta exif:GPSLatitude=\"47,29.874N\"/>";
    for (code, payload) in [(0xFE, &b"taken at home"[..]), (0xE1, xmp), (0xE1, &exif)] {
        let length = (payload.len() as u16 + 2).to_be_bytes();
        bytes.splice(20..20, [&[0xFF, code][..], &length, payload].concat());
    }
    bytes.extend(b"\0\0\0\x18ftypmp42 a video that tells the place");
    bytes
}

/// No profile, but the header of one for RGB.
fn profile() -> Vec<u8> {
    let mut profile = vec![0; 200];
    profile[16..20].copy_from_slice(b"RGB ");
    profile
}

fn with_policy(original: &[u8], metadata: MetadataPolicy) -> EncodedImage {
    let options = ResizeOptions { metadata, ..options(&[1920], 0.8) };
    resize(original, &options).unwrap().images.remove(0)
}

#[test]
fn a_small_original_within_the_edge_is_used_as_it_is() {
    let original = small_original(1);
    for max_edge in [400, 1920] {
        let image = one(&original, max_edge);
        assert!(image.passed_through);
        assert_eq!((image.width, image.height, image.content_type), (400, 300, "image/jpeg"));
        assert_eq!(image.bytes, original);
    }
}

#[test]
fn without_its_metadata_the_picture_is_the_same() {
    let original = small_original(1);
    for metadata in [MetadataPolicy::Strip, MetadataPolicy::StripLocation] {
        let image = with_policy(&original, metadata);
        assert!(image.passed_through, "{metadata:?}");
        assert!(image.bytes.len() < original.len());
        assert_eq!(decoded(&image), decoded(&one(&original, 1920)), "{metadata:?}");
        assert_eq!(extract_icc(&image.bytes), Some(profile()));
        for gone in [&b"home"[..], b"GPSLatitude", b"a video"] {
            assert!(!image.bytes.windows(gone.len()).any(|window| window == gone), "{metadata:?}");
        }
        let metadata_left = read_metadata(&image.bytes).unwrap();
        assert_eq!((metadata_left.location, metadata_left.warnings), (None, vec![]));
        let make = if metadata == MetadataPolicy::Strip { None } else { Some("Windlass") };
        assert_eq!(metadata_left.make.as_deref(), make);
    }
}

#[test]
fn a_small_original_as_a_thumbnail_loses_its_exif() {
    let small = resize(&small_original(1), &options(&[200], 0.3)).unwrap().images.remove(0);
    let exif = [b"Exif\0\0", &exif_block(&notes(200, 150, 1))[..]].concat();
    let segment = [&[0xFF, 0xE1][..], &(exif.len() as u16 + 2).to_be_bytes(), &exif].concat();
    let mut original = small.bytes;
    original.splice(20..20, segment);
    let thumbnail = one(&original, 200);
    assert!(thumbnail.passed_through);
    assert_eq!(extract_exif(&thumbnail.bytes), None);
    assert_eq!(extract_icc(&thumbnail.bytes), Some(profile()));
}

#[test]
fn an_image_larger_than_its_original_is_not_used() {
    // A drawing: smaller as a PNG than as a JPEG of the best quality.
    let drawing = image::RgbImage::from_fn(600, 400, |x, y| {
        image::Rgb(if (x / 40 + y / 40) % 2 == 0 { [255, 255, 255] } else { [200, 30, 30] })
    });
    let original = file(drawing, ImageFormat::Png);
    let image = resize(&original, &options(&[1000], 1.0)).unwrap().images.remove(0);
    assert_eq!((image.passed_through, image.content_type), (true, "image/png"));
    assert_eq!(image.bytes, original);
}

#[test]
fn a_png_without_its_text_is_the_same_picture() {
    let plain = file(image::RgbImage::from_pixel(60, 40, image::Rgb([1, 2, 3])), ImageFormat::Png);
    let mut original = plain.clone();
    let text = b"\0\0\0\x0ctEXtAuthor\0Windl\0\0\0\0";
    // Behind the signature and IHDR.
    original.splice(33..33, text.iter().copied());
    let image = with_policy(&original, MetadataPolicy::Strip);
    assert_eq!((image.passed_through, image.content_type), (true, "image/png"));
    assert_eq!(image.bytes, plain);
}

#[test]
fn what_must_change_is_encoded_anew() {
    let turned = one(&small_original(6), 1920);
    assert_eq!((turned.passed_through, turned.width, turned.height), (false, 300, 400));
    assert!(!one(&small_original(1), 300).passed_through, "another size");
    let large = one(&file(pixels(300, 200), ImageFormat::Png), 1920);
    assert_eq!((large.passed_through, large.content_type), (false, "image/jpeg"));
    decoded(&large);
}

#[test]
fn a_cut_original_is_refused_however_small_it_is() {
    let original = small_original(1);
    let error = resize(&original[..original.len() / 2], &options(&[1920], 0.8)).unwrap_err();
    assert_eq!(error.code(), "incomplete");
}
