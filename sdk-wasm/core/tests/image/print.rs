//! Colours for print: through their profile where a JPEG is of inks, and decoded all the same everywhere else.

use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::{
    ColorProfile, DataColorSpace, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass,
};
use windlass_core::image::{FastOutcome, Limits, resize_fast};
use windlass_core::metadata::extract_icc;

use crate::made::{JpegForm, decoded, jpeg, one, options, resize};

const CYAN: [u8; 4] = [255, 0, 0, 0];

/// A press whose inks are four blacks, so that what went through its profile is grey.
fn profile() -> Vec<u8> {
    // L*, a* and b* in 16 bits (ICC.1:2022, 10.10, table 42): each ink takes a quarter of the light.
    let grid = (0_u16..16).flat_map(|inks| [0xFF00 - 0x3FC0 * inks.count_ones() as u16, 0x8000, 0x8000]);
    let straight = |channels: usize| LutStore::Store16([0, 0xFFFF].repeat(channels));
    let mut profile = ColorProfile::default();
    (profile.color_space, profile.pcs) = (DataColorSpace::Cmyk, DataColorSpace::Lab);
    profile.profile_class = ProfileClass::OutputDevice;
    profile.lut_a_to_b_perceptual = Some(LutWarehouse::Lut(LutDataType {
        num_input_channels: 4,
        num_output_channels: 3,
        num_clut_grid_points: 2,
        matrix: Matrix3d::IDENTITY,
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: straight(4),
        clut_table: LutStore::Store16(grid.collect()),
        output_table: straight(3),
        lut_type: LutType::Lut16,
    }));
    profile.encode().unwrap()
}

/// A TIFF of one colour in inks (TIFF 6.0, section 16), with a profile.
fn tiff(inks: [u8; 4], width: u16, height: u16, profile: &[u8]) -> Vec<u8> {
    let data = inks.repeat(usize::from(width) * usize::from(height));
    let (bits_at, profile_at) = (134, 142);
    let (profile_bytes, data_bytes) = (profile.len() as u32, data.len() as u32);
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, width.into()),
        (257, 3, 1, height.into()),
        (258, 3, 4, bits_at),
        (259, 3, 1, 1),
        (262, 3, 1, 5),
        (273, 4, 1, profile_at + profile_bytes),
        (277, 3, 1, 4),
        (278, 3, 1, height.into()),
        (279, 4, 1, data_bytes),
        (34_675, 7, profile_bytes, profile_at),
    ];
    let mut bytes = b"II*\0\x08\0\0\0\x0A\0".to_vec();
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes.extend([8, 0, 8, 0, 8, 0, 8, 0]);
    bytes.extend([profile, &data].concat());
    bytes
}

fn colour_of(picture: &RgbImage) -> [u8; 3] {
    let Rgb(colour) = *picture.get_pixel(20, 15);
    colour
}

#[test]
fn a_jpeg_of_inks_goes_through_its_profile() {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.add_icc_profile(&profile()).unwrap();
    encoder.encode(&CYAN.repeat(80 * 60), 80, 60, ColorType::Cmyk).unwrap();
    let outcome = resize(&bytes, &options(&[40], 0.95)).unwrap();
    assert_eq!(outcome.warnings, []);
    let [red, green, blue] = colour_of(&decoded(&outcome.images[0]));
    assert!(red.abs_diff(green) < 4 && green.abs_diff(blue) < 4, "grey: {red}, {green}, {blue}");
    assert!((150..210).contains(&green), "three quarters of the light: {green}");
}

#[test]
fn a_tiff_of_inks_is_decoded_without_its_profile_and_says_so() {
    let outcome = resize(&tiff(CYAN, 80, 60, &profile()), &options(&[40], 0.95)).unwrap();
    assert_eq!(outcome.warnings[0].code, "colors_not_converted");
    assert!(outcome.warnings[0].message.contains("may look different"));
    assert_eq!(extract_icc(&outcome.images[0].bytes), None);
    let [red, green, blue] = colour_of(&decoded(&outcome.images[0]));
    assert!(red < 8 && green > 247 && blue > 247, "{red}, {green}, {blue}");
}

#[test]
fn a_jpeg_of_three_colours_with_a_profile_for_inks_is_decoded_as_without_it() {
    for progressive in [false, true] {
        let form = JpegForm { progressive, ..JpegForm::default() };
        let bytes = jpeg(160, 120, 1, &form, None, Some(&profile()));
        let fast = resize_fast(&bytes, &options(&[80], 0.95), &Limits::default()).unwrap();
        assert_eq!(matches!(fast, FastOutcome::Made(_)), !progressive);
        let image = one(&bytes, 80);
        assert_eq!(extract_icc(&image.bytes), None);
        assert_eq!(decoded(&image), decoded(&one(&jpeg(160, 120, 1, &form, None, None), 80)));
    }
}
