//! Decoding with the `image` crate, never with Windlass's own pipeline.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};

/// A decoded file, upright.
pub struct Decoded {
    pixels: RgbImage,
    /// Width and height before it was turned.
    pub stored: (u32, u32),
}

/// Red, green and blue, sRGB-encoded, from 0 to 1.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f32; 3]>,
}

/// Decodes a file with all of its chroma and turns it upright.
pub fn decode(path: &Path) -> Result<Decoded> {
    let unusable = || format!("{} cannot be decoded", path.display());
    let reader = ImageReader::open(path).with_context(unusable)?.with_guessed_format()?;
    let mut decoder = reader.into_decoder().with_context(unusable)?;
    let stored = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder).with_context(unusable)?;
    pixels.apply_orientation(orientation);
    Ok(Decoded { pixels: pixels.into_rgb8(), stored })
}

impl Decoded {
    pub fn size(&self) -> (u32, u32) {
        self.pixels.dimensions()
    }

    pub fn into_picture(self) -> Picture {
        let (width, height) = self.size();
        let pixels = self.pixels.pixels().map(|pixel| pixel.0.map(|level| f32::from(level) / 255.0));
        Picture { width: width as usize, height: height as usize, pixels: pixels.collect() }
    }

    /// The same, as the plain numbers that the resizer takes.
    pub fn numbers(&self) -> Vec<f32> {
        self.pixels.as_raw().iter().map(|level| f32::from(*level) / 255.0).collect()
    }
}
