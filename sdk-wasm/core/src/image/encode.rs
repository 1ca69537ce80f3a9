//! Encoding as baseline JPEG, 4:2:0, with what is carried over from the original.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::ImageError;
use super::carry::Carried;
use super::raster::{Raster, Samples};

/// The media type of what is made.
pub(super) const CONTENT_TYPE: &str = "image/jpeg";

/// The picture as a file. `quality` is 0 to 1.
pub(super) fn encode(picture: &Raster, quality: f32, carried: &Carried) -> Result<Vec<u8>, ImageError> {
    let failed = |reason: String| ImageError::Failed { stage: "encoded", reason };
    let side = |pixels: u32| u16::try_from(pixels).map_err(|error| failed(error.to_string()));
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let color = match picture.samples {
        Samples::Grey => ColorType::Luma,
        Samples::Rgb => ColorType::Rgb,
    };
    let percent = (quality * 100.0).round().clamp(1.0, 100.0) as u8;
    let mut bytes = Vec::with_capacity(picture.data.len() / 8);
    let mut encoder = Encoder::new(&mut bytes, percent);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // The encoder's default takes one of four pixels, which makes coloured edges jagged.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if let Some(exif) = &carried.exif {
        encoder.add_exif_metadata(exif).map_err(|error| failed(error.to_string()))?;
    }
    if let Some(icc) = &carried.icc {
        encoder.add_icc_profile(icc).map_err(|error| failed(error.to_string()))?;
    }
    encoder.encode(&picture.data, width, height, color).map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}
