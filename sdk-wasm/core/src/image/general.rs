//! The general path: whatever is no baseline JPEG, decoded by the `image` crate's codecs to pixels, which
//! become planes; but progressive JPEGs, which go the whole way as coefficients, at the scale that is needed.

use super::colour::ToSrgb;
use super::decode::Source;
use super::fast::in_words;
use super::jpeg::{self, Frame};
use super::plan::{Target, targets};
use super::planar::{Coefficients, DecodeError, Header, OutOfMemory, Planes, Sampling};
use super::{ImageError, Limits, PictureFormat, ResizeOptions, complete, convert};

/// Decodes the picture, and tells which images to make.
pub(super) fn decode<'o>(
    bytes: &[u8],
    format: PictureFormat,
    options: &'o ResizeOptions,
    limits: &Limits,
    conversion: Option<ToSrgb>,
) -> Result<(Planes, Vec<Target<'o>>), ImageError> {
    if format == PictureFormat::Jpeg
        && conversion.is_none()
        && let Some(decoded) = progressive(bytes, options, limits)?
    {
        return Ok(decoded);
    }
    let source = Source::open(bytes, format, limits)?;
    let targets = plan(&source, options, limits)?;
    complete::check(bytes, format)?;
    let raster = match conversion {
        Some(conversion) if conversion.is_from_print() => conversion.decode_print(bytes, limits)?,
        Some(conversion) => {
            let mut raster = source.decode(limits)?;
            conversion.convert(&mut raster)?;
            raster
        }
        None => source.decode(limits)?,
    };
    Ok((convert::to_planes(&raster)?, targets))
}

/// A progressive JPEG of grey or YCbCr, in a quarter of the memory that all of its coefficients and pixels would
/// take; `None` for any other picture.
fn progressive<'o>(
    bytes: &[u8],
    options: &'o ResizeOptions,
    limits: &Limits,
) -> Result<Option<(Planes, Vec<Target<'o>>)>, ImageError> {
    let frame = Frame::of(bytes)?;
    limits.admit((frame.width, frame.height))?;
    let header = match Header::parse_progressive(bytes) {
        Err(DecodeError::NotHandled(_)) => return Ok(None),
        parsed => parsed.map_err(in_words)?,
    };
    let size = (header.width(), header.height());
    let targets = targets(size, options);
    let Some(largest) = targets.first() else { return Ok(None) };
    let scales = header.scales_for(largest.size.0, largest.size.1, Sampling::Half);
    let edge = scales.first().map_or(8, |scale| scale.block_edge() as u64);
    let (coefficients, planes) = (header.coefficient_bytes(&scales), header.memory_bytes(&scales));
    let making = largest.making_bytes(planes, (u64::from(size.0) * edge).div_ceil(8));
    limits.afford(making.max(coefficients + planes))?;
    // Each block takes a bit or more: a file of some bytes must not claim gigabytes.
    if frame.samples() / 64 > bytes.len() as u64 * 8 {
        return Err(in_words(DecodeError::Incomplete { read_mcus: 0, total_mcus: 0 }));
    }
    let kept = (0..).zip(&scales).map(|(index, scale)| Coefficients::new(&header, index, *scale));
    let kept = kept.collect::<Result<Vec<_>, _>>().map_err(in_words)?;
    let planes = jpeg::coefficients(bytes, kept)?.into_iter().map(|kept| kept.into_plane(&header));
    let planes = planes.collect::<Result<_, _>>().map_err(|OutOfMemory| ImageError::OutOfMemory)?;
    Ok(Some((Planes { width: size.0, height: size.1, planes }, targets)))
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
