//! A HEIC as a phone writes it: coded by `heifer` in tiles of 512 × 512 pixels, and turned by properties of
//! the container (ISO/IEC 23008-12, 6.5), while EXIF may say what it likes.

use heifer::heifer_isobmff::BoxIter;
use heifer::heifer_isobmff::boxes::{PropertyAssociation, parse_primary_item, parse_property_associations};
use heifer::{EncodeOptions, Image, Metadata};

/// What else is in the file.
#[derive(Debug, Clone, Default)]
pub struct HeicForm {
    /// Boxes of properties of the primary picture, applied in this order, as [`turn`] makes them.
    pub properties: Vec<Vec<u8>>,
    pub exif: Option<Vec<u8>>,
    pub icc: Option<Vec<u8>>,
    /// Quality from 0 to 100.
    pub quality: u8,
}

/// The properties that turn a stored picture upright as this EXIF orientation would.
pub fn turn(orientation: u8) -> Vec<Vec<u8>> {
    let (anticlockwise, left_to_right) = match orientation {
        2 => (0, true),
        3 => (2, false),
        4 => (2, true),
        5 => (3, true),
        6 => (3, false),
        7 => (1, true),
        8 => (1, false),
        _ => (0, false),
    };
    let mut properties = Vec::new();
    if anticlockwise > 0 {
        properties.push(boxed(b"irot", &[anticlockwise]));
    }
    if left_to_right {
        properties.push(boxed(b"imir", &[1]));
    }
    properties
}

/// A file of opaque or transparent pixels, four bytes each.
pub fn heic(rgba: &[u8], width: u32, height: u32, form: &HeicForm) -> Result<Vec<u8>, String> {
    let samples = rgba.iter().map(|level| u16::from(*level)).collect();
    let has_alpha = rgba.chunks_exact(4).any(|pixel| pixel[3] < 255);
    let image = Image { width, height, bit_depth: 8, has_alpha, data: samples };
    let metadata = Metadata { exif: form.exif.clone(), xmp: None, icc_profile: form.icc.clone() };
    let options = EncodeOptions { quality: form.quality, max_threads: 0 };
    let mut file =
        heifer::encode_with_metadata(&image, &metadata, &options).map_err(|error| error.to_string())?;
    if let Some(exif) = &form.exif {
        restore_exif(&mut file, exif);
    }
    with_properties(file, &form.properties).ok_or_else(|| "the encoder's file is not as expected".to_owned())
}

/// The encoder writes EXIF that says upright; a phone's says what the sensor noticed.
fn restore_exif(file: &mut [u8], exif: &[u8]) {
    let half = exif.len() / 2;
    let tail = &exif[half..];
    let found = file.windows(tail.len()).position(|window| window == tail);
    if let Some(block) = found.and_then(|at| file.get_mut(at.checked_sub(half)?..at + tail.len())) {
        block.copy_from_slice(exif);
    }
}

/// Adds properties to the primary picture. The `meta` box grows, so it moves to the end of the file, and
/// what it says of places in the file stays true.
fn with_properties(mut file: Vec<u8>, added: &[Vec<u8>]) -> Option<Vec<u8>> {
    let meta = BoxIter::new(&file).flatten().find(|found| found.header.box_type.0 == *b"meta")?;
    let (start, content) = (meta.offset, meta.content);
    // Behind version and flags.
    let children: Vec<_> = BoxIter::new(content.get(4..)?).flatten().collect();
    let child = |kind: &[u8; 4]| children.iter().find(|found| found.header.box_type.0 == *kind);
    let primary = parse_primary_item(child(b"pitm")?.content).ok()?;
    let mut body = vec![0; 4];
    for found in &children {
        let kind = found.header.box_type.0;
        if kind == *b"iprp" {
            body.extend(boxed(b"iprp", &properties(found.content, primary, added)?));
        } else {
            body.extend(boxed(&kind, found.content));
        }
    }
    file.get_mut(start + 4..start + 8)?.copy_from_slice(b"free");
    file.extend(boxed(b"meta", &body));
    Some(file)
}

/// The inside of `iprp` with more properties for one item.
fn properties(content: &[u8], item: u32, added: &[Vec<u8>]) -> Option<Vec<u8>> {
    let found: Vec<_> = BoxIter::new(content).flatten().collect();
    let child = |kind: &[u8; 4]| found.iter().find(|found| found.header.box_type.0 == *kind);
    let container = child(b"ipco")?.content;
    let count = BoxIter::new(container).count();
    let mut associations = parse_property_associations(child(b"ipma")?.content).ok()?;
    if !associations.iter().any(|(id, _)| *id == item) {
        associations.push((item, Vec::new()));
    }
    let of_item = associations.iter_mut().find(|(id, _)| *id == item)?;
    let indices = (count + 1..=count + added.len()).filter_map(|index| u16::try_from(index).ok());
    of_item.1.extend(indices.map(|index| PropertyAssociation { index, essential: true }));
    // Version 1, flags 1: ids of 32 bits, indices of 15.
    let mut ipma = vec![1, 0, 0, 1];
    ipma.extend(u32::try_from(associations.len()).ok()?.to_be_bytes());
    for (id, of_item) in &associations {
        ipma.extend(id.to_be_bytes());
        ipma.push(u8::try_from(of_item.len()).ok()?);
        for PropertyAssociation { index, essential } in of_item {
            ipma.extend((index | u16::from(*essential) << 15).to_be_bytes());
        }
    }
    Some([boxed(b"ipco", &[container, &added.concat()].concat()), boxed(b"ipma", &ipma)].concat())
}

/// One box of ISO/IEC 14496-12.
pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}
