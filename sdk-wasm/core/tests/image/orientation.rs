//! Pictures come out upright, whichever way they were stored.

use image::RgbImage;

use crate::made::{decoded, one, options, phone_photo, resize};
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
    is_near((0.5, 0.7), color::DOOR);
}

#[test]
fn every_orientation_comes_out_upright_at_every_size() {
    for orientation in 1..=8 {
        let photo = phone_photo(480, 360, orientation);
        let upright = if orientation < 5 { (480, 360) } else { (360, 480) };
        let outcome = resize(&photo, &options(&[1000, 480, 240, 96], 0.9)).unwrap();
        let sizes: Vec<(u32, u32)> = outcome.images.iter().map(|image| (image.width, image.height)).collect();
        let halves = |n: u32| (upright.0 / n, upright.1 / n);
        assert_eq!(sizes, [upright, upright, halves(2), halves(5)], "orientation {orientation}");
        for image in &outcome.images {
            assert_upright(&decoded(image), &format!("orientation {orientation}, {}", image.name));
        }
    }
}

#[test]
fn an_orientation_that_does_not_exist_turns_nothing() {
    let image = one(&phone_photo(120, 90, 9), 60);
    assert_eq!((image.width, image.height), (60, 45));
}
