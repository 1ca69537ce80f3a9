//! What a re-encoded photo carries on of its original: the EXIF block and the colour profile.

use super::container::{self, ExifBlock, assemble};
use super::media_type::{MediaType, sniff};
use super::source::{ByteRange, Source, Stop};
use super::tiff::{Directory, View, build, collect, tag};
use super::warning::Oddities;

/// The largest colour profile carried on; real ones take some KiB, printers' up to 2 MiB.
pub const ICC_CAP_BYTES: usize = 4 << 20;

/// The EXIF block of a photo: a TIFF structure without the `Exif\0\0` JPEG puts before it, at most 4 MiB.
/// Of a TIFF file, the entries of a camera without those that describe how its pixels are stored.
/// `None` where there is none, or it cannot be read.
pub fn extract_exif(bytes: &[u8]) -> Option<Vec<u8>> {
    let source = Source::whole(bytes);
    let media_type = sniff(bytes)?;
    let block = match container::survey(media_type, &source).ok()?.exif? {
        ExifBlock::InFile(range) => range,
        ExifBlock::Assembled(block) => return Some(block),
    };
    if media_type == MediaType::Tiff {
        let view = View::open(&source, block).ok()?;
        let entries = collect(&view, describes_capture, &mut Oddities::default()).ok()?;
        return (!entries.is_empty()).then(|| build(view.order, &entries));
    }
    View::open(&source, block).ok()?;
    assemble(&source, &[block], container::EXIF_CAP_BYTES).ok()
}

/// Where in the file the EXIF block begins: the byte-order mark of its TIFF structure. `None` where there is
/// no block, or it does not lie in the file as it is.
pub fn exif_offset(bytes: &[u8]) -> Option<u64> {
    match container::survey(sniff(bytes)?, &Source::whole(bytes)).ok()?.exif? {
        ExifBlock::InFile(range) => Some(range.offset),
        ExifBlock::Assembled(_) => None,
    }
}

/// Whether an entry says something of the capture, not of how the pixels, or private data, are stored.
pub(super) fn describes_capture(directory: Directory, tag: u16) -> bool {
    match directory {
        // Description, make, model, orientation, resolution, software, date, artist; copyright.
        Directory::Image => {
            matches!(
                tag,
                0x010E
                    ..=0x0110
                        | tag::ORIENTATION
                        | 0x011A
                        | 0x011B
                        | 0x0128
                        | 0x0131
                        | 0x0132
                        | 0x013B
                        | 0x8298
            )
        }
        // Not the links: what they lead to is not carried on. A maker note's offsets would point nowhere.
        Directory::Exif => !matches!(tag, tag::MAKER_NOTE | tag::INTEROP_IFD | tag::EXIF_IFD | tag::GPS_IFD),
        Directory::Gps => true,
        Directory::MainPicture => false,
    }
}

/// The ICC profile of a photo, at most [`ICC_CAP_BYTES`]; a larger one, or one that inflates to more, is
/// none. `None` where there is none, or a piece of it is missing.
pub fn extract_icc(bytes: &[u8]) -> Option<Vec<u8>> {
    let source = Source::whole(bytes);
    let pieces = match sniff(bytes)? {
        MediaType::Jpeg => return extract_jpeg_icc(bytes),
        MediaType::Png => return container::png::icc_profile(&source, ICC_CAP_BYTES).ok()?,
        MediaType::WebP => vec![container::webp::icc_profile(&source).ok()??],
        MediaType::Heic | MediaType::Heif | MediaType::Avif => {
            vec![container::heif::icc_profile(&source).ok()??]
        }
        MediaType::Tiff => return tiff_icc(&source).ok()?,
        MediaType::Gif
        | MediaType::Pdf
        | MediaType::Dwg
        | MediaType::Mp4
        | MediaType::QuickTime
        | MediaType::Zip => return None,
    };
    joined(&source, &pieces)
}

/// As [`extract_icc`], of a JPEG.
pub fn extract_jpeg_icc(bytes: &[u8]) -> Option<Vec<u8>> {
    let source = Source::whole(bytes);
    joined(&source, &container::jpeg::icc_pieces(&source).ok()?)
}

fn joined(source: &Source<'_>, pieces: &[ByteRange]) -> Option<Vec<u8>> {
    let profile = assemble(source, pieces, ICC_CAP_BYTES as u64).ok()?;
    (!profile.is_empty()).then_some(profile)
}

fn tiff_icc(source: &Source<'_>) -> Result<Option<Vec<u8>>, Stop> {
    let view = View::open(source, ByteRange::new(0, source.size_bytes()))?;
    let directory = super::tiff::RawDirectory::read(&view, view.first_directory)?;
    let profile = directory.entries.iter().find(|entry| entry.tag == tag::ICC_PROFILE);
    match profile.and_then(|entry| entry.value) {
        Some(value) if (1..=ICC_CAP_BYTES as u64).contains(&value.length) => {
            Ok(Some(view.bytes(value)?.to_vec()))
        }
        _ => Ok(None),
    }
}
