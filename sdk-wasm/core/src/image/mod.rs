//! Photos decoded once, turned upright, resized to several variants and encoded.
//!
//! The rooms are the stages: [`format`](PictureFormat) tells what the bytes are, `decode` reads the
//! header and later the pixels, `plan` decides sizes and memory in between, `complete` refuses what is
//! not all there, `resize` and `orient` work on few pixels, `carry` keeps what the camera knew, `encode`
//! writes the file. Baseline JPEGs, which is what phones make, take the `fast` path instead, through
//! [`planar`]. The original's bytes are never altered.

mod carry;
mod complete;
mod decode;
mod encode;
mod error;
mod fast;
mod flatten;
mod format;
mod jpeg;
mod options;
mod orient;
mod plan;
pub mod planar;
mod raster;
mod resize;

pub use error::ImageError;
pub use format::PictureFormat;
pub use options::{EncodedImage, MetadataPolicy, ResizeOptions, ResizeOutcome, VariantOptions};
pub use plan::Limits;

use std::borrow::Cow;

use windlass_protocol::metadata::MetadataWarning;

use carry::Original;
use decode::Source;
use orient::Turn;
use plan::{Plan, Target};
use raster::Raster;

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
    if format == PictureFormat::Jpeg
        && let Some(outcome) = fast::resize(bytes, options, limits)?
    {
        return Ok(outcome);
    }
    let source = Source::open(bytes, format, limits)?;
    let plan = Plan::new(&source, options, limits)?;
    complete::check(bytes, format)?;
    let original = Original::read(bytes);
    let decoded = source.decode(limits)?;
    let mut made = Vec::with_capacity(plan.targets.len());
    let mut smaller: Vec<Raster> = Vec::new();
    let mut warnings = original.warnings();
    for target in &plan.targets {
        let stored = at_size(target, &decoded, &smaller)?;
        let (image, warning) =
            finish(target, stored.as_ref().unwrap_or(&decoded), &original, options.metadata)?;
        made.push((target.index, image));
        warnings.extend(warning.filter(|new| !warnings.contains(new)));
        smaller.extend(stored);
    }
    made.sort_by_key(|(index, _)| *index);
    Ok(ResizeOutcome { images: made.into_iter().map(|(_, image)| image).collect(), warnings })
}

/// The decoded picture at the size of `target`, made from the smallest picture that is large enough;
/// `None` when that is the decoded picture itself.
fn at_size(target: &Target<'_>, decoded: &Raster, smaller: &[Raster]) -> Result<Option<Raster>, ImageError> {
    let size = |raster: &Raster| (raster.width, raster.height);
    if target.size == size(decoded) {
        return Ok(None);
    }
    let source = smaller.iter().rev().find(|made| target.can_be_made_from(size(made)));
    let source = source.unwrap_or(decoded);
    resize::resize(source, target.size.0, target.size.1).map(Some)
}

/// Turns a picture upright and encodes it with what is carried over.
fn finish(
    target: &Target<'_>,
    stored: &Raster,
    original: &Original,
    policy: MetadataPolicy,
) -> Result<(EncodedImage, Option<MetadataWarning>), ImageError> {
    let turn = Turn::of(original.orientation);
    let upright = if turn.is_none() { Cow::Borrowed(stored) } else { Cow::Owned(turn.apply(stored)?) };
    let (carried, warning) =
        original.carried(target.variant.max_edge, (upright.width, upright.height), upright.samples, policy);
    let image = EncodedImage {
        name: target.variant.name.clone(),
        content_type: encode::CONTENT_TYPE,
        width: upright.width,
        height: upright.height,
        bytes: encode::encode(&upright, target.variant.quality, &carried)?,
    };
    Ok((image, warning))
}
