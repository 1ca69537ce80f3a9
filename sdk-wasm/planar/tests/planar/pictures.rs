//! Pictures made here: smooth areas, edges and texture, and files of them by another encoder.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use windlass_planar::{Plane, Planes, Sampling};

/// A sequence that looks random and is always the same (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Something like a photo, as a function of place (0 to 1) for one of three channels.
fn value(x: f64, y: f64, channel: usize) -> f64 {
    let shift = channel as f64 * 0.7;
    let sky = 90.0 + 70.0 * y + 30.0 * (x * 3.0 + shift).sin();
    let texture = 25.0 * (x * 40.0 + shift).sin() * (y * 31.0).cos();
    let disc = if (x - 0.6).hypot(y - 0.4) < 0.22 { 60.0 - 40.0 * shift } else { 0.0 };
    (sky + texture + disc).clamp(0.0, 255.0)
}

/// Pixels of three bytes, with a little noise.
pub fn rgb(width: usize, height: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let noise = (random.next() % 9) as f64 - 4.0;
                let place = ((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64);
                pixels.push((value(place.0, place.1, channel) + noise).clamp(0.0, 255.0) as u8);
            }
        }
    }
    pixels
}

/// The same scene as planes.
pub fn planes(width: usize, height: usize, sampling: Option<Sampling>) -> Planes {
    let count = if sampling.is_some() { 3 } else { 1 };
    let planes = (0..count).map(|index| {
        let divisor = if index == 0 { 1 } else { sampling.unwrap_or(Sampling::Full).divisor() };
        let mut plane = Plane::new(width.div_ceil(divisor), height.div_ceil(divisor)).unwrap();
        plane.extent = (width as f64 / divisor as f64, height as f64 / divisor as f64);
        let (columns, stride) = (plane.width, plane.stride);
        for (y, row) in plane.samples.chunks_exact_mut(stride).enumerate().take(plane.height) {
            for (x, sample) in row.iter_mut().enumerate().take(columns) {
                let place = ((x as f64 + 0.5) / plane.extent.0, (y as f64 + 0.5) / plane.extent.1);
                *sample = value(place.0, place.1, index) as u8;
            }
        }
        plane
    });
    Planes { width: width as u32, height: height as u32, planes: planes.collect() }
}

/// How jpeg-encoder is to encode.
#[derive(Debug, Clone, Copy)]
pub struct Coding {
    pub sampling: SamplingFactor,
    pub quality: u8,
    pub restart_interval: u16,
    pub optimised: bool,
    pub progressive: bool,
    pub grey: bool,
}

impl Default for Coding {
    fn default() -> Self {
        Self {
            sampling: SamplingFactor::F_2_2,
            quality: 85,
            restart_interval: 0,
            optimised: false,
            progressive: false,
            grey: false,
        }
    }
}

pub fn jpeg(width: usize, height: usize, coding: Coding) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, coding.quality);
    encoder.set_sampling_factor(coding.sampling);
    if coding.restart_interval > 0 {
        encoder.set_restart_interval(coding.restart_interval);
    }
    encoder.set_optimized_huffman_tables(coding.optimised);
    encoder.set_progressive(coding.progressive);
    let pixels = rgb(width, height, (width * 1000 + height) as u64);
    let (pixels, kind) = if coding.grey {
        (pixels.chunks_exact(3).map(|pixel| pixel[1]).collect(), ColorType::Luma)
    } else {
        (pixels, ColorType::Rgb)
    };
    encoder.encode(&pixels, width as u16, height as u16, kind).unwrap();
    file
}
