//! The general path: whatever is no baseline JPEG, decoded by the `image` crate's codecs to pixels, which
//! become planes.

use super::decode::Source;
use super::plan::{Target, targets};
use super::planar::Planes;
use super::{ImageError, Limits, PictureFormat, ResizeOptions, complete, convert};

/// Decodes the picture, and tells which images to make.
pub(super) fn decode<'o>(
    bytes: &[u8],
    format: PictureFormat,
    options: &'o ResizeOptions,
    limits: &Limits,
) -> Result<(Planes, Vec<Target<'o>>), ImageError> {
    let source = Source::open(bytes, format, limits)?;
    let targets = plan(&source, options, limits)?;
    complete::check(bytes, format)?;
    Ok((convert::to_planes(&source.decode(limits)?)?, targets))
}

/// The images to make, largest first. Refuses what is too large to decode.
fn plan<'o>(
    source: &Source<'_>,
    options: &'o ResizeOptions,
    limits: &Limits,
) -> Result<Vec<Target<'o>>, ImageError> {
    limits.admit(source.size)?;
    let targets = targets(source.size, options);
    limits.afford(source.decoding_bytes().max(making_bytes(source, targets.first())))?;
    Ok(targets)
}

/// Bytes that are held after decoding: the pixels and their planes, or the planes and what is made of them.
fn making_bytes(source: &Source<'_>, largest: Option<&Target<'_>>) -> u64 {
    let (width, height) = source.size;
    let samples = u64::from(width) * u64::from(height);
    let planes = if source.flat_pixel_bytes() == 1 { samples } else { samples / 2 * 3 };
    let making = largest.map_or(0, |largest| largest.making_bytes(planes, width.into()));
    making.max(source.pixel_bytes() + planes)
}
