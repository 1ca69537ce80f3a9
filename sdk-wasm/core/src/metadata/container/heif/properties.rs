//! Properties of a HEIF item (ISO/IEC 23008-12, 6.5 and 9.3): `iprp` holds `ipco`, the properties, and
//! `ipma`, which of them belong to which item, in the order they apply.

use crate::metadata::container::cursor::Cursor;
use crate::metadata::container::isobmff::{Box, each_box};
use crate::metadata::orientation::Orientation;
use crate::metadata::source::{ByteRange, Source, Stop};

/// An item has some ten properties; no more than this are looked at.
const ASSOCIATION_CAP: usize = 256;

/// What the properties of one item say.
#[derive(Default)]
pub(super) struct ItemProperties {
    /// Width and height in pixels before any turn (`ispe`).
    pub(super) dimensions: Option<(u32, u32)>,
    /// `irot` and `imir` applied in their order.
    pub(super) orientation: Orientation,
    /// The ICC profile (`colr` of type `prof` or `rICC`).
    pub(super) icc_profile: Option<ByteRange>,
}

pub(super) fn of_item(source: &Source<'_>, iprp: Box, item: u32) -> Result<ItemProperties, Stop> {
    let mut properties = Vec::new();
    let mut associations = Vec::new();
    each_box(source, iprp.body, &mut |found| {
        match &found.kind {
            b"ipco" => each_box(source, found.body, &mut |property| {
                properties.push(property);
                Ok(false)
            })?,
            b"ipma" => associations_of(source, found, item, &mut associations)?,
            _ => {}
        }
        Ok(false)
    })?;
    let mut found = ItemProperties::default();
    // Indices count from 1; 0 associates nothing.
    for property in associations.iter().filter_map(|index| properties.get(index.checked_sub(1)?)) {
        found.apply(source, *property)?;
    }
    Ok(found)
}

fn associations_of(
    source: &Source<'_>,
    ipma: Box,
    item: u32,
    associations: &mut Vec<usize>,
) -> Result<(), Stop> {
    let mut cursor = Cursor::new(ipma.bytes(source)?);
    let (version, flags) = cursor.version_and_flags()?;
    let id_bytes = if version < 1 { 2 } else { 4 };
    // The highest bit says that the property is essential.
    let (index_bytes, index_mask) = if flags & 1 == 0 { (1, 0x7F) } else { (2, 0x7FFF) };
    for _ in 0..cursor.u32()? {
        let id = cursor.number(id_bytes)?;
        let count = usize::from(cursor.u8()?);
        let mut indices = Cursor::new(cursor.take(count * index_bytes)?);
        if id == u64::from(item) && associations.len() < ASSOCIATION_CAP {
            for _ in 0..count {
                associations.push(indices.number(index_bytes)? as usize & index_mask);
            }
        }
    }
    Ok(())
}

impl ItemProperties {
    fn apply(&mut self, source: &Source<'_>, property: Box) -> Result<(), Stop> {
        match &property.kind {
            b"ispe" if self.dimensions.is_none() => {
                let mut cursor = Cursor::new(source.get(property.body.offset, 12)?);
                cursor.version_and_flags()?;
                self.dimensions = Some((cursor.u32()?, cursor.u32()?));
            }
            b"irot" => {
                let [angle] = source.array(property.body.offset)?;
                self.orientation = self.orientation.turned_anticlockwise(angle & 3);
            }
            b"imir" => {
                let [axis] = source.array(property.body.offset)?;
                self.orientation = match axis & 1 {
                    0 => self.orientation.mirrored_top_to_bottom(),
                    _ => self.orientation.mirrored_left_to_right(),
                };
            }
            b"colr" if self.icc_profile.is_none() && property.body.length > 4 => {
                let kind: [u8; 4] = source.array(property.body.offset)?;
                if matches!(&kind, b"prof" | b"rICC") {
                    let profile = property.body;
                    self.icc_profile = Some(ByteRange::new(profile.offset + 4, profile.length - 4));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
