//! The picture that all are compared with: the photo decoded with all of its chroma, turned upright and
//! resized by `fast_image_resize` with Lanczos3 in 32-bit floating point, on the sRGB-encoded values as
//! everybody does it. It is never rounded to eight bits and never encoded.

use anyhow::{Result, ensure};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::picture::{Decoded, Picture};

/// The photo at `size`, which must have its shape.
pub fn resized(photo: &Decoded, size: (u32, u32)) -> Result<Picture> {
    let (width, height) = photo.size();
    let stretch = f64::from(size.0) / f64::from(width) * f64::from(height) / f64::from(size.1);
    ensure!(
        (stretch - 1.0).abs() < 0.01,
        "{} × {} is no resize of {width} × {height}: is it turned?",
        size.0,
        size.1
    );
    let pixels: Vec<F32x3> =
        photo.numbers().chunks_exact(3).map(|rgb| F32x3::new([rgb[0], rgb[1], rgb[2]])).collect();
    let from = TypedImageRef::new(width, height, &pixels)?;
    let mut to = TypedImage::<F32x3>::new(size.0, size.1);
    let lanczos = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize_typed(&from, &mut to, &lanczos)?;
    let pixels = to.pixels().iter().map(|pixel| pixel.0.map(|level| level.clamp(0.0, 1.0)));
    Ok(Picture { width: size.0 as usize, height: size.1 as usize, pixels: pixels.collect() })
}
