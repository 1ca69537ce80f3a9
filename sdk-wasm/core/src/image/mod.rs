//! Photos decoded once, turned upright, resized to several variants and encoded.
//!
//! Baseline JPEGs, which is what phones make, come to planes by the `fast` path. What it hands on takes the
//! `general` one, which the cargo feature `codecs` adds, because the browser loads it only for a picture that
//! needs it: `decode` reads the header and later the pixels, `plan` decides sizes and memory in between,
//! `complete` refuses what is not all there, `convert` makes planes of the pixels. What a browser decodes
//! comes by `external`. From there on all go the same way: `variants` has them resampled, turned and encoded
//! by `windlass_planar`, with what `carry` keeps of what
//! the camera knew. The original's bytes are never altered.

mod as_it_is;
mod carry;
#[cfg(feature = "codecs")]
mod colour;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod complete;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod convert;
#[cfg(feature = "codecs")]
mod decode;
mod error;
#[cfg(feature = "pixels")]
mod external;
mod fast;
#[cfg(feature = "codecs")]
mod flatten;
mod format;
#[cfg(feature = "codecs")]
mod general;
#[cfg(feature = "heic")]
mod heic;
mod jpeg;
mod options;
mod plan;
#[cfg(feature = "codecs")]
mod png_chunks;
#[cfg(feature = "codecs")]
mod raster;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod riff;
mod srgb;
mod variants;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod webp_metadata;

pub use error::ImageError;
#[cfg(feature = "pixels")]
pub use external::{ExternalDecode, PixelImage};
pub use format::PictureFormat;
#[cfg(feature = "heic")]
pub use heic::resize_heic;
pub use options::{
    ColorPolicy, EncodedImage, FastOutcome, MetadataPolicy, ResizeOptions, ResizeOutcome, VariantOptions,
};
pub use plan::Limits;
#[cfg(feature = "pixels")]
pub use webp_metadata::webp_with_metadata;
pub use windlass_planar as planar;

use carry::Original;
#[cfg(feature = "codecs")]
use colour::ToSrgb;
use planar::{DecodeError, Header};
use variants::Variants;

/// Makes every variant of one photo, from one decode: by the fast path where it can, else by the general one.
///
/// Truncated and damaged files are refused, not re-encoded. Damaged metadata is a warning.
///
/// # Errors
/// [`ImageError`]; the original can always be uploaded as it is.
#[cfg(feature = "codecs")]
pub fn resize_photo(
    bytes: &[u8],
    options: &ResizeOptions,
    limits: &Limits,
) -> Result<ResizeOutcome, ImageError> {
    match resize_fast(bytes, options, limits)? {
        FastOutcome::Made(outcome) => Ok(outcome),
        #[cfg(feature = "heic")]
        FastOutcome::NeedsCodecs(PictureFormat::Heic) => resize_heic(bytes, options, limits),
        FastOutcome::NeedsCodecs(_) => resize_general(bytes, options, limits),
    }
}

/// The first half of [`resize_photo`]: makes the variants of a baseline JPEG, and tells of every other picture
/// that it needs the codecs, or the feature `heic`, and which format it has.
///
/// # Errors
/// As [`resize_photo`]; trying [`resize_general`] then is of no use.
pub fn resize_fast(
    bytes: &[u8],
    options: &ResizeOptions,
    limits: &Limits,
) -> Result<FastOutcome, ImageError> {
    options.check()?;
    let format = PictureFormat::of(bytes)?;
    if format != PictureFormat::Jpeg {
        return Ok(FastOutcome::NeedsCodecs(format));
    }
    let mut original = Original::read_jpeg(bytes);
    if options.color == ColorPolicy::Srgb && !original.drop_srgb_profile() {
        return Ok(FastOutcome::NeedsCodecs(format));
    }
    let decoded = fast::decode(bytes, options, limits)?;
    let Some((planes, targets)) = decoded else { return Ok(FastOutcome::NeedsCodecs(format)) };
    Variants::new(original, options.metadata, planes).make(&targets).map(FastOutcome::Made)
}

/// Whether [`resize_fast`] would hand this picture on, as far as its first bytes tell, so that the rest need not
/// be read for nothing: the format when it would.
///
/// # Errors
/// [`ImageError::UnsupportedFormat`] for what nothing here decodes.
pub fn needs_codecs(head: &[u8]) -> Result<Option<PictureFormat>, ImageError> {
    let format = PictureFormat::of(head)?;
    let handled = match format {
        PictureFormat::Jpeg => !matches!(Header::parse(head), Err(DecodeError::NotHandled(_))),
        _ => false,
    };
    Ok((!handled).then_some(format))
}

/// The second half of [`resize_photo`], for what [`resize_fast`] handed on, but for HEIC, which takes the
/// feature `heic`, and AVIF, which only browsers decode. Slower, and takes several times the memory.
///
/// # Errors
/// As [`resize_photo`].
#[cfg(feature = "codecs")]
pub fn resize_general(
    bytes: &[u8],
    options: &ResizeOptions,
    limits: &Limits,
) -> Result<ResizeOutcome, ImageError> {
    options.check()?;
    let mut original = Original::read(bytes);
    let wants_srgb = options.color == ColorPolicy::Srgb && !original.drop_srgb_profile();
    let format = PictureFormat::of(bytes)?;
    let profile = original.profile().and_then(ToSrgb::from_profile);
    let is_for_print = profile.as_ref().is_some_and(ToSrgb::is_from_print);
    let conversion =
        profile.filter(|_| if is_for_print { is_jpeg_of_inks(bytes, format) } else { wants_srgb });
    let converted = conversion.is_some();
    let (planes, targets) = general::decode(bytes, format, options, limits, conversion)?;
    if converted {
        original.was_converted();
    } else if wants_srgb || is_for_print {
        original.warn_of_its_colours();
    }
    Variants::new(original, options.metadata, planes).make(&targets)
}

/// Whether a profile for print can be used: what decodes other formats gives no inks.
#[cfg(feature = "codecs")]
fn is_jpeg_of_inks(bytes: &[u8], format: PictureFormat) -> bool {
    format == PictureFormat::Jpeg && jpeg::Frame::of(bytes).is_ok_and(|frame| frame.components.len() == 4)
}
