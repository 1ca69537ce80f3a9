//! Colours of a profile to sRGB, by the `moxcms` library: where that is asked for, and always from colours for
//! print, of which every screen and every JPEG of three colours knows nothing.

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::carry::Samples;
use super::raster::{Raster, zeroed};
use super::{ImageError, Limits};

/// Bytes of a pixel of cyan, magenta, yellow and black.
const CMYK_BYTES: usize = 4;
const RGB_BYTES: usize = 3;

/// A way from a profile's colours to those of sRGB.
pub(super) struct ToSrgb {
    from: DataColorSpace,
    transform: std::sync::Arc<Transform8BitExecutor>,
}

impl ToSrgb {
    /// `None` for a profile that is none, or of colours other than RGB and CMYK.
    pub(super) fn from_profile(profile: &[u8]) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let from = profile.color_space;
        let layout = match from {
            DataColorSpace::Rgb => Layout::Rgb,
            // Cyan, magenta, yellow and black stand where red, green, blue and alpha do.
            DataColorSpace::Cmyk => Layout::Rgba,
            _ => return None,
        };
        let srgb = ColorProfile::new_srgb();
        let transform =
            profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default());
        Some(Self { from, transform: transform.ok()? })
    }

    pub(super) fn is_from_print(&self) -> bool {
        self.from == DataColorSpace::Cmyk
    }

    /// Converts pixels of red, green and blue in place.
    pub(super) fn convert(&self, raster: &mut Raster) -> Result<(), ImageError> {
        if raster.samples != Samples::Rgb {
            return Ok(());
        }
        let row_bytes = raster.width as usize * RGB_BYTES;
        let mut before = zeroed(row_bytes as u64)?;
        for row in raster.data.chunks_exact_mut(row_bytes) {
            before.copy_from_slice(row);
            self.transform.transform(&before, row).map_err(refused)?;
        }
        Ok(())
    }

    /// Decodes a JPEG of four colours, whose samples say how much ink is missing, as all programs have written
    /// them since Adobe's did.
    pub(super) fn decode_print(&self, bytes: &[u8], limits: &Limits) -> Result<Raster, ImageError> {
        let damaged = |error: zune_jpeg::errors::DecodeErrors| ImageError::Corrupt {
            format: super::PictureFormat::Jpeg,
            found: format!("the decoder refused it ({error})"),
        };
        let edge = limits.max_edge_px as usize;
        let options = DecoderOptions::default().set_max_width(edge).set_max_height(edge);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().map_err(damaged)?;
        let unknown = ImageError::UnsupportedFormat { what: "A JPEG of this colour model" };
        let (Some(space), Some((width, height))) = (decoder.input_colorspace(), decoder.dimensions()) else {
            return Err(unknown);
        };
        if !matches!(space, ColorSpace::CMYK | ColorSpace::YCCK) {
            return Err(unknown);
        }
        decoder.set_options(options.jpeg_set_out_colorspace(space));
        let mut data = zeroed((width * height * CMYK_BYTES) as u64)?;
        decoder.decode_into(&mut data).map_err(damaged)?;
        let mut inks = zeroed((width * CMYK_BYTES) as u64)?;
        let mut colours = zeroed((width * RGB_BYTES) as u64)?;
        for row in 0..height {
            let stored = data.get(row * inks.len()..).and_then(|data| data.get(..inks.len()));
            for (ink, stored) in
                inks.chunks_exact_mut(CMYK_BYTES).zip(stored.unwrap_or_default().chunks_exact(CMYK_BYTES))
            {
                if let ([c, m, y, k], &[first, second, third, black]) = (ink, stored) {
                    let missing = if space == ColorSpace::YCCK {
                        rgb_of([first, second, third]).map(|sample| 255 - sample)
                    } else {
                        [first, second, third]
                    };
                    [*c, *m, *y] = missing.map(|sample| 255 - sample);
                    *k = 255 - black;
                }
            }
            self.transform.transform(&inks, &mut colours).map_err(refused)?;
            // Three bytes take the place of four that were read before.
            if let Some(place) = data.get_mut(row * colours.len()..(row + 1) * colours.len()) {
                place.copy_from_slice(&colours);
            }
        }
        data.truncate(width * height * RGB_BYTES);
        Ok(Raster { width: width as u32, height: height as u32, samples: Samples::Rgb, data })
    }
}

fn refused(error: moxcms::CmsError) -> ImageError {
    ImageError::Failed { stage: "converted to sRGB", reason: error.to_string() }
}

/// JFIF 1.02, "conversion to and from RGB".
fn rgb_of([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let (luma, blue, red) = (f32::from(luma), f32::from(blue) - 128.0, f32::from(red) - 128.0);
    [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue]
        .map(|sample| (sample + 0.5).clamp(0.0, 255.0) as u8)
}
