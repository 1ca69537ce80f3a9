//! Resampling and turning.

use windlass_planar::{Plane, Planes, Sampling, Target, Turn, resample};

use crate::pictures::planes;
use crate::reference::between;

/// What EXIF says about where a pixel of the upright picture is stored (TIFF 6.0, Orientation).
fn stored_place(orientation: u8, (x, y): (usize, usize), (width, height): (usize, usize)) -> (usize, usize) {
    let (right, bottom) = (width - 1, height - 1);
    match orientation {
        2 => (right - x, y),
        3 => (right - x, bottom - y),
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, bottom - x),
        7 => (right - y, bottom - x),
        8 => (right - y, x),
        _ => (x, y),
    }
}

fn upright(width: usize, height: usize, turn: Turn) -> (usize, usize) {
    if turn.transpose { (height, width) } else { (width, height) }
}

#[test]
fn at_the_same_size_every_orientation_only_moves_pixels() {
    for (width, height) in [(1, 1), (5, 3), (16, 32), (41, 18)] {
        let source = planes(width, height, Some(Sampling::Full));
        for orientation in 1..=8 {
            let turn = Turn::from_exif(orientation);
            let (to_width, to_height) = upright(width, height, turn);
            let target =
                Target { width: to_width as u32, height: to_height as u32, sampling: Sampling::Full };
            let turned = resample(&source, target, turn).unwrap();
            assert_eq!((turned.width, turned.height), (target.width, target.height));
            for (turned, source) in turned.planes.iter().zip(&source.planes) {
                for y in 0..to_height {
                    for x in 0..to_width {
                        let (u, v) = stored_place(orientation, (x, y), (width, height));
                        assert_eq!(turned.row(y)[x], source.row(v)[u], "{orientation} at {x}, {y}");
                    }
                }
            }
        }
    }
}

#[test]
fn turning_and_turning_back_is_the_same_picture() {
    let source = planes(90, 51, Some(Sampling::Half));
    for (there, back) in [(2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (7, 7), (8, 6)] {
        let turn = Turn::from_exif(there);
        let (width, height) = upright(90, 51, turn);
        let target = Target { width: width as u32, height: height as u32, sampling: Sampling::Half };
        let turned = resample(&source, target, turn).unwrap();
        let target = Target { width: 90, height: 51, sampling: Sampling::Half };
        let returned = resample(&turned, target, Turn::from_exif(back)).unwrap();
        assert_eq!(returned.planes[0], source.planes[0], "{there}");
        for (returned, source) in returned.planes.iter().zip(&source.planes) {
            // Chroma's last row stands half beyond the edge; mirrored, its samples lie between.
            assert!(between(returned, source).psnr() > 30.0, "{there}");
        }
    }
}

/// The definition, in floating point and without intermediate rounding.
fn lanczos_by_definition(source: &Plane, width: usize, height: usize) -> Plane {
    let weights = |length: f64, count: usize, samples: usize| -> Vec<Vec<f64>> {
        let ratio = length / count as f64;
        let widening = ratio.max(1.0);
        (0..count)
            .map(|index| {
                let centre = (index as f64 + 0.5) * ratio;
                let row = (0..samples).map(|sample| {
                    let x = (sample as f64 + 0.5 - centre) / widening;
                    let sinc = |x: f64| if x == 0.0 { 1.0 } else { x.sin() / x };
                    let pi = std::f64::consts::PI;
                    if x.abs() < 3.0 { sinc(x * pi) * sinc(x * pi / 3.0) } else { 0.0 }
                });
                let row: Vec<f64> = row.collect();
                let sum: f64 = row.iter().sum();
                row.into_iter().map(|weight| weight / sum).collect()
            })
            .collect()
    };
    let across = weights(source.extent.0, width, source.width);
    let down = weights(source.extent.1, height, source.height);
    let mut made = Plane::new(width, height).unwrap();
    for (y, down) in down.iter().enumerate() {
        let row: Vec<f64> = (0..source.width)
            .map(|x| (0..source.height).map(|v| down[v] * f64::from(source.row(v)[x])).sum())
            .collect();
        for (x, across) in across.iter().enumerate() {
            let sum: f64 = row.iter().zip(across).map(|(sample, weight)| sample * weight).sum();
            made.samples[y * made.stride + x] = sum.round().clamp(0.0, 255.0) as u8;
        }
    }
    made
}

#[test]
fn resampling_is_lanczos_of_three_lobes() {
    let source = planes(150, 101, None);
    for (width, height) in [(149, 100), (75, 51), (60, 90), (40, 27), (9, 7), (1, 1)] {
        let target = Target { width, height, sampling: Sampling::Half };
        let made = resample(&source, target, Turn::default()).unwrap();
        let expected = lanczos_by_definition(&source.planes[0], width as usize, height as usize);
        let distance = between(&made.planes[0], &expected);
        assert!(distance.largest <= 2 && distance.psnr() > 50.0, "{width} × {height}: {distance:?}");
    }
}

#[test]
fn chroma_does_not_shift() {
    // A ramp stays the same ramp, whatever the sizes: its slope shows any shift.
    let ramp = |width: usize, extent: f64| {
        let mut plane = Plane::new(width, 8).unwrap();
        plane.extent = (extent, 8.0);
        for row in plane.samples.chunks_exact_mut(plane.stride) {
            for (x, sample) in row.iter_mut().enumerate().take(width) {
                *sample = ((x as f64 + 0.5) / extent * 240.0).round().min(255.0) as u8;
            }
        }
        plane
    };
    for (width, to_width) in [(121_u32, 61_u32), (120, 61), (121, 60), (200, 33)] {
        let half = f64::from(width) / 2.0;
        let chroma = ramp(width.div_ceil(2) as usize, half);
        let source = Planes {
            width,
            height: 16,
            planes: vec![Plane::new(width as usize, 16).unwrap(), chroma.clone(), chroma],
        };
        for reverse_columns in [false, true] {
            let target = Target { width: to_width, height: 16, sampling: Sampling::Half };
            let turn = Turn { reverse_columns, ..Turn::default() };
            let made = resample(&source, target, turn).unwrap();
            let row = made.planes[1].row(4);
            assert_eq!(row.len(), to_width.div_ceil(2) as usize);
            for (x, sample) in row.iter().enumerate().skip(4).take(row.len() - 8) {
                let place = (x as f64 + 0.5) / (f64::from(to_width) / 2.0);
                let place = if reverse_columns { 1.0 - place } else { place };
                let expected = place * 240.0;
                assert!((f64::from(*sample) - expected).abs() < 1.2, "{width} to {to_width} at {x}");
            }
        }
    }
}

#[test]
fn a_variant_made_of_a_larger_one_is_as_good() {
    let source = planes(1200, 900, Some(Sampling::Half));
    let to = |source: &Planes, width: u32, height: u32| {
        resample(source, Target { width, height, sampling: Sampling::Half }, Turn::default()).unwrap()
    };
    let direct = to(&source, 200, 150);
    let by_steps = to(&to(&source, 800, 600), 200, 150);
    for (direct, by_steps) in direct.planes.iter().zip(&by_steps.planes) {
        assert!(between(direct, by_steps).psnr() > 45.0, "{}", between(direct, by_steps).psnr());
    }
}
