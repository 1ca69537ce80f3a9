//! HEIC, which iPhones make unless told otherwise, for browsers that cannot show it themselves.
//!
//! `heifer` reads the container and decodes HEVC; its samples are Y, Cb and Cr already, so they go straight
//! to planes and from there the way of every other photo: nothing is ever RGB. `picture` reads the
//! header, refuses what is not decoded here and says what memory it takes; `layer` decodes tile by
//! tile, so that beside the planes only one tile is held; `samples` brings any range, depth and matrix to
//! what JPEG has. The picture is turned by `irot` and `imir`, never by EXIF.
//!
//! A feature and a WebAssembly module of its own: nobody whose photos are not HEIC downloads it.

mod layer;
mod picture;
mod samples;

use heifer_hevc_dec::Error as HevcError;
use heifer_isobmff::Error as ContainerError;

use super::carry::Original;
use super::plan::targets;
use super::variants::Variants;
use super::{ColorPolicy, ImageError, Limits, PictureFormat, ResizeOptions, ResizeOutcome};
use crate::metadata::{MediaType, sniff};
use picture::Picture;

/// Makes every variant of one HEIC photo, from one decode, as [`resize_photo`](super::resize_photo) does
/// of others. Only the primary picture counts; its alpha is flattened on white.
///
/// # Errors
/// [`ImageError`]; the original can always be uploaded as it is.
pub fn resize_heic(
    bytes: &[u8],
    options: &ResizeOptions,
    limits: &Limits,
) -> Result<ResizeOutcome, ImageError> {
    options.check()?;
    if !matches!(sniff(bytes), Some(MediaType::Heic | MediaType::Heif)) {
        return Err(ImageError::UnsupportedFormat { what: "A file that is no HEIC" });
    }
    let picture = Picture::open(bytes, limits)?;
    let targets = targets(picture.size, options);
    limits.afford(picture.memory_bytes(targets.first()))?;
    let planes = picture.decode()?;
    let mut original = Original::read(bytes);
    // Only a profile can tell the colours to who looks at a JPEG.
    let loses_colours = picture.has_wide_colours() && original.profile().is_none();
    // What converts colours is in another module of the browser's.
    let keeps_colours = options.color == ColorPolicy::Srgb && !original.drop_srgb_profile();
    if loses_colours || keeps_colours {
        original.warn_of_its_colours();
    }
    Variants::new(original, options.metadata, planes).make(&targets)
}

/// Says in our words what the container's parser said.
fn in_container(error: ContainerError) -> ImageError {
    match error {
        ContainerError::UnexpectedEof => incomplete("the file ends before the picture does"),
        ContainerError::Unimplemented(_) => ImageError::UnsupportedFormat { what: "A HEIC of this kind" },
        other => corrupt(&format!("its boxes contradict each other ({other})")),
    }
}

/// Says in our words what the decoder said.
fn in_stream(error: HevcError) -> ImageError {
    match error {
        HevcError::UnexpectedEof => incomplete("the picture's data stops early"),
        HevcError::Unimplemented(_) => ImageError::UnsupportedFormat { what: "A HEIC coded like this one" },
        other => corrupt(&format!("the decoder refused it ({other})")),
    }
}

fn incomplete(found: &'static str) -> ImageError {
    ImageError::Incomplete { format: PictureFormat::Heic, found }
}

fn corrupt(found: &str) -> ImageError {
    ImageError::Corrupt { format: PictureFormat::Heic, found: found.to_owned() }
}
