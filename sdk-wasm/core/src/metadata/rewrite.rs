//! An original's EXIF block → the block of an image made from it: upright, of its own size, without the
//! thumbnail, and without the place where that is asked for.
//!
//! A block that keeps the place is patched where it stands, so that no offset moves and the maker note,
//! whose offsets only its maker knows, stays readable. A block that must not tell the place is built anew
//! from the entries known to say nothing of it: maker notes, XMP and private tags can hide coordinates.

use super::extract::describes_capture;
use super::source::{ByteRange, Source};
use super::tiff::{Directory, RawDirectory, RawEntry, View, build, collect, kind, tag};
use super::warning::Oddities;

/// The largest block a JPEG's APP1 segment holds after `Exif\0\0`.
pub const EXIF_SEGMENT_CAP_BYTES: usize = 65_527;
/// Longer values are left out of a block that is built anew.
const VALUE_CAP_BYTES: usize = 16 << 10;
/// What the values of a block built anew take at most, so that it fits into a segment.
const VALUES_CAP_BYTES: usize = 48 << 10;

/// What the new image's EXIF is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExifRewrite {
    /// Width of the new image in pixels.
    pub width: u32,
    /// Height of the new image in pixels.
    pub height: u32,
    /// Whether to leave out where the picture was taken.
    pub strip_location: bool,
    /// Whether its colours were converted to sRGB from others.
    pub to_srgb: bool,
}

/// `ColorSpace` and the interoperability index of sRGB, and the index of other colours (EXIF 2.32, 4.6.5, 4.6.7).
const SRGB: u32 = 1;
const SRGB_INDEX: &[u8] = b"R98\0";
const OTHER_INDEX: &[u8] = b"R03\0";

/// Rewrites an EXIF block (a TIFF structure, as [`extract_exif`](super::extract_exif) gives it) for an
/// image whose pixels are upright: orientation 1, the new size, no thumbnail. The result fits into a JPEG
/// segment. `None` where the block cannot be read: then carry on nothing.
pub fn rewrite_exif(block: &[u8], rewrite: &ExifRewrite) -> Option<Vec<u8>> {
    let source = Source::whole(block);
    let view = View::open(&source, ByteRange::new(0, block.len() as u64)).ok()?;
    if !rewrite.strip_location && block.len() <= EXIF_SEGMENT_CAP_BYTES && !view.is_big {
        return patch(block, &view, rewrite);
    }
    build_anew(&view, rewrite)
}

/// The new values of an entry that describes the pixels, in the directory it is in.
fn new_number(directory: Directory, tag: u16, rewrite: &ExifRewrite) -> Option<(u16, u32)> {
    match (directory, tag) {
        (Directory::Image | Directory::Exif, tag::ORIENTATION) => Some((kind::SHORT, 1)),
        (Directory::Image, tag::IMAGE_WIDTH) | (Directory::Exif, tag::PIXEL_X_DIMENSION) => {
            Some((kind::LONG, rewrite.width))
        }
        (Directory::Image, tag::IMAGE_LENGTH) | (Directory::Exif, tag::PIXEL_Y_DIMENSION) => {
            Some((kind::LONG, rewrite.height))
        }
        (Directory::Exif, tag::COLOR_SPACE) if rewrite.to_srgb => Some((kind::SHORT, SRGB)),
        _ => None,
    }
}

fn build_anew(view: &View<'_>, rewrite: &ExifRewrite) -> Option<Vec<u8>> {
    let wanted = if rewrite.strip_location { tells_no_place } else { describes_capture };
    let mut entries = collect(view, wanted, &mut Oddities::default()).ok()?;
    let mut values_bytes = 0;
    entries.retain(|entry| {
        let fits =
            entry.value.len() <= VALUE_CAP_BYTES && values_bytes + entry.value.len() <= VALUES_CAP_BYTES;
        values_bytes += if fits { entry.value.len() } else { 0 };
        fits
    });
    for entry in &mut entries {
        if let Some((kind, number)) = new_number(entry.directory, entry.tag, rewrite) {
            entry.value = number_bytes(view, kind, number);
            (entry.kind, entry.count) = (kind, 1);
        }
    }
    let block = build(view.order, &entries);
    (!entries.is_empty() && block.len() <= EXIF_SEGMENT_CAP_BYTES).then_some(block)
}

/// Whether a tag is among those that EXIF 2.32 itself gives the EXIF IFD; elsewhere vendors put what they like, between
/// them as well (0x9999 and 0x9AAA of Xiaomi's phones).
fn is_standard(tag: u16) -> bool {
    matches!(tag, 0x829A..=0x829D | 0x8822..=0x8835 | 0x9000..=0x94FF | 0xA000..=0xA500)
}

fn tells_no_place(directory: Directory, tag: u16) -> bool {
    match directory {
        // Free text: some apps write the address here.
        _ if matches!(tag, tag::IMAGE_DESCRIPTION | tag::USER_COMMENT) => false,
        Directory::Image => describes_capture(directory, tag),
        // What strayed here from IFD0 is kept as it is kept there.
        Directory::Exif => {
            describes_capture(directory, tag)
                && (is_standard(tag) || describes_capture(Directory::Image, tag))
        }
        Directory::Gps | Directory::MainPicture => false,
    }
}

fn number_bytes(view: &View<'_>, kind: u16, number: u32) -> Vec<u8> {
    match kind {
        kind::SHORT => view.order.u16(number as u16).to_vec(),
        _ => view.order.u32(number).to_vec(),
    }
}

fn patch(block: &[u8], view: &View<'_>, rewrite: &ExifRewrite) -> Option<Vec<u8>> {
    let mut patched = block.to_vec();
    let image = RawDirectory::read(view, view.first_directory).ok()?;
    let exif = linked(view, &image, tag::EXIF_IFD);
    let gps_of = |directory: &RawDirectory| linked(view, directory, tag::GPS_IFD);
    let gps = gps_of(&image).or_else(|| gps_of(exif.as_ref()?));
    let interop = exif.as_ref().and_then(|exif| linked(view, exif, tag::INTEROP_IFD));
    let kept: Vec<&RawDirectory> =
        [Some(&image), exif.as_ref(), gps.as_ref(), interop.as_ref()].into_iter().flatten().collect();

    for (directory, raw) in [(Directory::Image, Some(&image)), (Directory::Exif, exif.as_ref())] {
        for entry in raw.iter().flat_map(|raw| &raw.entries) {
            if let Some((kind, number)) = new_number(directory, entry.tag, rewrite) {
                write_number(&mut patched, view, entry, kind, number);
            }
        }
    }
    let index = interop.iter().flat_map(|interop| &interop.entries).find(|e| e.tag == tag::INTEROP_INDEX);
    if rewrite.to_srgb
        && let Some(index) = index.and_then(|entry| entry.value)
        && view.bytes(index).is_ok_and(|index| index == OTHER_INDEX)
    {
        overwrite(&mut patched, index.offset, SRGB_INDEX);
    }
    // Cuts the link to the thumbnail's directory, then the thumbnail itself.
    overwrite(&mut patched, image.range.end() - 4, &[0; 4]);
    let mut ranges: Vec<ByteRange> = vec![ByteRange::new(0, 8)];
    ranges.extend(kept.iter().map(|directory| directory.range));
    ranges.extend(kept.iter().flat_map(|directory| &directory.entries).filter_map(|entry| entry.value));
    for dropped in thumbnail(view, image.next) {
        drop_range(&mut patched, dropped, &ranges);
    }
    Some(patched)
}

fn linked(view: &View<'_>, from: &RawDirectory, link: u16) -> Option<RawDirectory> {
    let entry = from.entries.iter().find(|entry| entry.tag == link)?;
    RawDirectory::read(view, entry.number(view).ok()??).ok()
}

/// Where the thumbnail and its directory are.
fn thumbnail(view: &View<'_>, directory: u64) -> Vec<ByteRange> {
    if directory == 0 {
        return Vec::new();
    }
    let Ok(directory) = RawDirectory::read(view, directory) else { return Vec::new() };
    let number = |tag: u16| {
        let entry = directory.entries.iter().find(|entry| entry.tag == tag)?;
        entry.number(view).ok()?
    };
    let picture = number(tag::THUMBNAIL_OFFSET).zip(number(tag::THUMBNAIL_LENGTH));
    let picture = picture.map(|(offset, length)| ByteRange::new(offset, length));
    picture.into_iter().chain([directory.range]).collect()
}

/// Blanks a range nothing that is kept lies in, and cuts it off where nothing that is kept lies behind it.
fn drop_range(patched: &mut Vec<u8>, dropped: ByteRange, kept: &[ByteRange]) {
    let overlaps = |range: &ByteRange| range.offset < dropped.end() && range.end() > dropped.offset;
    if kept.iter().any(overlaps) {
        return;
    }
    let Ok(start) = usize::try_from(dropped.offset) else { return };
    let end = usize::try_from(dropped.end()).unwrap_or(usize::MAX).min(patched.len());
    if let Some(bytes) = patched.get_mut(start..end) {
        bytes.fill(0);
    }
    if kept.iter().all(|range| range.end() <= dropped.offset) {
        patched.truncate(start);
    }
}

fn write_number(patched: &mut [u8], view: &View<'_>, entry: &RawEntry, kind: u16, number: u32) {
    let mut raw = Vec::with_capacity(10);
    raw.extend_from_slice(&view.order.u16(kind));
    raw.extend_from_slice(&view.order.u32(1));
    raw.extend_from_slice(&number_bytes(view, kind, number));
    raw.resize(10, 0);
    overwrite(patched, entry.at + 2, &raw);
}

fn overwrite(patched: &mut [u8], at: u64, bytes: &[u8]) {
    let target = usize::try_from(at).ok().and_then(|at| patched.get_mut(at..)?.get_mut(..bytes.len()));
    if let Some(target) = target {
        target.copy_from_slice(bytes);
    }
}
