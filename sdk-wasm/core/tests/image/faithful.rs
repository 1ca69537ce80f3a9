//! Resizing against a plain Lanczos3 written from its formula, in double precision.

use std::f64::consts::PI;

use image::{DynamicImage, GrayImage, ImageFormat};

use crate::made::{file, options, pixels, psnr, resize};

fn lanczos3(x: f64) -> f64 {
    match x.abs() {
        x if x < 1e-9 => 1.0,
        x if x < 3.0 => 3.0 * (PI * x).sin() * (PI * x / 3.0).sin() / (PI * x).powi(2),
        _ => 0.0,
    }
}

/// One row or column at another length; the kernel is widened by the ratio and cut at the edges.
fn resample(line: &[f64], length: usize) -> Vec<f64> {
    let ratio = line.len() as f64 / length as f64;
    let widened = ratio.max(1.0);
    (0..length)
        .map(|index| {
            let center = (index as f64 + 0.5) * ratio;
            let weighted = line.iter().enumerate().map(|(at, level)| {
                let weight = lanczos3((at as f64 + 0.5 - center) / widened);
                (weight, weight * level)
            });
            let (weights, sum) = weighted.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            sum / weights
        })
        .collect()
}

fn reference(picture: &GrayImage, width: usize, height: usize) -> Vec<u8> {
    let levels: Vec<f64> = picture.iter().map(|level| f64::from(*level)).collect();
    let narrow: Vec<Vec<f64>> =
        levels.chunks(picture.width() as usize).map(|row| resample(row, width)).collect();
    let columns: Vec<Vec<f64>> = (0..width)
        .map(|x| resample(&narrow.iter().map(|row| row[x]).collect::<Vec<f64>>(), height))
        .collect();
    let level = |x: usize, y: usize| columns[x][y].round().clamp(0.0, 255.0) as u8;
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| level(x, y)).collect()
}

#[test]
fn every_variant_is_within_forty_decibels_of_exact_lanczos() {
    let grey = DynamicImage::from(pixels(640, 480)).to_luma8();
    let outcome = resize(&file(grey.clone(), ImageFormat::Png), &options(&[400, 192, 64], 1.0)).unwrap();
    for image in &outcome.images {
        let made = image::load_from_memory(&image.bytes).unwrap().to_luma8();
        let exact = reference(&grey, image.width as usize, image.height as usize);
        let ratio = psnr(&made, &exact);
        // 192 and 64 are made from smaller pictures, all three went through JPEG at its best quality.
        assert!(ratio > 40.0, "{}: {ratio:.1} dB", image.name);
    }
}

#[test]
fn a_picture_within_the_edge_keeps_its_pixels() {
    let grey = DynamicImage::from(pixels(160, 120)).to_luma8();
    let outcome = resize(&file(grey.clone(), ImageFormat::Png), &options(&[160], 1.0)).unwrap();
    let made = image::load_from_memory(&outcome.images[0].bytes).unwrap().to_luma8();
    assert!(psnr(&made, &grey) > 50.0);
}
