//! An EXIF block → the fields of [`PhotoMetadata`] (EXIF 2.32, CIPA DC-008).
//!
//! Values are decoded by the `kamadak-exif` library, from a block of our own making that holds the wanted
//! entries and nothing else (see [`super::tiff`]).

use exif::{Context, In, Reader, Tag, Value};
use windlass_protocol::PhotoMetadata;

use super::source::Stop;
use super::tiff::{Directory, Entry, View, build, collect, tag};
use super::warning::{Oddities, Oddity};
use super::{gps, taken_at};

/// A longer text is no name of a camera, and no time or place.
pub(super) const TEXT_CAP_BYTES: usize = 512;

/// An ISO speed of this value says that the real one is larger and stands elsewhere.
const ISO_OVERFLOW: u32 = 65_535;

/// Reads a block's fields into `metadata`. Errs only where bytes must be read first.
pub(super) fn read(
    view: &View<'_>,
    metadata: &mut PhotoMetadata,
    oddities: &mut Oddities,
) -> Result<(), Stop> {
    let entries = collect(view, is_wanted, oddities)?;
    let block = build(view.order, &entries);
    let Ok(exif) = Reader::new().read_raw(block) else {
        oddities.note(Oddity::ExifDamaged);
        return Ok(());
    };
    let fields = Fields(exif);
    metadata.make = fields.text(Tag::Make);
    metadata.model = fields.text(Tag::Model);
    metadata.software = fields.text(Tag::Software);
    metadata.lens_model = fields.text(Tag::LensModel);
    metadata.orientation = fields.uint(Tag::Orientation).and_then(|number| u16::try_from(number).ok());
    metadata.exposure_time_s = fields.positive(Tag::ExposureTime);
    metadata.f_number = fields.positive(Tag::FNumber);
    metadata.focal_length_mm = fields.positive(Tag::FocalLength);
    metadata.iso = match fields.uint(Tag::PhotographicSensitivity) {
        Some(ISO_OVERFLOW) => fields.uint(Tag::RecommendedExposureIndex),
        iso => iso,
    }
    .filter(|iso| *iso > 0);
    metadata.flash_fired = fields.uint(Tag::Flash).map(|flash| flash & 1 == 1);
    metadata.taken_at = taken_at::read(&fields, oddities);
    metadata.location = gps::read(&fields, oddities);
    Ok(())
}

/// Width and height of the main picture of a TIFF file, in pixels.
pub(super) fn picture_size(view: &View<'_>, oddities: &mut Oddities) -> Result<Option<(u32, u32)>, Stop> {
    let entries = collect(
        view,
        |directory, tag| {
            matches!(directory, Directory::Image | Directory::MainPicture)
                && matches!(tag, tag::IMAGE_WIDTH | tag::IMAGE_LENGTH)
        },
        oddities,
    )?;
    let size_in = |directory: Directory| {
        let number = |tag: u16| {
            let entry = entries.iter().find(|entry| entry.directory == directory && entry.tag == tag)?;
            entry.number(view.order)
        };
        number(tag::IMAGE_WIDTH).zip(number(tag::IMAGE_LENGTH))
    };
    Ok(size_in(Directory::MainPicture).or_else(|| size_in(Directory::Image)))
}

impl Entry {
    fn number(&self, order: super::tiff::ByteOrder) -> Option<u32> {
        let is_number =
            matches!(self.kind, super::tiff::kind::SHORT | super::tiff::kind::LONG) && self.count == 1;
        is_number.then(|| order.number(&self.value) as u32)
    }
}

/// The tags read, in the directories they are read from. Raw files keep some of the EXIF IFD's in IFD0.
fn is_wanted(directory: Directory, tag: u16) -> bool {
    let is = |known: Tag| known.number() == tag;
    match directory {
        Directory::Image | Directory::Exif => {
            is(Tag::Make)
                || is(Tag::Model)
                || is(Tag::Software)
                || is(Tag::Orientation)
                || is(Tag::LensModel)
                || is(Tag::ExposureTime)
                || is(Tag::FNumber)
                || is(Tag::FocalLength)
                || is(Tag::PhotographicSensitivity)
                || is(Tag::RecommendedExposureIndex)
                || is(Tag::Flash)
                || is(Tag::DateTimeOriginal)
                || is(Tag::SubSecTimeOriginal)
                || is(Tag::OffsetTimeOriginal)
        }
        // References and coordinates, height, time, direction, date.
        Directory::Gps => matches!(tag, 1..=7 | 0x11 | 0x1D),
        Directory::MainPicture => false,
    }
}

/// The fields of one block.
pub(super) struct Fields(exif::Exif);

impl Fields {
    /// A tag's value in its own directory, or where it strayed to between IFD0 and the EXIF IFD.
    pub(super) fn value(&self, tag: Tag) -> Option<&Value> {
        let stray = match tag.context() {
            Context::Tiff => Some(Context::Exif),
            Context::Exif => Some(Context::Tiff),
            _ => None,
        };
        let field = self.0.get_field(tag, In::PRIMARY).or_else(|| {
            let stray = Tag(stray?, tag.number());
            self.0.get_field(stray, In::PRIMARY)
        })?;
        Some(&field.value)
    }

    /// The bytes of a text up to the first NUL.
    pub(super) fn ascii(&self, tag: Tag) -> Option<&[u8]> {
        let bytes = match self.value(tag)? {
            Value::Ascii(texts) => texts.first()?.as_slice(),
            // Some writers leave the type of texts undefined.
            Value::Undefined(bytes, _) => bytes.split(|byte| *byte == 0).next()?,
            _ => return None,
        };
        (bytes.len() <= TEXT_CAP_BYTES).then_some(bytes)
    }

    fn text(&self, tag: Tag) -> Option<String> {
        let text = String::from_utf8_lossy(self.ascii(tag)?);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn uint(&self, tag: Tag) -> Option<u32> {
        self.value(tag)?.get_uint(0)
    }

    fn positive(&self, tag: Tag) -> Option<f64> {
        number(self.value(tag)?, 0).filter(|number| *number > 0.0)
    }
}

/// One of a field's numbers; `None` where it is not there, or is not finite (a denominator of 0).
pub(super) fn number(value: &Value, index: usize) -> Option<f64> {
    let number = match value {
        Value::Rational(numbers) => numbers.get(index)?.to_f64(),
        // Some writers sign what the standard has unsigned.
        Value::SRational(numbers) => numbers.get(index)?.to_f64(),
        Value::Byte(numbers) => f64::from(*numbers.get(index)?),
        Value::Short(numbers) => f64::from(*numbers.get(index)?),
        Value::Long(numbers) => f64::from(*numbers.get(index)?),
        Value::SShort(numbers) => f64::from(*numbers.get(index)?),
        Value::SLong(numbers) => f64::from(*numbers.get(index)?),
        Value::Float(numbers) => f64::from(*numbers.get(index)?),
        Value::Double(numbers) => *numbers.get(index)?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}
