//! Items of a HEIF file: which there are, what they describe and where they lie
//! (ISO/IEC 14496-12, 8.11: `pitm`, `iinf`, `iref`, `iloc`).

use crate::metadata::container::cursor::Cursor;
use crate::metadata::container::isobmff::{Box, each_box};
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

/// Phones write one EXIF item, editors a few.
const EXIF_ITEM_CAP: usize = 64;
/// An item in more pieces than this is not gathered.
const EXTENT_CAP: u64 = 256;

/// Where an item lies.
pub(super) struct Location {
    /// 0: offsets in the file, 1: offsets in the `idat` box, 2: in another item.
    pub(super) construction_method: u8,
    /// Its pieces; a length of 0 means to the end.
    pub(super) extents: Vec<ByteRange>,
}

pub(super) fn primary_item(source: &Source<'_>, pitm: Box) -> Result<u32, Stop> {
    let mut cursor = Cursor::new(pitm.bytes(source)?);
    match cursor.version_and_flags()? {
        (0, _) => Ok(cursor.u16()?.into()),
        _ => cursor.u32(),
    }
}

/// The ids of the EXIF items, in the file's order.
pub(super) fn exif_items(source: &Source<'_>, iinf: Box) -> Result<Vec<u32>, Stop> {
    let mut ids = Vec::new();
    let (version, _) = Cursor::new(source.get(iinf.body.offset, 4)?).version_and_flags()?;
    let count_bytes = if version == 0 { 2 } else { 4 };
    let entries = iinf.full_body()?;
    let length = entries.length.checked_sub(count_bytes).ok_or(Stop::Damaged(Oddity::ContainerDamaged))?;
    each_box(source, ByteRange::new(entries.offset + count_bytes, length), &mut |infe| {
        // Version, id, protection index and type; name and more follow.
        let mut cursor = Cursor::new(source.get(infe.body.offset, infe.body.length.min(14))?);
        let id = match cursor.version_and_flags()? {
            (2, _) => cursor.u16()?.into(),
            (3, _) => cursor.u32()?,
            // Versions 0 and 1 have no item type.
            _ => return Ok(false),
        };
        cursor.take(2)?;
        if cursor.take(4)? == b"Exif" {
            ids.push(id);
        }
        Ok(ids.len() >= EXIF_ITEM_CAP)
    })?;
    Ok(ids)
}

/// The first of `candidates` with a content-describes reference (`cdsc`) to `described`.
pub(super) fn first_describing(
    source: &Source<'_>,
    iref: Box,
    candidates: &[u32],
    described: u32,
) -> Result<Option<u32>, Stop> {
    let (version, _) = Cursor::new(source.get(iref.body.offset, 4)?).version_and_flags()?;
    let id_bytes = if version == 0 { 2 } else { 4 };
    let mut describing = Vec::new();
    each_box(source, iref.full_body()?, &mut |reference| {
        if &reference.kind == b"cdsc" {
            let mut cursor = Cursor::new(reference.bytes(source)?);
            let from = cursor.number(id_bytes)?;
            if !candidates.iter().any(|id| u64::from(*id) == from) {
                return Ok(false);
            }
            for _ in 0..cursor.u16()? {
                let to = cursor.number(id_bytes)?;
                if to == u64::from(described) && !describing.contains(&from) {
                    describing.push(from);
                }
            }
        }
        Ok(false)
    })?;
    Ok(candidates.iter().copied().find(|id| describing.contains(&u64::from(*id))))
}

/// Where one item lies (`iloc`, 8.11.3).
pub(super) fn location_of(source: &Source<'_>, iloc: Box, item: u32) -> Result<Option<Location>, Stop> {
    let mut found = None;
    each_location(source, iloc, |id| id == u64::from(item), &mut |location| {
        found = Some(location);
        true
    })?;
    Ok(found)
}

/// Where in the file the last of the items ends that lie in it; `None` when there are no items.
pub(super) fn ends_by(source: &Source<'_>, iloc: Box) -> Result<Option<u64>, Stop> {
    let mut end = None;
    each_location(source, iloc, |_| true, &mut |location| {
        if location.construction_method == 0 {
            end = location.extents.iter().map(ByteRange::end).chain(end).max();
        }
        false
    })?;
    Ok(end)
}

/// Visits the locations of the items wanted until one is enough.
fn each_location(
    source: &Source<'_>,
    iloc: Box,
    wanted: impl Fn(u64) -> bool,
    visit: &mut dyn FnMut(Location) -> bool,
) -> Result<(), Stop> {
    let mut cursor = Cursor::new(iloc.bytes(source)?);
    let (version, _) = cursor.version_and_flags()?;
    let sizes = cursor.u16()?;
    let size = |shift: u32| usize::from(sizes >> shift & 0xF);
    let (offset_bytes, length_bytes, base_bytes) = (size(12), size(8), size(4));
    let index_bytes = if version == 0 { 0 } else { size(0) };
    if [offset_bytes, length_bytes, base_bytes, index_bytes].iter().any(|bytes| *bytes > 8) {
        return Err(Stop::Damaged(Oddity::ContainerDamaged));
    }
    let id_bytes = if version < 2 { 2 } else { 4 };
    for _ in 0..cursor.number(id_bytes)? {
        let id = cursor.number(id_bytes)?;
        let construction_method = if version == 0 { 0 } else { (cursor.u16()? & 0xF) as u8 };
        let _data_reference = cursor.u16()?;
        let base = cursor.number(base_bytes)?;
        let extent_count = u64::from(cursor.u16()?);
        if !wanted(id) {
            cursor.take((index_bytes + offset_bytes + length_bytes) * extent_count as usize)?;
            continue;
        }
        if extent_count > EXTENT_CAP {
            return Err(Stop::Damaged(Oddity::ExifTooLarge));
        }
        let mut extents = Vec::new();
        for _ in 0..extent_count {
            cursor.take(index_bytes)?;
            let offset = base.saturating_add(cursor.number(offset_bytes)?);
            extents.push(ByteRange::new(offset, cursor.number(length_bytes)?));
        }
        if visit(Location { construction_method, extents }) {
            break;
        }
    }
    Ok(())
}
