//! Photos decoded once, turned upright, resized to several variants and encoded.
//!
//! The rooms are the stages: [`format`](PictureFormat) tells what the bytes are, `decode` reads the
//! header and later the pixels, `plan` decides sizes and memory in between, `complete` refuses what is
//! not all there, `convert` makes planes of the pixels. Baseline JPEGs, which is what phones make, come
//! to planes by the `fast` path instead. From there on all go the same way: `variants` has them resampled,
//! turned and encoded by [`planar`], with what `carry` keeps of what the camera knew. The original's bytes
//! are never altered.

mod carry;
mod complete;
mod convert;
mod decode;
mod error;
mod fast;
mod flatten;
mod format;
#[cfg(feature = "heic")]
mod heic;
mod jpeg;
mod options;
mod plan;
pub mod planar;
mod raster;
mod variants;

pub use error::ImageError;
pub use format::PictureFormat;
#[cfg(feature = "heic")]
pub use heic::resize_heic;
pub use options::{EncodedImage, MetadataPolicy, ResizeOptions, ResizeOutcome, VariantOptions};
pub use plan::Limits;

use carry::Original;
use decode::Source;
use plan::Plan;
use variants::Variants;

/// Makes every variant of one photo, from one decode.
///
/// Truncated and damaged files are refused, not re-encoded. Damaged metadata is a warning.
///
/// # Errors
/// [`ImageError`]; the original can always be uploaded as it is.
pub fn resize_photo(
    bytes: &[u8],
    options: &ResizeOptions,
    limits: &Limits,
) -> Result<ResizeOutcome, ImageError> {
    options.check()?;
    let format = PictureFormat::of(bytes)?;
    let fast = match format {
        PictureFormat::Jpeg => fast::decode(bytes, options, limits)?,
        _ => None,
    };
    let (decoded, targets) = match fast {
        Some(decoded) => decoded,
        None => {
            let source = Source::open(bytes, format, limits)?;
            let plan = Plan::new(&source, options, limits)?;
            complete::check(bytes, format)?;
            (convert::to_planes(&source.decode(limits)?)?, plan.targets)
        }
    };
    Variants::new(Original::read(bytes), options.metadata, decoded).make(&targets)
}
