//! An EXIF block → the fields of [`PhotoMetadata`] (EXIF 2.32, CIPA DC-008).

use windlass_protocol::PhotoMetadata;

use super::fields::{Fields, field};
use super::source::Stop;
use super::tiff::{Directory, Entry, View, collect, tag};
use super::warning::Oddities;
use super::{gps, taken_at};

/// An ISO speed of this value says that the real one is larger and stands elsewhere.
const ISO_OVERFLOW: u32 = 65_535;

/// Reads a block's fields into `metadata`. Errs only where bytes must be read first.
pub(super) fn read(
    view: &View<'_>,
    metadata: &mut PhotoMetadata,
    oddities: &mut Oddities,
) -> Result<(), Stop> {
    let entries = collect(view, is_wanted, oddities)?;
    let fields = Fields::new(view.order, entries);
    metadata.make = fields.text(field::MAKE);
    metadata.model = fields.text(field::MODEL);
    metadata.software = fields.text(field::SOFTWARE);
    metadata.lens_model = fields.text(field::LENS_MODEL);
    metadata.orientation = fields.uint(field::ORIENTATION).and_then(|number| u16::try_from(number).ok());
    metadata.exposure_time_s = fields.positive(field::EXPOSURE_TIME);
    metadata.f_number = fields.positive(field::F_NUMBER);
    metadata.focal_length_mm = fields.positive(field::FOCAL_LENGTH);
    metadata.iso = match fields.uint(field::PHOTOGRAPHIC_SENSITIVITY) {
        Some(ISO_OVERFLOW) => fields.uint(field::RECOMMENDED_EXPOSURE_INDEX),
        iso => iso,
    }
    .filter(|iso| *iso > 0);
    metadata.flash_fired = fields.uint(field::FLASH).map(|flash| flash & 1 == 1);
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

/// Whether a tag is read, in the directory it is in. Raw files keep some of the EXIF IFD's in IFD0.
fn is_wanted(directory: Directory, tag: u16) -> bool {
    match directory {
        Directory::Image | Directory::Exif => field::OF_CAPTURE.iter().any(|field| field.tag == tag),
        // References and coordinates, height, time, direction, date.
        Directory::Gps => matches!(tag, 1..=7 | 0x11 | 0x1D),
        Directory::MainPicture => false,
    }
}
