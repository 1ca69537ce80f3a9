//! Containers: where a file keeps its EXIF block, its colour profile, its dimensions and its orientation.
//!
//! One file per container, each a function of the known bytes. Pixels are never touched.

mod cursor;
#[cfg(feature = "films")]
mod film;
pub(super) mod gif;
pub(super) mod heif;
mod inflate;
pub(super) mod isobmff;
pub(super) mod jpeg;
pub(super) mod png;
pub(super) mod webp;

#[cfg(feature = "films")]
use windlass_protocol::metadata::{GpsReading, TakenAt};

use super::media_type::MediaType;
use super::orientation::Orientation;
use super::source::{ByteRange, Source, Stop};
use super::warning::{Oddities, Oddity};

/// The most an EXIF block scattered over the file, or compressed in it, is gathered to.
pub(super) const EXIF_CAP_BYTES: u64 = 4 << 20;

/// How many segments, chunks or boxes of one file are looked at. A 50 MiB PNG has some 6,400.
const ELEMENT_CAP: u32 = 100_000;

/// What a container says.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Width and height in pixels as stored.
    pub(super) dimensions: Option<(u32, u32)>,
    /// The orientation the container itself prescribes (`irot`, `imir`); HEIF always prescribes one.
    pub(super) orientation: Option<Orientation>,
    /// The EXIF block.
    pub(super) exif: Option<ExifBlock>,
    /// What a film says of itself.
    #[cfg(feature = "films")]
    pub(super) film: Film,
    /// What was odd.
    pub(super) oddities: Oddities,
}

/// What a film says of itself, where a picture has its EXIF block.
#[cfg(feature = "films")]
#[derive(Debug, Default)]
pub(super) struct Film {
    pub(super) make: Option<String>,
    pub(super) model: Option<String>,
    pub(super) software: Option<String>,
    pub(super) taken_at: Option<TakenAt>,
    pub(super) location: Option<GpsReading>,
}

/// An EXIF block: a TIFF structure without any prefix.
#[derive(Debug)]
pub(super) enum ExifBlock {
    /// In one piece in the file.
    InFile(ByteRange),
    /// Put together from several pieces, or decoded from text.
    Assembled(Vec<u8>),
}

/// Surveys a container. Errs only where bytes must be read first.
pub(super) fn survey(media_type: MediaType, source: &Source<'_>) -> Result<Survey, Stop> {
    let mut survey = Survey::default();
    let outcome = match media_type {
        MediaType::Jpeg => jpeg::survey(source, &mut survey),
        MediaType::Png => png::survey(source, &mut survey),
        MediaType::WebP => webp::survey(source, &mut survey),
        MediaType::Gif => gif::survey(source, &mut survey),
        MediaType::Heic | MediaType::Heif | MediaType::Avif => heif::survey(source, &mut survey),
        // A TIFF file is an EXIF block.
        MediaType::Tiff => {
            survey.exif = Some(ExifBlock::InFile(ByteRange::new(0, source.size_bytes())));
            Ok(())
        }
        #[cfg(feature = "films")]
        MediaType::Mp4 | MediaType::QuickTime => film::survey(source, &mut survey),
        #[cfg(not(feature = "films"))]
        MediaType::Mp4 | MediaType::QuickTime => Ok(()),
        MediaType::Pdf | MediaType::Dwg | MediaType::Zip => Ok(()),
    };
    if let Err(stop) = outcome {
        survey.oddities.note(stop.into_oddity()?);
    }
    Ok(survey)
}

impl Survey {
    /// Takes width and height unless one is zero, which stands for unknown, or they are known already.
    fn set_dimensions(&mut self, width: u32, height: u32) {
        if self.dimensions.is_none() && width > 0 && height > 0 {
            self.dimensions = Some((width, height));
        }
    }
}

/// The prefix JPEG needs before an EXIF block; others write it too although they should not.
const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// A range without the `Exif\0\0` some writers put before the block.
fn without_prefix(source: &Source<'_>, range: ByteRange) -> Result<ByteRange, Stop> {
    let prefix = EXIF_PREFIX.len() as u64;
    let head = source.up_to(range.offset, prefix.min(range.length))?;
    let skip = if head == EXIF_PREFIX { prefix } else { 0 };
    Ok(ByteRange::new(range.offset + skip, range.length - skip))
}

/// Whether bytes begin as a TIFF structure does.
fn is_tiff(head: &[u8]) -> bool {
    matches!(head, [b'I', b'I', _, 0, ..] | [b'M', b'M', 0, _, ..])
}

/// Puts pieces of the file together, where they are no more than `cap_bytes`.
pub(super) fn assemble(source: &Source<'_>, pieces: &[ByteRange], cap_bytes: u64) -> Result<Vec<u8>, Stop> {
    let total = pieces.iter().fold(0_u64, |sum, piece| sum.saturating_add(piece.length));
    if total > cap_bytes {
        return Err(Stop::Damaged(Oddity::ExifTooLarge));
    }
    // Every piece is there before anything is allocated for them.
    for piece in pieces {
        source.get(piece.offset, piece.length)?;
    }
    let mut whole = Vec::with_capacity(usize::try_from(total).unwrap_or_default());
    for piece in pieces {
        whole.extend_from_slice(source.get(piece.offset, piece.length)?);
    }
    Ok(whole)
}
