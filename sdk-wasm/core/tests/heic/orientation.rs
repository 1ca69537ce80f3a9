//! The container turns a picture, and EXIF does not turn it once more.

use image::RgbImage;
use windlass_core::image::{Limits, MetadataPolicy, resize_heic};
use windlass_core::metadata::read_metadata;

use crate::heic_file::{HeicForm, boxed, heic, turn};
use crate::made::{decoded, exif, one, options, photo, pixels, plain, resize};
use crate::scene::{SUN_AT, color};

/// The mean colour around a place given in fractions of width and height.
fn mean_at(picture: &RgbImage, (u, v): (f32, f32)) -> [f32; 3] {
    let (x, y) = ((u * picture.width() as f32) as u32, (v * picture.height() as f32) as u32);
    let mut sum = [0.0; 3];
    for (dx, dy) in (0..25).map(|i| (i % 5, i / 5)) {
        let pixel = picture.get_pixel(x + dx - 2, y + dy - 2);
        sum.iter_mut().zip(pixel.0).for_each(|(sum, level)| *sum += f32::from(level) / 25.0);
    }
    sum
}

fn assert_upright(picture: &RgbImage, case: &str) {
    let is_near = |place, expected: [f32; 3]| {
        let found = mean_at(picture, place);
        let distance = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(distance < 40.0, "{case}: {found:?} at {place:?} instead of {expected:?}");
    };
    is_near(SUN_AT, color::SUN);
    is_near((0.5, 0.4), color::ROOF);
    is_near((0.1, 0.92), color::GROUND);
}

#[test]
fn every_orientation_of_the_container_comes_out_upright_whatever_exif_says() {
    for orientation in 1..=8 {
        for tag in [1, 6, orientation] {
            let (width, height) = if orientation < 5 { (480, 360) } else { (360, 480) };
            let form = HeicForm {
                properties: turn(orientation),
                exif: Some(exif(width, height, u16::from(tag))),
                ..plain()
            };
            let file = heic(&pixels(width, height, orientation), width, height, &form).unwrap();
            let outcome = resize(&file, &[480, 240]).unwrap();
            let case = format!("orientation {orientation}, EXIF {tag}");
            let sizes: Vec<_> = outcome.images.iter().map(|image| (image.width, image.height)).collect();
            assert_eq!(sizes, [(480, 360), (240, 180)], "{case}");
            for image in &outcome.images {
                assert_upright(&decoded(image), &case);
                let metadata = read_metadata(&image.bytes).unwrap();
                assert_eq!(metadata.display_orientation, 1, "{case}");
            }
        }
    }
}

#[test]
fn exif_is_carried_over_with_new_dimensions_and_without_the_place_when_asked() {
    let form = HeicForm { exif: Some(exif(400, 300, 6)), ..plain() };
    let file = photo(400, 300, &form);
    let made = |metadata| {
        let options = windlass_core::image::ResizeOptions { metadata, ..options(&[320, 160]) };
        let images = resize_heic(&file, &options, &Limits::default()).unwrap().images;
        images.into_iter().map(|image| read_metadata(&image.bytes).unwrap()).collect::<Vec<_>>()
    };
    let [kept, thumbnail] = &made(MetadataPolicy::Keep)[..] else { panic!("two images") };
    assert_eq!(kept.make.as_deref(), Some("Windlass"));
    assert_eq!((kept.width, kept.height, kept.display_orientation), (Some(320), Some(240), 1));
    assert!(kept.location.is_some());
    assert_eq!(thumbnail.make, None, "small images carry no EXIF");
    let [placeless, _] = &made(MetadataPolicy::StripLocation)[..] else { panic!("two images") };
    assert_eq!((placeless.make.as_deref(), placeless.location.is_some()), (Some("Windlass"), false));
    let [bare, _] = &made(MetadataPolicy::Strip)[..] else { panic!("two images") };
    assert_eq!((&bare.make, bare.location.is_some()), (&None, false));
}

#[test]
fn a_crop_leaves_the_middle_and_is_turned_with_it() {
    // 240 × 180 in the middle of 480 × 360, then a quarter anticlockwise.
    let numbers: [u32; 8] = [240, 1, 180, 1, 0, 1, 0, 1];
    let clap = boxed(b"clap", &numbers.map(u32::to_be_bytes).concat());
    let form = HeicForm { properties: [vec![clap], turn(8)].concat(), ..plain() };
    let cropped = decoded(&one(&photo(480, 360, &form), 240));
    assert_eq!(cropped.dimensions(), (180, 240));
    let whole = decoded(&one(&photo(480, 360, &plain()), 480));
    let middle = image::imageops::crop_imm(&whole, 120, 90, 240, 180).to_image();
    let turned = image::imageops::rotate270(&middle);
    let ratio = crate::made::psnr(&cropped, &turned);
    assert!(ratio > 34.0, "{ratio} dB");
}
