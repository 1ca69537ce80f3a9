//! A small original whose own picture is used: never larger, never worse.
//!
//! A picture that is upright and already of the size wanted gains nothing by being encoded again. Its own data
//! is used where it takes no more bytes than images of the wanted quality typically do, or fewer than what was
//! made of it. Where its metadata is to stay the file goes unchanged; else it is written around the same data.

use super::carry::Carried;
use super::jpeg::{Frame, with_exif_only};
#[cfg(feature = "codecs")]
use super::png_chunks::has;
use super::{ImageError, PictureFormat};
#[cfg(feature = "codecs")]
use crate::metadata::extract_icc;

/// Bytes per pixel of our own images by quality: medians over the real photos of the corpora at 1,280 pixels.
const TYPICAL: [(f32, f32); 10] = [
    (0.3, 0.075),
    (0.5, 0.104),
    (0.6, 0.119),
    (0.7, 0.143),
    (0.75, 0.158),
    (0.8, 0.181),
    (0.85, 0.212),
    (0.9, 0.264),
    (0.95, 0.377),
    (1.0, 0.758),
];

/// An original that browsers show as it is: a still JPEG, PNG or WebP, not in colours for print.
pub(super) struct AsItIs<'a> {
    bytes: &'a [u8],
    format: PictureFormat,
}

impl<'a> AsItIs<'a> {
    /// `None` where the file has to be decoded to be shown.
    #[cfg(feature = "codecs")]
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let format = PictureFormat::of(bytes).ok()?;
        let is_still = match format {
            PictureFormat::Jpeg => return Self::of_jpeg(bytes),
            // Whoever decodes it may choke on a damaged profile, or on text that inflates to gigabytes.
            PictureFormat::Png => {
                !has(bytes, &[b"acTL", b"zTXt", b"iTXt"])
                    && (!has(bytes, &[b"iCCP"]) || extract_icc(bytes).is_some())
            }
            PictureFormat::WebP => !super::webp_metadata::is_animated(bytes),
            _ => false,
        };
        is_still.then_some(Self { bytes, format })
    }

    /// As `of` what is known to be a JPEG: four components are colours for print.
    pub(super) fn of_jpeg(bytes: &'a [u8]) -> Option<Self> {
        let is_shown = Frame::of(bytes).ok()?.components.len() < 4;
        is_shown.then_some(Self { bytes, format: PictureFormat::Jpeg })
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self.format {
            PictureFormat::Png => "image/png",
            PictureFormat::WebP => "image/webp",
            _ => "image/jpeg",
        }
    }

    /// Whether encoding at this quality would hardly make the file smaller.
    pub(super) fn is_small_for(&self, quality: f32, (width, height): (u32, u32)) -> bool {
        self.bytes.len() as f32 <= typical_bytes_per_pixel(quality) * width as f32 * height as f32
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The file as it is.
    pub(super) fn unchanged(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// The same picture with this EXIF block and its own colour profile, and no other metadata.
    ///
    /// # Errors
    /// When it cannot be written without being encoded again.
    pub(super) fn carrying(&self, carried: &Carried) -> Result<Vec<u8>, ImageError> {
        match self.format {
            #[cfg(feature = "codecs")]
            PictureFormat::Png => super::png_chunks::with_exif_only(self.bytes, carried.exif.as_deref()),
            #[cfg(feature = "codecs")]
            PictureFormat::WebP => super::webp_metadata::webp_with_metadata(
                self.bytes,
                carried.exif.as_deref(),
                carried.icc.as_deref(),
            ),
            _ => with_exif_only(self.bytes, carried.exif.as_deref()),
        }
    }
}

/// Between those measured, in proportion.
fn typical_bytes_per_pixel(quality: f32) -> f32 {
    let mut lower = (0.0, TYPICAL[0].1);
    for upper in TYPICAL {
        if quality <= upper.0 {
            let share = (quality - lower.0) / (upper.0 - lower.0);
            return lower.1 + share * (upper.1 - lower.1);
        }
        lower = upper;
    }
    lower.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typical_grows_with_the_quality() {
        let typical: Vec<f32> = (0_u8..=20).map(|n| typical_bytes_per_pixel(f32::from(n) / 20.0)).collect();
        assert!(typical.is_sorted(), "{typical:?}");
        assert!((typical_bytes_per_pixel(0.8) - 0.181).abs() < 1e-6);
        assert_eq!((typical[0], typical[20]), (0.075, 0.758));
    }
}
