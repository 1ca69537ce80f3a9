//! HEIF and AVIF (ISO/IEC 23008-12): the primary item's size, orientation and colour profile, and the EXIF
//! item that describes it.

use super::isobmff::{Box, each_box};
use super::{EXIF_CAP_BYTES, EXIF_PREFIX, ExifBlock, Survey, assemble, is_tiff, without_prefix};
use crate::metadata::orientation::Orientation;
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

use items::Location;

mod items;
mod properties;

/// The boxes of the `meta` box that count here.
#[derive(Default)]
struct Meta {
    primary_item: Option<Box>,
    item_infos: Option<Box>,
    item_locations: Option<Box>,
    item_references: Option<Box>,
    item_properties: Option<Box>,
    item_data: Option<Box>,
}

impl Meta {
    fn find(source: &Source<'_>) -> Result<Option<Self>, Stop> {
        let mut meta_box = None;
        let file = ByteRange::new(0, source.size_bytes());
        each_box(source, file, &mut |found| {
            if &found.kind == b"meta" {
                meta_box = Some(found);
            }
            Ok(meta_box.is_some())
        })?;
        let Some(meta_box) = meta_box else { return Ok(None) };
        let mut meta = Self::default();
        each_box(source, meta_box.full_body()?, &mut |found| {
            match &found.kind {
                b"pitm" => meta.primary_item = Some(found),
                b"iinf" => meta.item_infos = Some(found),
                b"iloc" => meta.item_locations = Some(found),
                b"iref" => meta.item_references = Some(found),
                b"iprp" => meta.item_properties = Some(found),
                b"idat" => meta.item_data = Some(found),
                _ => {}
            }
            Ok(false)
        })?;
        Ok(Some(meta))
    }

    fn primary(&self, source: &Source<'_>) -> Result<Option<u32>, Stop> {
        self.primary_item.map(|found| items::primary_item(source, found)).transpose()
    }

    /// Which of several EXIF items counts: the one that says it describes the primary item.
    fn exif_item(&self, source: &Source<'_>, primary: Option<u32>) -> Result<Option<u32>, Stop> {
        let Some(infos) = self.item_infos else { return Ok(None) };
        let candidates = items::exif_items(source, infos)?;
        if let (Some(primary), Some(references), [_, _, ..]) = (primary, self.item_references, &*candidates)
            && let Some(described) = items::first_describing(source, references, &candidates, primary)?
        {
            return Ok(Some(described));
        }
        Ok(candidates.first().copied())
    }

    fn exif(&self, source: &Source<'_>, primary: Option<u32>) -> Result<Option<ExifBlock>, Stop> {
        let Some(item) = self.exif_item(source, primary)? else { return Ok(None) };
        let damaged = Stop::Damaged(Oddity::ContainerDamaged);
        let locations = self.item_locations.ok_or(damaged)?;
        let location = items::location_of(source, locations, item)?.ok_or(damaged)?;
        let pieces = self.pieces(source, &location)?;
        if let [piece] = pieces.as_slice() {
            return Ok(Some(ExifBlock::InFile(tiff_range(source, *piece)?)));
        }
        let mut whole = assemble(source, &pieces, EXIF_CAP_BYTES)?;
        let block = tiff_range(&Source::whole(&whole), ByteRange::new(0, whole.len() as u64))?;
        whole.drain(..usize::try_from(block.offset).unwrap_or(usize::MAX).min(whole.len()));
        Ok(Some(ExifBlock::Assembled(whole)))
    }

    /// Where in the file an item's pieces lie.
    fn pieces(&self, source: &Source<'_>, location: &Location) -> Result<Vec<ByteRange>, Stop> {
        let damaged = Stop::Damaged(Oddity::ContainerDamaged);
        let space = match location.construction_method {
            0 => ByteRange::new(0, source.size_bytes()),
            1 => self.item_data.ok_or(damaged)?.body,
            _ => return Err(damaged),
        };
        let place = |extent: &ByteRange| {
            let offset = space.offset.checked_add(extent.offset).ok_or(damaged)?;
            // No length means all there is.
            let rest = space.end().saturating_sub(offset);
            let length = if extent.length == 0 { rest } else { extent.length };
            Ok(ByteRange::new(offset, length))
        };
        location.extents.iter().map(place).collect()
    }
}

/// The TIFF block within an EXIF item. By the standard the item begins with the block's distance from
/// behind that number; some writers leave it out, or put JPEG's `Exif\0\0` in its place or before the block.
fn tiff_range(source: &Source<'_>, item: ByteRange) -> Result<ByteRange, Stop> {
    let damaged = Stop::Damaged(Oddity::ExifDamaged);
    let head = source.up_to(item.offset, item.length.min(EXIF_PREFIX.len() as u64))?;
    let distance = match head {
        head if is_tiff(head) || head == EXIF_PREFIX => 0,
        [d3, d2, d1, d0, ..] => 4 + u64::from(u32::from_be_bytes([*d3, *d2, *d1, *d0])),
        _ => return Err(damaged),
    };
    let length = item.length.checked_sub(distance).ok_or(damaged)?;
    without_prefix(source, ByteRange::new(item.offset.checked_add(distance).ok_or(damaged)?, length))
}

pub(super) fn survey(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    survey.orientation = Some(Orientation::default());
    let Some(meta) = Meta::find(source)? else { return Ok(()) };
    let primary = meta.primary(source)?;
    if let (Some(primary), Some(properties)) = (primary, meta.item_properties) {
        match properties::of_item(source, properties, primary) {
            Ok(found) => {
                survey.orientation = Some(found.orientation);
                if let Some((width, height)) = found.dimensions {
                    survey.set_dimensions(width, height);
                }
            }
            Err(stop) => survey.oddities.note(stop.into_oddity()?),
        }
    }
    survey.exif = meta.exif(source, primary)?;
    Ok(())
}

/// Whether every item that lies in the file is there up to its end. A file that is damaged so that this cannot
/// be told has not all its items.
pub fn items_are_whole(bytes: &[u8]) -> bool {
    let source = Source::whole(bytes);
    let Ok(Some(Meta { item_locations: Some(locations), .. })) = Meta::find(&source) else { return false };
    matches!(items::ends_by(&source, locations), Ok(Some(end)) if end <= source.size_bytes())
}

/// The colour profile of the primary item.
pub(in crate::metadata) fn icc_profile(source: &Source<'_>) -> Result<Option<ByteRange>, Stop> {
    let Some(meta) = Meta::find(source)? else { return Ok(None) };
    match (meta.primary(source)?, meta.item_properties) {
        (Some(primary), Some(properties)) => {
            Ok(properties::of_item(source, properties, primary)?.icc_profile)
        }
        _ => Ok(None),
    }
}
