//! Multi-scale structural dissimilarity, written from the papers.
//!
//! Per scale, both pictures become L* ([`lightness`]); means, variances and the covariance are taken under
//! a Gaussian of σ 1.5 over 11 × 11 samples; SSIM with K₁ 0.01 and K₂ 0.03 is computed at every pixel
//! (Wang, Bovik, Sheikh, Simoncelli: "Image Quality Assessment: From Error Visibility to Structural
//! Similarity", 2004) and averaged over the picture. The next scale is half as large, by means of 2 × 2
//! pixels in linear light. The five scales are added with the weights of "Multiscale Structural Similarity
//! for Image Quality Assessment" (Wang, Simoncelli, Bovik, 2003), and DSSIM is 1 / SSIM − 1.
//!
//! Colour is not judged: everybody encodes it at half the size, and what that loses of a photo's noise
//! is alike for all and would hide what differs.

use crate::lightness::{light, lightness};
use crate::picture::Picture;

/// From the finest scale to the coarsest; they add up to one.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
const C1: f32 = 0.01 * 0.01;
const C2: f32 = 0.03 * 0.03;
const SIGMA: f32 = 1.5;
const RADIUS: usize = 5;

/// Zero for equal pictures. Both must have the same size.
pub fn difference(one: &Picture, other: &Picture) -> f64 {
    let (mut one, mut other) = (Linear::of(one), Linear::of(other));
    let mut ssim = 0.0;
    let mut weights = 0.0;
    for weight in WEIGHTS {
        if one.width <= 2 * RADIUS || one.height <= 2 * RADIUS {
            break;
        }
        ssim += weight * similarity(&one, &other);
        weights += weight;
        (one, other) = (one.halved(), other.halved());
    }
    weights / ssim - 1.0
}

/// Red, green and blue in linear light.
struct Linear {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

impl Linear {
    fn of(picture: &Picture) -> Self {
        let pixels = picture.pixels.iter().map(|pixel| pixel.map(light)).collect();
        Self { width: picture.width, height: picture.height, pixels }
    }

    /// Half as large; a last odd row or column is left out.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        for rows in self.pixels.chunks_exact(2 * self.width) {
            let (upper, lower) = rows.split_at(self.width);
            for (above, below) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
                let mean = |channel: usize| {
                    let four = above.iter().chain(below).map(|pixel| pixel[channel]);
                    four.sum::<f32>() / 4.0
                };
                pixels.push([mean(0), mean(1), mean(2)]);
            }
        }
        Self { width, height, pixels }
    }

    fn lightness(&self) -> Vec<f32> {
        self.pixels.iter().map(|pixel| lightness(*pixel)).collect()
    }
}

/// The mean SSIM of one scale.
fn similarity(one: &Linear, other: &Linear) -> f64 {
    let size = (one.width, one.height);
    let [x, y] = [one, other].map(Linear::lightness);
    let product = |a: &[f32], b: &[f32]| blurred(a.iter().zip(b).map(|(a, b)| a * b).collect(), size);
    let (xx, yy, xy) = (product(&x, &x), product(&y, &y), product(&x, &y));
    let (mx, my) = (blurred(x, size), blurred(y, size));
    let count = mx.len();
    let means = mx.into_iter().zip(my);
    let products = xx.into_iter().zip(yy).zip(xy);
    let total: f64 = means
        .zip(products)
        .map(|((mx, my), ((xx, yy), xy))| {
            let mean = (2.0 * mx * my + C1) / (mx * mx + my * my + C1);
            let (variances, covariance) = (xx - mx * mx + yy - my * my, xy - mx * my);
            f64::from(mean * (2.0 * covariance + C2) / (variances + C2))
        })
        .sum();
    total / count as f64
}

/// Under the Gaussian, which is cut off and renormalised at the edges of the picture.
fn blurred(samples: Vec<f32>, (width, height): (usize, usize)) -> Vec<f32> {
    let kernel: Vec<f32> = (0..=2 * RADIUS)
        .map(|index| {
            let distance = index as f32 - RADIUS as f32;
            (-distance * distance / (2.0 * SIGMA * SIGMA)).exp()
        })
        .collect();
    let mut across = vec![0.0; samples.len()];
    for (row, blurred) in samples.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (x, place) in blurred.iter_mut().enumerate() {
            let first = x.saturating_sub(RADIUS);
            let end = (x + RADIUS + 1).min(width);
            let weights = &kernel[first + RADIUS - x..];
            let (sum, total) = row[first..end]
                .iter()
                .zip(weights)
                .fold((0.0, 0.0), |(sum, total), (sample, weight)| (sum + sample * weight, total + weight));
            *place = sum / total;
        }
    }
    let mut both = vec![0.0; samples.len()];
    for (y, blurred) in both.chunks_exact_mut(width).enumerate() {
        let (first, end) = (y.saturating_sub(RADIUS), (y + RADIUS + 1).min(height));
        let total: f32 = kernel[first + RADIUS - y..end + RADIUS - y].iter().sum();
        for line in first..end {
            let weight = kernel[line + RADIUS - y] / total;
            for (place, sample) in blurred.iter_mut().zip(&across[line * width..]) {
                *place += sample * weight;
            }
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(width: usize, height: usize, error: f32) -> Picture {
        let level = |index: usize| {
            let (x, y) = ((index % width) as f32, (index / width) as f32);
            let wave = 0.5 + 0.3 * (x / 3.0).sin() * (y / 5.0).cos();
            let noise = if (index * 7919) % 13 < 6 { error } else { -error };
            [wave + noise, wave, 0.9 - wave / 2.0]
        };
        Picture { width, height, pixels: (0..width * height).map(level).collect() }
    }

    #[test]
    fn equal_pictures_do_not_differ_and_more_noise_differs_more() {
        let clean = waves(200, 180, 0.0);
        assert!(difference(&clean, &waves(200, 180, 0.0)).abs() < 1e-5);
        let [little, much] = [0.01, 0.05].map(|error| difference(&clean, &waves(200, 180, error)));
        assert!(little > 1e-5 && much > 4.0 * little, "{little} {much}");
    }

    #[test]
    fn a_constant_picture_stays_what_it_is_under_the_blur() {
        let blurred = blurred(vec![0.7; 40 * 30], (40, 30));
        assert!(blurred.iter().all(|sample| (sample - 0.7).abs() < 1e-5));
    }

    #[test]
    fn the_weights_add_up_to_one() {
        assert!((WEIGHTS.iter().sum::<f64>() - 1.0).abs() < 1e-3);
    }
}
