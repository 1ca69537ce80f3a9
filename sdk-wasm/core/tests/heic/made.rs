//! HEIC photos made here, and what the tests ask of the decoder again and again.

use image::{ImageFormat, RgbImage};
use windlass_core::image::{
    ColorPolicy, EncodedImage, ImageError, Limits, MetadataPolicy, ResizeOptions, ResizeOutcome,
    VariantOptions, resize_heic,
};

use crate::exif_block::{CameraNotes, exif_block};
use crate::heic_file::{HeicForm, heic};
use crate::scene;

/// What a phone would have noted; EXIF may contradict the container.
pub fn exif(width: u32, height: u32, orientation: u16) -> Vec<u8> {
    exif_block(&CameraNotes {
        make: "Windlass".into(),
        model: "Test Camera".into(),
        orientation,
        width,
        height,
        taken: Some("2026-11-21T09:12:58.120".into()),
        offset: Some("+01:00".into()),
        latitude_longitude: Some((47.4979, 19.0402)),
        altitude_m: Some(102.5),
        thumbnail: None,
    })
}

/// The house, stored so that `orientation` turns it upright, as opaque RGBA.
pub fn pixels(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let stored = scene::stored_pixels(width, height, orientation, 1, 6.0);
    stored.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect()
}

/// A photo of the house, upright as stored.
pub fn photo(width: u32, height: u32, form: &HeicForm) -> Vec<u8> {
    heic(&pixels(width, height, 1), width, height, form).unwrap()
}

/// Of high quality, and nothing else.
pub fn plain() -> HeicForm {
    HeicForm { quality: 90, ..HeicForm::default() }
}

/// Options for variants of these longest edges.
pub fn options(max_edges: &[u32]) -> ResizeOptions {
    let variant = |edge: &u32| VariantOptions { name: format!("web_{edge}"), max_edge: *edge, quality: 0.95 };
    ResizeOptions {
        variants: max_edges.iter().map(variant).collect(),
        metadata: MetadataPolicy::Keep,
        color: ColorPolicy::Keep,
    }
}

/// Resizes under the default limits.
pub fn resize(bytes: &[u8], max_edges: &[u32]) -> Result<ResizeOutcome, ImageError> {
    resize_heic(bytes, &options(max_edges), &Limits::default())
}

/// One image at high quality.
pub fn one(bytes: &[u8], max_edge: u32) -> EncodedImage {
    resize(bytes, &[max_edge]).unwrap().images.remove(0)
}

/// The pixels of an image that was made.
pub fn decoded(image: &EncodedImage) -> RgbImage {
    let picture = image::load_from_memory_with_format(&image.bytes, ImageFormat::Jpeg).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (image.width, image.height), "what is said of {} is true", image.name);
    picture
}

/// Peak signal to noise ratio in decibels.
pub fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}
