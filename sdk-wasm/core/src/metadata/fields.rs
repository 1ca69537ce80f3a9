//! The values of EXIF fields, by tag and by the type they were written in (TIFF 6.0, section 2).

use super::tiff::{ByteOrder, Directory, Entry, kind};

/// A longer text is no name of a camera.
const TEXT_CAP_BYTES: usize = 512;

/// A field: its tag, and the directory it belongs into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) directory: Directory,
    pub(super) tag: u16,
}

/// The fields that are read (EXIF 2.32, 4.6).
pub(super) mod field {
    use super::{Directory, Field};

    const fn image(tag: u16) -> Field {
        Field { directory: Directory::Image, tag }
    }
    const fn exif(tag: u16) -> Field {
        Field { directory: Directory::Exif, tag }
    }
    const fn gps(tag: u16) -> Field {
        Field { directory: Directory::Gps, tag }
    }

    pub(in crate::metadata) const MAKE: Field = image(0x010F);
    pub(in crate::metadata) const MODEL: Field = image(0x0110);
    pub(in crate::metadata) const ORIENTATION: Field = image(0x0112);
    pub(in crate::metadata) const SOFTWARE: Field = image(0x0131);
    pub(in crate::metadata) const EXPOSURE_TIME: Field = exif(0x829A);
    pub(in crate::metadata) const F_NUMBER: Field = exif(0x829D);
    pub(in crate::metadata) const PHOTOGRAPHIC_SENSITIVITY: Field = exif(0x8827);
    pub(in crate::metadata) const RECOMMENDED_EXPOSURE_INDEX: Field = exif(0x8832);
    pub(in crate::metadata) const DATE_TIME_ORIGINAL: Field = exif(0x9003);
    pub(in crate::metadata) const OFFSET_TIME_ORIGINAL: Field = exif(0x9011);
    pub(in crate::metadata) const FLASH: Field = exif(0x9209);
    pub(in crate::metadata) const FOCAL_LENGTH: Field = exif(0x920A);
    pub(in crate::metadata) const SUB_SEC_TIME_ORIGINAL: Field = exif(0x9291);
    pub(in crate::metadata) const LENS_MODEL: Field = exif(0xA434);
    pub(in crate::metadata) const GPS_LATITUDE_REF: Field = gps(0x01);
    pub(in crate::metadata) const GPS_LATITUDE: Field = gps(0x02);
    pub(in crate::metadata) const GPS_LONGITUDE_REF: Field = gps(0x03);
    pub(in crate::metadata) const GPS_LONGITUDE: Field = gps(0x04);
    pub(in crate::metadata) const GPS_ALTITUDE_REF: Field = gps(0x05);
    pub(in crate::metadata) const GPS_ALTITUDE: Field = gps(0x06);
    pub(in crate::metadata) const GPS_TIME_STAMP: Field = gps(0x07);
    pub(in crate::metadata) const GPS_IMG_DIRECTION: Field = gps(0x11);
    pub(in crate::metadata) const GPS_DATE_STAMP: Field = gps(0x1D);

    /// Those of the camera and the capture, not of the place.
    pub(in crate::metadata) const OF_CAPTURE: [Field; 14] = [
        MAKE,
        MODEL,
        ORIENTATION,
        SOFTWARE,
        EXPOSURE_TIME,
        F_NUMBER,
        PHOTOGRAPHIC_SENSITIVITY,
        RECOMMENDED_EXPOSURE_INDEX,
        DATE_TIME_ORIGINAL,
        OFFSET_TIME_ORIGINAL,
        FLASH,
        FOCAL_LENGTH,
        SUB_SEC_TIME_ORIGINAL,
        LENS_MODEL,
    ];
}

/// The fields of one block.
pub(super) struct Fields {
    order: ByteOrder,
    entries: Vec<Entry>,
}

impl Fields {
    pub(super) fn new(order: ByteOrder, entries: Vec<Entry>) -> Self {
        Self { order, entries }
    }

    /// A field's value in its own directory, or where it strayed to between IFD0 and the EXIF IFD.
    pub(super) fn value(&self, field: Field) -> Option<Value<'_>> {
        let stray = match field.directory {
            Directory::Image => Directory::Exif,
            Directory::Exif => Directory::Image,
            other => other,
        };
        let find = |directory| {
            self.entries.iter().find(|entry| entry.directory == directory && entry.tag == field.tag)
        };
        let Entry { kind, value, .. } = find(field.directory).or_else(|| find(stray))?;
        Some(Value { order: self.order, kind: *kind, bytes: value })
    }

    /// The bytes of a text up to the first NUL.
    pub(super) fn ascii(&self, field: Field) -> Option<&[u8]> {
        let Value { kind, bytes, .. } = self.value(field)?;
        // Some writers leave the type of texts undefined.
        let is_text = matches!(kind, kind::ASCII | kind::UNDEFINED);
        let text = bytes.split(|byte| *byte == 0).next().filter(|_| is_text)?;
        (text.len() <= TEXT_CAP_BYTES).then_some(text)
    }

    pub(super) fn text(&self, field: Field) -> Option<String> {
        let text = String::from_utf8_lossy(self.ascii(field)?);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(super) fn uint(&self, field: Field) -> Option<u32> {
        self.value(field)?.uint()
    }

    pub(super) fn positive(&self, field: Field) -> Option<f64> {
        self.value(field)?.number(0).filter(|number| *number > 0.0)
    }
}

/// The numbers, or the bytes, of one field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    order: ByteOrder,
    kind: u16,
    bytes: &'a [u8],
}

impl Value<'_> {
    /// The first number, where it is a whole one without a sign.
    pub(super) fn uint(self) -> Option<u32> {
        match self.kind {
            kind::BYTE | kind::SHORT | kind::LONG => Some(self.unsigned(0)? as u32),
            _ => None,
        }
    }

    /// The first bit of the first number, or of the first byte of what has no type.
    pub(super) fn is_odd(self) -> bool {
        match self.kind {
            kind::UNDEFINED => self.bytes.first().is_some_and(|byte| byte & 1 == 1),
            _ => self.uint().is_some_and(|number| number & 1 == 1),
        }
    }

    /// One of the numbers; `None` where it is not there, or is not finite (a denominator of 0).
    pub(super) fn number(self, index: usize) -> Option<f64> {
        let bits = self.unsigned(index)?;
        let number = match self.kind {
            kind::BYTE | kind::SHORT | kind::LONG => bits as f64,
            kind::SSHORT => f64::from(bits as i16),
            // Some writers sign what the standard has unsigned.
            kind::SLONG => f64::from(bits as i32),
            kind::RATIONAL | kind::SRATIONAL => {
                let (high, low) = ((bits >> 32) as u32, bits as u32);
                let (numerator, denominator) =
                    if self.order == ByteOrder::Big { (high, low) } else { (low, high) };
                if self.kind == kind::SRATIONAL {
                    f64::from(numerator as i32) / f64::from(denominator as i32)
                } else {
                    f64::from(numerator) / f64::from(denominator)
                }
            }
            kind::FLOAT => f64::from(f32::from_bits(bits as u32)),
            kind::DOUBLE => f64::from_bits(bits),
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// The bits of one of the numbers.
    fn unsigned(self, index: usize) -> Option<u64> {
        let unit = usize::try_from(kind::unit_bytes(self.kind)?).ok()?;
        Some(self.order.number(self.bytes.get(index.checked_mul(unit)?..)?.get(..unit)?))
    }
}
