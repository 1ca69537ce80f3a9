//! What a caller asks of the image pipeline, and what it gives back.

use serde::{Deserialize, Serialize};
use windlass_protocol::metadata::MetadataWarning;

use super::{ImageError, PictureFormat};

/// What to make of one photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct ResizeOptions {
    /// The images wanted, at least one; all come from one decode.
    pub variants: Vec<VariantOptions>,
    /// What of the original's metadata the images carry. `keep` when absent.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<MetadataPolicy>"))]
    pub metadata: MetadataPolicy,
    /// What colours the images are in. `keep` when absent.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<ColorPolicy>"))]
    pub color: ColorPolicy,
}

impl ResizeOptions {
    /// Refuses what cannot be made.
    pub(super) fn check(&self) -> Result<(), ImageError> {
        let refuse = |reason: String| Err(ImageError::InvalidOptions { reason });
        if self.variants.is_empty() {
            return refuse("No image was asked for: give at least one variant.".to_owned());
        }
        for VariantOptions { name, max_edge, quality } in &self.variants {
            if *max_edge == 0 {
                return refuse(format!("The variant “{name}” has max_edge 0: give at least 1 pixel."));
            }
            if !(0.0..=1.0).contains(quality) {
                return refuse(format!("The quality of the variant “{name}” is out of range: give 0 to 1."));
            }
        }
        Ok(())
    }
}

/// One image wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct VariantOptions {
    /// `thumb_200`, `web_1920` …
    pub name: String,
    /// The longer edge in pixels; a smaller photo is not enlarged.
    pub max_edge: u32,
    /// JPEG quality from 0 to 1, 0.8 when absent.
    #[serde(default = "default_quality")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<f32>"))]
    pub quality: f32,
}

impl VariantOptions {
    /// The quality when none is said.
    pub const DEFAULT_QUALITY: f32 = 0.8;
}

fn default_quality() -> f32 {
    VariantOptions::DEFAULT_QUALITY
}

/// What of the original's metadata an image carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum MetadataPolicy {
    /// EXIF with orientation reset to 1 and new dimensions, and the colour profile.
    #[default]
    Keep,
    /// As `keep`, without the GPS IFD.
    StripLocation,
    /// The colour profile only.
    Strip,
}

/// The colours of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum ColorPolicy {
    /// The original's, with its profile: Display P3 stays Display P3. Only colours for print become sRGB.
    #[default]
    Keep,
    /// sRGB, without a profile: for programs that know of no other colours.
    Srgb,
}

/// The images made of one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct ResizeOutcome {
    /// In the order asked for.
    pub images: Vec<EncodedImage>,
    /// What was odd about the photo.
    pub warnings: Vec<MetadataWarning>,
}

/// What the fast path made of a photo.
#[derive(Debug, Clone, PartialEq)]
pub enum FastOutcome {
    /// The images.
    Made(ResizeOutcome),
    /// Nothing: the picture needs the general path.
    NeedsCodecs(PictureFormat),
}

/// One encoded image, upright.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedImage {
    /// As asked for.
    pub name: String,
    /// Its media type: `image/jpeg`, unless the original was passed through.
    pub content_type: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
    /// Whether this is the original's own picture, not encoded again: it was upright and of this size already, and
    /// encoding would have made it larger, or hardly smaller. With `keep` these are the original's bytes; else all
    /// metadata but what the policy leaves was taken out of them.
    pub passed_through: bool,
}
