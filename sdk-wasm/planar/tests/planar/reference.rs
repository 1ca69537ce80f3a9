//! What others make of a file, and how far two pictures are apart.

use windlass_planar::{Plane, Planes};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A picture's channels at full size, by zune-jpeg: Y alone, or Y, Cb and Cr.
pub struct Reference {
    pub width: usize,
    pub height: usize,
    pub channels: Vec<Vec<u8>>,
}

/// Decodes with zune-jpeg, without conversion to RGB.
pub fn zune(bytes: &[u8]) -> Result<Reference, String> {
    let grey = components(bytes) == Some(1);
    let space = if grey { ColorSpace::Luma } else { ColorSpace::YCbCr };
    let options = DecoderOptions::default().jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("no dimensions")?;
    let count = if grey { 1 } else { 3 };
    if pixels.len() != width * height * count {
        return Err(format!("{} bytes for {width} × {height}", pixels.len()));
    }
    let channel = |index: usize| pixels.iter().skip(index).step_by(count).copied().collect();
    Ok(Reference { width, height, channels: (0..count).map(channel).collect() })
}

/// How many components the first frame header tells of.
fn components(bytes: &[u8]) -> Option<u8> {
    windlass_planar::Header::parse(bytes).ok().and_then(|header| {
        let scales = header.scales_for(1, 1, windlass_planar::Sampling::Full);
        u8::try_from(scales.len()).ok()
    })
}

/// Squared differences, the largest difference and how many were compared.
#[derive(Debug, Default, Clone, Copy)]
pub struct Distance {
    squares: f64,
    count: f64,
    pub largest: u8,
}

impl Distance {
    pub fn add(&mut self, a: u8, b: u8) {
        let difference = a.abs_diff(b);
        self.squares += f64::from(difference).powi(2);
        self.count += 1.0;
        self.largest = self.largest.max(difference);
    }

    /// Peak signal-to-noise ratio in decibels; 99 for equal pictures.
    pub fn psnr(&self) -> f64 {
        let mean = self.squares / self.count.max(1.0);
        if mean == 0.0 { 99.0 } else { 10.0 * (255.0 * 255.0 / mean).log10() }
    }
}

/// Between planes of the same size.
pub fn between(a: &Plane, b: &Plane) -> Distance {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let mut distance = Distance::default();
    for y in 0..a.height {
        for (a, b) in a.row(y).iter().zip(b.row(y)) {
            distance.add(*a, *b);
        }
    }
    distance
}

/// Between a plane and a channel at full size: where the plane is smaller, the samples between its own
/// are interpolated, as zune-jpeg does.
pub fn to_channel(plane: &Plane, reference: &Reference, channel: usize) -> Distance {
    let mut distance = Distance::default();
    let ratio = (plane.extent.0 / reference.width as f64, plane.extent.1 / reference.height as f64);
    for y in 0..reference.height {
        let v = (y as f64 + 0.5) * ratio.1 - 0.5;
        for x in 0..reference.width {
            let u = (x as f64 + 0.5) * ratio.0 - 0.5;
            let sample = interpolated(plane, u, v);
            distance.add(sample, reference.channels[channel][y * reference.width + x]);
        }
    }
    distance
}

fn interpolated(plane: &Plane, u: f64, v: f64) -> u8 {
    let at = |x: f64, y: f64| {
        let x = (x.max(0.0) as usize).min(plane.width - 1);
        let y = (y.max(0.0) as usize).min(plane.height - 1);
        f64::from(plane.samples[y * plane.stride + x])
    };
    let (left, top) = (u.floor(), v.floor());
    let (right, lower) = (u - left, v - top);
    let upper_row = at(left, top) * (1.0 - right) + at(left + 1.0, top) * right;
    let lower_row = at(left, top + 1.0) * (1.0 - right) + at(left + 1.0, top + 1.0) * right;
    (upper_row * (1.0 - lower) + lower_row * lower).round() as u8
}

/// A picture as RGB pixels (JFIF), chroma interpolated.
pub fn to_rgb(picture: &Planes) -> Vec<u8> {
    let luma = &picture.planes[0];
    let mut pixels = Vec::new();
    for y in 0..luma.height {
        for x in 0..luma.width {
            let chroma = |index: usize| {
                let Some(plane) = picture.planes.get(index) else { return 0.0 };
                let u = (x as f64 + 0.5) * plane.extent.0 / luma.extent.0 - 0.5;
                let v = (y as f64 + 0.5) * plane.extent.1 / luma.extent.1 - 0.5;
                f64::from(interpolated(plane, u, v)) - 128.0
            };
            let (value, blue, red) = (f64::from(luma.row(y)[x]), chroma(1), chroma(2));
            let rgb = [value + 1.402 * red, value - 0.344_136 * blue - 0.714_136 * red, value + 1.772 * blue];
            pixels.extend(rgb.map(|value| value.round().clamp(0.0, 255.0) as u8));
        }
    }
    pixels
}
