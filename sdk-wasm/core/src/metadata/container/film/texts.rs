//! The texts of a film: user data (`udta`, QuickTime and 3GPP) and metadata items under keys (`meta`, QuickTime).

use windlass_protocol::metadata::GpsReading;

use crate::metadata::container::cursor::Cursor;
use crate::metadata::container::isobmff::Box;
use crate::metadata::exif::TEXT_CAP_BYTES;
use crate::metadata::source::{ByteRange, Source, Stop};

use super::each_within;

/// There are fewer names that count.
const KEY_CAP: usize = 16;

/// A place with a longer name is not read.
const LOCATION_CAP_BYTES: u64 = 1024;

/// The texts that count here.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) make: Option<String>,
    pub(super) model: Option<String>,
    pub(super) software: Option<String>,
    /// ISO 8601, with the phone's offset.
    pub(super) created: Option<String>,
    /// ISO 6709.
    pub(super) place: Option<String>,
    /// A place in numbers, which counts where there is none as text.
    pub(super) fix: Option<GpsReading>,
}

impl Texts {
    /// Adds what user data says and no key said.
    pub(super) fn add_user_data(&mut self, source: &Source<'_>, list: Box) -> Result<(), Stop> {
        each_within(source, list.body, &mut |found| {
            match &found.kind {
                b"meta" => self.add_keys(source, found)?,
                b"\xA9mak" => fill(&mut self.make, international(source, found)?),
                b"\xA9mod" => fill(&mut self.model, international(source, found)?),
                b"\xA9swr" => fill(&mut self.software, international(source, found)?),
                b"\xA9xyz" => fill(&mut self.place, international(source, found)?),
                b"loci" => self.fix = location_information(source, found)?,
                _ => {}
            }
            Ok(false)
        })
    }

    /// Takes what stands under keys. It counts before user data, where phones round.
    pub(super) fn add_keys(&mut self, source: &Source<'_>, meta: Box) -> Result<(), Stop> {
        let (mut keys, mut items) = (None, None);
        each_within(source, meta_body(source, meta)?, &mut |found| {
            match &found.kind {
                b"keys" => keys = Some(found),
                b"ilst" => items = Some(found),
                _ => {}
            }
            Ok(false)
        })?;
        let (Some(keys), Some(items)) = (keys, items) else { return Ok(()) };
        let mut names = Cursor::new(keys.bytes(source)?);
        names.version_and_flags()?;
        let mut wanted = Vec::new();
        for index in 1..=names.u32()? {
            let length = names.u32()?.saturating_sub(8) as usize;
            let _namespace = names.take(4)?;
            let name = names.take(length)?;
            if self.field(name).is_some() && wanted.len() < KEY_CAP {
                wanted.push((index, name));
            }
        }
        each_within(source, items.body, &mut |item| {
            let index = u32::from_be_bytes(item.kind);
            let Some((_, name)) = wanted.iter().find(|(known, _)| *known == index) else { return Ok(false) };
            let mut value = None;
            each_within(source, item.body, &mut |found| {
                if &found.kind == b"data" && found.body.length >= 8 {
                    // Type and language stand before it.
                    let text = ByteRange::new(found.body.offset + 8, found.body.length - 8);
                    value = text_of(source, text)?;
                }
                Ok(&found.kind == b"data")
            })?;
            if let Some(field) = self.field(name)
                && value.is_some()
            {
                *field = value;
            }
            Ok(false)
        })
    }

    fn field(&mut self, key: &[u8]) -> Option<&mut Option<String>> {
        match key {
            b"com.apple.quicktime.make" | b"com.android.manufacturer" => Some(&mut self.make),
            b"com.apple.quicktime.model" | b"com.android.model" => Some(&mut self.model),
            b"com.apple.quicktime.software" => Some(&mut self.software),
            b"com.apple.quicktime.creationdate" => Some(&mut self.created),
            b"com.apple.quicktime.location.ISO6709" => Some(&mut self.place),
            _ => None,
        }
    }
}

fn fill(field: &mut Option<String>, text: Option<String>) {
    if field.is_none() {
        *field = text;
    }
}

/// The boxes of a `meta` box: in QuickTime they begin at once, by ISO/IEC 14496-12 after version and flags.
fn meta_body(source: &Source<'_>, meta: Box) -> Result<ByteRange, Stop> {
    match source.up_to(meta.body.offset, meta.body.length.min(8))? {
        [_, _, _, _, b'h', b'd', b'l', b'r'] => Ok(meta.body),
        _ => meta.full_body(),
    }
}

/// A text of QuickTime's user data: its length and its language stand before it.
fn international(source: &Source<'_>, found: Box) -> Result<Option<String>, Stop> {
    let Some(most) = found.body.length.checked_sub(4) else { return Ok(None) };
    let length = u16::from_be_bytes(source.array(found.body.offset)?);
    text_of(source, ByteRange::new(found.body.offset + 4, most.min(length.into())))
}

/// Where a film was made; `None` where the name of the place is longer than any.
fn location_information(source: &Source<'_>, found: Box) -> Result<Option<GpsReading>, Stop> {
    let length = found.body.length.min(LOCATION_CAP_BYTES);
    let location = location_in(source.get(found.body.offset, length)?);
    // What ends here goes on in the film: nothing is wrong with it.
    if length < found.body.length { Ok(location.ok()) } else { location.map(Some) }
}

/// As 3GP has it (3GPP TS 26.244, 8.11): whole degrees and metres before the binary point.
fn location_in(bytes: &[u8]) -> Result<GpsReading, Stop> {
    let mut cursor = Cursor::new(bytes);
    cursor.version_and_flags()?;
    let _language = cursor.u16()?;
    // The name of the place: UTF-8, or UTF-16 after its mark, up to a zero.
    if cursor.clone().u16()? == 0xFEFF {
        while cursor.u16()? != 0 {}
    } else {
        while cursor.u8()? != 0 {}
    }
    let _role = cursor.u8()?;
    let mut fixed = || cursor.u32().map(|bits| f64::from(bits as i32) / 65_536.0);
    let (longitude, latitude, altitude_m) = (fixed()?, fixed()?, fixed()?);
    Ok(GpsReading {
        latitude: Some(latitude),
        longitude: Some(longitude),
        // There is no other way to leave it out.
        altitude_m: (altitude_m != 0.0).then_some(altitude_m),
        ..GpsReading::default()
    })
}

/// Trimmed, and without what comes after a NUL; `None` where it is empty, or longer than any name.
fn text_of(source: &Source<'_>, range: ByteRange) -> Result<Option<String>, Stop> {
    if range.length > TEXT_CAP_BYTES as u64 {
        return Ok(None);
    }
    let bytes = source.get(range.offset, range.length)?;
    let text = String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default());
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
