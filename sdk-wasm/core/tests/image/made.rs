//! Photos made here, and what the tests ask of the pipeline again and again.

use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use windlass_core::image::{
    ColorPolicy, EncodedImage, ImageError, Limits, MetadataPolicy, ResizeOptions, ResizeOutcome,
    VariantOptions, resize_photo,
};

use crate::exif_block::{CameraNotes, exif_block};
use crate::scene;

/// How a photo is stored.
#[derive(Debug, Clone)]
pub struct JpegForm {
    pub sampling: SamplingFactor,
    pub progressive: bool,
    /// Tables of its own, and one scan per component.
    pub optimized: bool,
    pub restart_interval: u16,
}

impl Default for JpegForm {
    fn default() -> Self {
        Self { sampling: SamplingFactor::F_2_2, progressive: false, optimized: false, restart_interval: 0 }
    }
}

/// What a phone would have noted.
pub fn notes(width: u32, height: u32, orientation: u8) -> CameraNotes {
    CameraNotes {
        make: "Windlass".into(),
        model: "Test Camera".into(),
        orientation: u16::from(orientation),
        width,
        height,
        taken: Some("2026-11-21T09:12:58.120".into()),
        offset: Some("+01:00".into()),
        latitude_longitude: Some((47.4979, 19.0402)),
        altitude_m: Some(102.5),
        thumbnail: Some(jpeg(32, 24, 1, &JpegForm::default(), None, None)),
    }
}

/// A photo of the house, stored so that `orientation` turns it upright.
pub fn jpeg(
    width: u32,
    height: u32,
    orientation: u8,
    form: &JpegForm,
    exif: Option<&[u8]>,
    icc: Option<&[u8]>,
) -> Vec<u8> {
    let pixels = scene::stored_pixels(width, height, orientation, 1, 6.0);
    encode(&pixels, (width, height), form, exif, icc)
}

/// A file of these pixels and nothing else.
pub fn jpeg_of(pixels: &[u8], width: u32, height: u32, form: &JpegForm) -> Vec<u8> {
    encode(pixels, (width, height), form, None, None)
}

fn encode(
    pixels: &[u8],
    (width, height): (u32, u32),
    form: &JpegForm,
    exif: Option<&[u8]>,
    icc: Option<&[u8]>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_sampling_factor(form.sampling);
    encoder.set_progressive(form.progressive);
    encoder.set_optimized_huffman_tables(form.optimized);
    if form.restart_interval > 0 {
        encoder.set_restart_interval(form.restart_interval);
    }
    if let Some(exif) = exif {
        encoder.add_exif_metadata(exif).unwrap();
    }
    if let Some(icc) = icc {
        encoder.add_icc_profile(icc).unwrap();
    }
    encoder.encode(pixels, width as u16, height as u16, ColorType::Rgb).unwrap();
    bytes
}

/// The same with the notes of a phone.
pub fn phone_photo(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let exif = exif_block(&notes(width, height, orientation));
    jpeg(width, height, orientation, &JpegForm::default(), Some(&exif), None)
}

/// The house, upright, as pixels.
pub fn pixels(width: u32, height: u32) -> RgbImage {
    RgbImage::from_raw(width, height, scene::stored_pixels(width, height, 1, 1, 6.0)).unwrap()
}

/// A picture as a file of a lossless format.
pub fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Options for variants of these longest edges, named by them.
pub fn options(max_edges: &[u32], quality: f32) -> ResizeOptions {
    let variant = |edge: &u32| VariantOptions { name: format!("web_{edge}"), max_edge: *edge, quality };
    ResizeOptions {
        variants: max_edges.iter().map(variant).collect(),
        metadata: MetadataPolicy::Keep,
        color: ColorPolicy::Keep,
    }
}

/// Resizes under the default limits.
pub fn resize(bytes: &[u8], options: &ResizeOptions) -> Result<ResizeOutcome, ImageError> {
    resize_photo(bytes, options, &Limits::default())
}

/// One variant at high quality.
pub fn one(bytes: &[u8], max_edge: u32) -> EncodedImage {
    resize(bytes, &options(&[max_edge], 0.95)).unwrap().images.remove(0)
}

/// The pixels of an image that was made.
pub fn decoded(image: &EncodedImage) -> RgbImage {
    let picture = image::load_from_memory(&image.bytes).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (image.width, image.height), "what is said of {} is true", image.name);
    picture
}

/// Peak signal to noise ratio in decibels.
pub fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}
