//! Colours other than sRGB: kept with their profile, or converted.

use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::{ColorProfile, LocalizableString, ProfileText};
use windlass_core::image::{
    ColorPolicy, EncodedImage, ExternalDecode, FastOutcome, Limits, ResizeOptions, resize_fast,
};
use windlass_core::metadata::extract_icc;

use crate::beside;
use crate::made::{decoded, options, resize};

/// A picture of one colour, with a profile.
fn of_one_colour(colour: [u8; 3], profile: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.add_icc_profile(profile).unwrap();
    encoder.encode(&colour.repeat(320 * 240), 320, 240, ColorType::Rgb).unwrap();
    bytes
}

/// A profile that calls itself by another name.
fn named(mut profile: ColorProfile, name: &str) -> Vec<u8> {
    let text = LocalizableString::new("en".into(), "US".into(), name.into());
    profile.description = Some(ProfileText::Localizable(vec![text]));
    profile.encode().unwrap()
}

fn image_of(bytes: &[u8], color: ColorPolicy) -> EncodedImage {
    resize(bytes, &ResizeOptions { color, ..options(&[160], 0.95) }).unwrap().images.remove(0)
}

fn assert_near(picture: &RgbImage, expected: [u8; 3]) {
    let Rgb(found) = *picture.get_pixel(80, 60);
    let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 4);
    assert!(is_near, "{found:?}, not {expected:?}");
}

#[test]
fn wide_colours_are_kept_with_their_profile() {
    for profile in [ColorProfile::new_display_p3(), ColorProfile::new_adobe_rgb()] {
        let profile = profile.encode().unwrap();
        let image = image_of(&of_one_colour([120, 160, 90], &profile), ColorPolicy::Keep);
        assert_eq!(extract_icc(&image.bytes), Some(profile));
        assert_near(&decoded(&image), [120, 160, 90]);
    }
}

#[test]
fn wide_colours_become_srgb_where_that_is_asked_for() {
    // By the matrices and curves of both spaces (SMPTE EG 432-1, Adobe RGB 1998, IEC 61966-2-1).
    for (profile, expected) in
        [(ColorProfile::new_display_p3(), [108, 161, 80]), (ColorProfile::new_adobe_rgb(), [99, 161, 85])]
    {
        let photo = of_one_colour([120, 160, 90], &profile.encode().unwrap());
        let options = ResizeOptions { color: ColorPolicy::Srgb, ..options(&[160], 0.95) };
        let fast = resize_fast(&photo, &options, &Limits::default()).unwrap();
        assert!(matches!(fast, FastOutcome::NeedsCodecs(_)));
        let image = image_of(&photo, ColorPolicy::Srgb);
        assert_eq!(extract_icc(&image.bytes), None);
        assert_near(&decoded(&image), expected);
    }
}

#[test]
fn srgb_stays_on_the_fast_path_and_loses_its_profile() {
    let photo = of_one_colour([120, 160, 90], &ColorProfile::new_srgb().encode().unwrap());
    let options = ResizeOptions { color: ColorPolicy::Srgb, ..options(&[160], 0.95) };
    let FastOutcome::Made(outcome) = resize_fast(&photo, &options, &Limits::default()).unwrap() else {
        panic!("a baseline JPEG in sRGB needs no codecs");
    };
    assert_eq!(extract_icc(&outcome.images[0].bytes), None);
    assert_near(&decoded(&outcome.images[0]), [120, 160, 90]);
}

#[test]
fn wide_colours_that_are_named_after_the_transfer_of_srgb_are_no_srgb() {
    for name in [
        "DCI-P3 D65 Gamut with sRGB Transfer",
        "Display P3 Gamut with sRGB Transfer",
        "sRGB EOTF with DCI-P3 Color Gamut",
    ] {
        let photo = of_one_colour([120, 160, 90], &named(ColorProfile::new_display_p3(), name));
        let options = ResizeOptions { color: ColorPolicy::Srgb, ..options(&[160], 0.95) };
        let fast = resize_fast(&photo, &options, &Limits::default()).unwrap();
        assert!(matches!(fast, FastOutcome::NeedsCodecs(_)), "{name}");
        assert!(!ExternalDecode::open(&photo, &options, &Limits::default()).unwrap().is_srgb(), "{name}");
        let image = image_of(&photo, ColorPolicy::Srgb);
        assert_eq!(extract_icc(&image.bytes), None, "{name}");
        assert_near(&decoded(&image), [108, 161, 80]);
    }
}

#[test]
fn srgb_stays_on_the_fast_path_whatever_its_profile_is_called() {
    let photo = of_one_colour([120, 160, 90], &named(ColorProfile::new_srgb(), "c2"));
    let options = ResizeOptions { color: ColorPolicy::Srgb, ..options(&[160], 0.95) };
    let fast = resize_fast(&photo, &options, &Limits::default()).unwrap();
    assert!(matches!(fast, FastOutcome::Made(_)));
    assert!(ExternalDecode::open(&photo, &options, &Limits::default()).unwrap().is_srgb());
}

#[test]
fn a_damaged_profile_goes_along_with_a_warning() {
    let mut profile = ColorProfile::new_display_p3().encode().unwrap();
    profile.truncate(140);
    let photo = of_one_colour([120, 160, 90], &profile);
    let outcome =
        resize(&photo, &ResizeOptions { color: ColorPolicy::Srgb, ..options(&[160], 0.95) }).unwrap();
    assert_eq!(outcome.warnings[0].code, "colors_not_converted");
    assert_eq!(extract_icc(&outcome.images[0].bytes), Some(profile));
}

#[test]
fn colours_for_print_go_through_their_profile() {
    let mut converted = 0;
    for (path, bytes) in beside::files("corpora/photos") {
        if extract_icc(&bytes).is_none_or(|profile| profile.get(16..20) != Some(b"CMYK")) {
            continue;
        }
        let image = image_of(&bytes, ColorPolicy::Keep);
        assert_eq!(extract_icc(&image.bytes), None, "{}", path.display());
        decoded(&image);
        converted += 1;
    }
    eprintln!("{converted} pictures for print converted");
}
