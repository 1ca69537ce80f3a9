//! What the camera knew survives, as far as it was asked to.

use image::ImageFormat;
use moxcms::ColorProfile;
use windlass_core::image::{
    ColorPolicy, EncodedImage, ExternalDecode, Limits, MetadataPolicy, ResizeOptions,
};
use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::beside;
use crate::exif_block::exif_block;
use crate::made::{JpegForm, file, jpeg, notes, one, options, phone_photo, pixels, resize};

/// Bytes with the header of a profile for this colour space; nothing here looks further.
fn profile(color_space: &[u8; 4], length: usize) -> Vec<u8> {
    let mut profile: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
    profile[..4].copy_from_slice(&(length as u32).to_be_bytes());
    profile[12..16].copy_from_slice(b"mntr");
    profile[16..20].copy_from_slice(color_space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

fn with_policy(bytes: &[u8], metadata: MetadataPolicy) -> EncodedImage {
    let options = ResizeOptions { metadata, ..options(&[400], 0.8) };
    resize(bytes, &options).unwrap().images.remove(0)
}

#[test]
fn kept_metadata_says_what_the_original_said_of_an_upright_image() {
    let photo = phone_photo(800, 600, 6);
    let before = read_metadata(&photo).unwrap();
    let image = with_policy(&photo, MetadataPolicy::Keep);
    let after = read_metadata(&image.bytes).unwrap();
    assert_eq!((after.orientation, after.display_orientation), (Some(1), 1));
    assert_eq!((after.width, after.height), (Some(300), Some(400)));
    assert_eq!(after.make.as_deref(), Some("Windlass"));
    assert!(before.location.is_some() && before.taken_at.is_some());
    assert_eq!(
        (after.location, after.taken_at, after.model),
        (before.location, before.taken_at, before.model)
    );
    assert!(after.warnings.is_empty(), "{:?}", after.warnings);
}

#[test]
fn the_old_thumbnail_is_dropped() {
    let photo = phone_photo(800, 600, 6);
    let has_thumbnail = |exif: &[u8]| exif.windows(3).any(|bytes| bytes == [0xFF, 0xD8, 0xFF]);
    assert!(has_thumbnail(&extract_exif(&photo).unwrap()));
    assert!(!has_thumbnail(&extract_exif(&with_policy(&photo, MetadataPolicy::Keep).bytes).unwrap()));
}

#[test]
fn a_stripped_location_takes_nothing_else_along() {
    let photo = phone_photo(800, 600, 8);
    let after = read_metadata(&with_policy(&photo, MetadataPolicy::StripLocation).bytes).unwrap();
    assert_eq!(after.location, None);
    assert_eq!(after.taken_at, read_metadata(&photo).unwrap().taken_at);
    assert_eq!(after.model.as_deref(), Some("Test Camera"));
    assert_eq!(after.orientation, Some(1));
}

#[test]
fn stripped_images_keep_only_their_profile() {
    let icc = profile(b"RGB ", 540);
    let exif = exif_block(&notes(800, 600, 1));
    let photo = jpeg(800, 600, 1, &JpegForm::default(), Some(&exif), Some(&icc));
    let image = with_policy(&photo, MetadataPolicy::Strip);
    assert_eq!(extract_exif(&image.bytes), None);
    assert_eq!(extract_icc(&image.bytes), Some(icc));
}

#[test]
fn thumbnails_carry_their_profile_and_no_exif() {
    let icc = profile(b"RGB ", 540);
    let exif = exif_block(&notes(800, 600, 1));
    let photo = jpeg(800, 600, 1, &JpegForm::default(), Some(&exif), Some(&icc));
    for (max_edge, has_exif) in [(256, false), (257, true)] {
        let image = one(&photo, max_edge);
        assert_eq!(extract_exif(&image.bytes).is_some(), has_exif, "{max_edge}");
        assert_eq!(extract_icc(&image.bytes).as_ref(), Some(&icc), "{max_edge}");
    }
}

#[test]
fn a_profile_of_many_segments_arrives_whole() {
    let icc = profile(b"RGB ", 300_000);
    let photo = jpeg(300, 200, 1, &JpegForm::default(), None, Some(&icc));
    assert_eq!(extract_icc(&one(&photo, 280).bytes), Some(icc));
}

#[test]
fn a_profile_for_other_samples_is_not_carried() {
    for color_space in [b"CMYK", b"GRAY", b"Lab "] {
        let photo = jpeg(80, 60, 1, &JpegForm::default(), None, Some(&profile(color_space, 300)));
        assert_eq!(extract_icc(&one(&photo, 40).bytes), None, "{color_space:?}");
    }
}

#[test]
fn what_a_png_knows_goes_into_the_jpeg() {
    let icc = profile(b"RGB ", 700);
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(300, 200);
    info.color_type = png::ColorType::Rgb;
    info.icc_profile = Some(icc.clone().into());
    info.exif_metadata = Some(exif_block(&notes(300, 200, 6)).into());
    let encoder = png::Encoder::with_info(&mut bytes, info).unwrap();
    encoder.write_header().unwrap().write_image_data(&pixels(300, 200)).unwrap();
    let image = one(&bytes, 280);
    let after = read_metadata(&image.bytes).unwrap();
    assert_eq!((image.width, image.height, after.orientation), (187, 280, Some(1)));
    assert_eq!(after.model.as_deref(), Some("Test Camera"));
    assert_eq!(extract_icc(&image.bytes), Some(icc));
}

#[test]
fn a_picture_without_metadata_gets_none() {
    let image = one(&file(pixels(300, 200), ImageFormat::Png), 280);
    assert_eq!((extract_exif(&image.bytes), extract_icc(&image.bytes)), (None, None));
}

#[test]
fn damaged_exif_is_a_warning_and_the_picture_is_made() {
    let mut exif = exif_block(&notes(300, 200, 1));
    exif.truncate(40);
    let photo = jpeg(300, 200, 1, &JpegForm::default(), Some(&exif), None);
    let outcome = resize(&photo, &options(&[280, 260], 0.8)).unwrap();
    assert_eq!(outcome.images.len(), 2);
    let codes: Vec<&str> = outcome.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert!(!codes.is_empty());
    assert!(codes.iter().all(|code| codes.iter().filter(|other| other == &code).count() == 1), "{codes:?}");
}

#[test]
fn the_pixel_photo_keeps_its_profile_and_comes_upright() {
    let Some(photo) = beside::photo("p12_o6.jpg") else { return };
    let outcome = resize(&photo, &options(&[1920, 800, 200], 0.8)).unwrap();
    let sizes: Vec<(u32, u32)> = outcome.images.iter().map(|image| (image.width, image.height)).collect();
    assert_eq!(sizes, [(1440, 1920), (600, 800), (150, 200)]);
    let before = read_metadata(&photo).unwrap();
    assert_eq!(before.orientation, Some(6));
    for image in &outcome.images {
        assert_eq!(extract_icc(&image.bytes), extract_icc(&photo), "{}", image.name);
    }
    let after = read_metadata(&outcome.images[0].bytes).unwrap();
    assert_eq!((after.orientation, after.width, after.height), (Some(1), Some(1440), Some(1920)));
    assert_eq!((&after.location, &after.taken_at), (&before.location, &before.taken_at));
    assert_eq!(read_metadata(&outcome.images[2].bytes).unwrap().make, None);
}

/// The place of a photo is in none of the pictures made of it, of those beside the project that tell theirs.
#[test]
fn t29_no_picture_made_of_a_real_photo_tells_a_place_that_was_to_be_stripped() {
    let photos = [beside::files("photos"), beside::files("corpora/photos")].concat();
    let tells = |image: &[u8]| read_metadata(image).is_ok_and(|metadata| metadata.location.is_some());
    let mut told = 0;
    for (path, bytes) in photos.iter().filter(|(_, bytes)| tells(bytes)) {
        // What another module decodes is tested with that one.
        let Ok(kept) = resize(bytes, &options(&[1920, 320], 0.8)) else { continue };
        told += usize::from(kept.images.iter().all(|image| tells(&image.bytes)));
        for metadata in [MetadataPolicy::StripLocation, MetadataPolicy::Strip] {
            let options = ResizeOptions { metadata, ..options(&[1920, 320], 0.8) };
            let made = resize(bytes, &options).unwrap();
            assert!(made.images.iter().all(|image| !tells(&image.bytes)), "{}: {metadata:?}", path.display());
        }
    }
    eprintln!("{told} photos tell their place in what is made of them, unless it is stripped");
    assert!(photos.is_empty() || told > 0);
}

#[test]
fn exif_says_srgb_of_what_was_converted_and_what_it_said_of_what_was_not() {
    // Tag, type SHORT, one of them; its value follows.
    let value_at = |exif: &[u8]| {
        let entry = [0x01, 0xA0, 3, 0, 1, 0, 0, 0];
        exif.windows(8).position(|window| window == entry).unwrap() + 8
    };
    let mut exif = exif_block(&notes(400, 300, 1));
    let at = value_at(&exif);
    exif[at..at + 2].fill(0xFF);
    let says = |bytes: &[u8], space: u16| {
        let exif = extract_exif(bytes).unwrap();
        exif[value_at(&exif)..].starts_with(&space.to_le_bytes())
    };
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let form = JpegForm::default();
    let with_colour = |icc: Option<&[u8]>, color: ColorPolicy| {
        let photo = jpeg(400, 300, 1, &form, Some(&exif), icc);
        resize(&photo, &ResizeOptions { color, ..options(&[300], 0.8) }).unwrap().images.remove(0).bytes
    };
    assert!(says(&with_colour(Some(&p3), ColorPolicy::Srgb), 1));
    assert!(says(&with_colour(Some(&p3), ColorPolicy::Keep), 0xFFFF));
    assert!(says(&with_colour(None, ColorPolicy::Srgb), 0xFFFF), "nothing told how to convert it");
    let photo = jpeg(400, 300, 1, &form, Some(&exif), Some(&p3));
    let mut given = ExternalDecode::open(&photo, &options(&[300], 0.8), &Limits::default()).unwrap();
    given.begin((400, 300), false).unwrap();
    given.push(&[90; 4 * 400 * 300]);
    assert!(says(&given.finish().unwrap().images[0].bytes, 1), "a browser gives sRGB");
}
