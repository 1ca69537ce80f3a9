//! The wanted entries of the directories that count, wherever in the file they are.

use super::directory::{RawDirectory, RawEntry};
use super::view::View;
use super::{kind, tag};
use crate::metadata::source::{ByteRange, Stop};
use crate::metadata::warning::{Oddities, Oddity};

/// The longest value taken; a maker note may be as long.
const VALUE_CAP_BYTES: u64 = 64 << 10;
/// The most all values of a block take together.
const TOTAL_CAP_BYTES: u64 = 1 << 20;
/// How many entries are taken; cameras write about a hundred.
const ENTRY_CAP: usize = 1024;
/// How many directories of pictures a raw file is looked through for the main one.
const SUB_DIRECTORY_CAP: u64 = 16;

/// The directories that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::metadata) enum Directory {
    /// IFD0: the main picture, or the preview of a raw file.
    Image,
    /// The EXIF IFD.
    Exif,
    /// The GPS IFD.
    Gps,
    /// In a raw file, the main picture where IFD0 is only its preview.
    MainPicture,
}

/// An entry with its value.
#[derive(Debug, Clone)]
pub(in crate::metadata) struct Entry {
    pub(in crate::metadata) directory: Directory,
    pub(in crate::metadata) tag: u16,
    /// One of the classic types 1 to 12.
    pub(in crate::metadata) kind: u16,
    pub(in crate::metadata) count: u32,
    /// In the block's byte order.
    pub(in crate::metadata) value: Vec<u8>,
}

/// Collects the wanted entries. Errs only where bytes must be read first; damage is an oddity.
pub(in crate::metadata) fn collect(
    view: &View<'_>,
    wanted: fn(Directory, u16) -> bool,
    oddities: &mut Oddities,
) -> Result<Vec<Entry>, Stop> {
    let mut collection = Collection { view, wanted, oddities, entries: Vec::new(), total_bytes: 0 };
    let Some(image) = collection.directory(view.first_directory)? else { return Ok(Vec::new()) };
    collection.take(Directory::Image, &image)?;
    let exif = collection.linked(tag::EXIF_IFD, &[Some(&image)])?;
    let gps = collection.linked(tag::GPS_IFD, &[Some(&image), exif.as_ref()])?;
    if let Some(exif) = exif {
        collection.take(Directory::Exif, &exif)?;
    }
    if let Some(gps) = gps {
        collection.take(Directory::Gps, &gps)?;
    }
    if wanted(Directory::MainPicture, tag::IMAGE_WIDTH)
        && let Some(main) = collection.main_picture(&image)?
    {
        collection.take(Directory::MainPicture, &main)?;
    }
    Ok(collection.entries)
}

struct Collection<'a> {
    view: &'a View<'a>,
    wanted: fn(Directory, u16) -> bool,
    oddities: &'a mut Oddities,
    entries: Vec<Entry>,
    total_bytes: u64,
}

impl Collection<'_> {
    /// A directory, or `None` where it is damaged.
    fn directory(&mut self, at: u64) -> Result<Option<RawDirectory>, Stop> {
        match RawDirectory::read(self.view, at) {
            Ok(directory) => Ok(Some(directory)),
            Err(stop) => {
                self.oddities.note(stop.into_oddity()?);
                Ok(None)
            }
        }
    }

    /// The directory the first sound link among the given directories leads to.
    fn linked(&mut self, link: u16, from: &[Option<&RawDirectory>]) -> Result<Option<RawDirectory>, Stop> {
        for entry in from.iter().flatten().flat_map(|directory| &directory.entries) {
            if entry.tag == link {
                match entry.number(self.view) {
                    Ok(Some(at)) => return self.directory(at),
                    Ok(None) => self.oddities.note(Oddity::ExifEntrySkipped),
                    Err(stop) => self.oddities.note(stop.into_oddity()?),
                }
            }
        }
        Ok(None)
    }

    /// Where IFD0 is a reduced picture, the full one among the directories it links to (DNG 1.6, 2).
    fn main_picture(&mut self, image: &RawDirectory) -> Result<Option<RawDirectory>, Stop> {
        if !self.is_reduced(image)? {
            return Ok(None);
        }
        let Some(links) = image.entries.iter().find(|entry| entry.tag == tag::SUB_IFDS) else {
            return Ok(None);
        };
        let (Some(value), Some(unit)) = (links.value, kind::unit_bytes(links.kind)) else { return Ok(None) };
        for index in 0..links.count.min(SUB_DIRECTORY_CAP) {
            let at = match self.view.number(value.offset + index * unit, unit) {
                Ok(at) => at,
                Err(stop) => {
                    self.oddities.note(stop.into_oddity()?);
                    break;
                }
            };
            if let Some(directory) = self.directory(at)?
                && !self.is_reduced(&directory)?
            {
                return Ok(Some(directory));
            }
        }
        Ok(None)
    }

    fn is_reduced(&mut self, directory: &RawDirectory) -> Result<bool, Stop> {
        let subfile = directory.entries.iter().find(|entry| entry.tag == tag::NEW_SUBFILE_TYPE);
        match subfile.map(|entry| entry.number(self.view)).transpose() {
            Ok(bits) => Ok(bits.flatten().is_some_and(|bits| bits & 1 == 1)),
            Err(stop) => {
                self.oddities.note(stop.into_oddity()?);
                Ok(false)
            }
        }
    }

    fn take(&mut self, directory: Directory, raw: &RawDirectory) -> Result<(), Stop> {
        let wanted = self.wanted;
        for entry in raw.entries.iter().filter(|entry| wanted(directory, entry.tag)) {
            match self.value_of(entry) {
                Ok((kind, value)) => {
                    self.total_bytes += value.len() as u64;
                    let count = value.len() as u64 / kind::unit_bytes(kind).unwrap_or(1);
                    let entry = Entry { directory, tag: entry.tag, kind, count: count as u32, value };
                    self.put(entry);
                }
                Err(stop) => self.oddities.note(stop.into_oddity()?),
            }
        }
        Ok(())
    }

    /// The last of several entries with one tag counts.
    fn put(&mut self, entry: Entry) {
        let same = |other: &&mut Entry| other.directory == entry.directory && other.tag == entry.tag;
        match self.entries.iter_mut().find(same) {
            Some(earlier) => *earlier = entry,
            None => self.entries.push(entry),
        }
    }

    /// An entry's value in one of the classic types.
    fn value_of(&self, entry: &RawEntry) -> Result<(u16, Vec<u8>), Stop> {
        let value = entry.value.ok_or(Stop::Damaged(Oddity::ExifEntrySkipped))?;
        if self.entries.len() >= ENTRY_CAP
            || value.length > VALUE_CAP_BYTES
            || self.total_bytes + value.length > TOTAL_CAP_BYTES
        {
            return Err(Stop::Damaged(Oddity::ExifTooLarge));
        }
        let bytes = self.view.bytes(ByteRange::new(value.offset, value.length))?;
        match entry.kind {
            kind::LONG8 | kind::IFD8 => {
                let short = |number: &[u8]| {
                    let number = u32::try_from(self.view.order.number(number)).ok()?;
                    Some(self.view.order.u32(number))
                };
                let numbers: Option<Vec<[u8; 4]>> = bytes.chunks_exact(8).map(short).collect();
                let numbers = numbers.ok_or(Stop::Damaged(Oddity::ExifEntrySkipped))?;
                Ok((kind::LONG, numbers.concat()))
            }
            kind::IFD => Ok((kind::LONG, bytes.to_vec())),
            kind::UTF8 => Ok((kind::ASCII, bytes.to_vec())),
            kind => Ok((kind, bytes.to_vec())),
        }
    }
}
