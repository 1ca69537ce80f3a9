//! Films: MP4 and 3GP (ISO/IEC 14496-12, 3GPP TS 26.244), and QuickTime (QuickTime File Format): the picture's size
//! and turn, when and where it was filmed, and with what.
//!
//! A phone writes all that into the `moov` box, mostly at the file's end. Samples are never read.

use windlass_protocol::PhotoMetadata;
use windlass_protocol::metadata::TakenAt;

use super::cursor::Cursor;
use super::isobmff::{Box, each_box};
use super::{Film, Survey};
use crate::metadata::orientation::Orientation;
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::{Oddities, Oddity};
use crate::metadata::{gps, taken_at};

use texts::Texts;

mod iso6709;
mod texts;

pub(super) fn survey(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    let mut movie = None;
    each_box(source, ByteRange::new(0, source.size_bytes()), &mut |found| {
        if &found.kind == b"moov" {
            movie = Some(found.body);
        }
        Ok(movie.is_some())
    })?;
    // A recording that broke off has none; nobody can play it.
    let movie = movie.ok_or(Stop::Damaged(Oddity::FileTruncated))?;
    let (mut created, mut texts) = (None, Texts::default());
    let read = each_within(source, movie, &mut |found| {
        match &found.kind {
            b"mvhd" => created = created_at(source, found)?,
            b"trak" if survey.dimensions.is_none() => picture(source, found, survey)?,
            b"udta" => texts.add_user_data(source, found)?,
            b"meta" => texts.add_keys(source, found)?,
            _ => {}
        }
        Ok(false)
    });
    // What came before the damage is told; what must be read first is asked for.
    if let Err(stop) = read {
        survey.oddities.note(stop.into_oddity()?);
    }
    survey.film = texts.into_film(&mut survey.oddities);
    survey.film.taken_at = survey.film.taken_at.take().or(created);
    Ok(())
}

/// Calls `visit` with each box in another one, as far as it lies in it. Whatever goes on behind the end of that would be
/// read once more for each of thousands of boxes that do.
fn each_within(
    source: &Source<'_>,
    outer: ByteRange,
    visit: &mut dyn FnMut(Box) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    each_box(source, outer, &mut |mut found| {
        found.body.length = found.body.length.min(outer.end().saturating_sub(found.body.offset));
        visit(found)
    })
}

/// Seconds from the beginning of 1904, from which films count, to that of 1970.
const SECONDS_1904_TO_1970: u64 = 2_082_844_800;

/// When the film was made, in UTC (`mvhd`, ISO/IEC 14496-12, 8.2.2). A time before 1970 is that of a clock which was
/// never set.
fn created_at(source: &Source<'_>, header: Box) -> Result<Option<TakenAt>, Stop> {
    let mut cursor = Cursor::new(source.get(header.body.offset, header.body.length.min(12))?);
    let seconds = match cursor.version_and_flags()? {
        (1, _) => cursor.number(8)?,
        _ => cursor.number(4)?,
    };
    Ok(seconds.checked_sub(SECONDS_1904_TO_1970).and_then(taken_at::of_unix_time))
}

/// Size and turn of a track of pictures, as its header has them (`tkhd`, 8.3.2); other tracks say nothing.
fn picture(source: &Source<'_>, track: Box, survey: &mut Survey) -> Result<(), Stop> {
    let (mut header, mut is_picture) = (None, false);
    each_within(source, track.body, &mut |found| {
        match &found.kind {
            b"tkhd" => header = Some(found),
            b"mdia" => each_within(source, found.body, &mut |inner| {
                if &inner.kind == b"hdlr" {
                    // Version and flags, and a number that is 0 in MP4 and 'mhlr' in QuickTime.
                    is_picture = &source.array::<4>(inner.body.offset + 8)? == b"vide";
                }
                Ok(&inner.kind == b"hdlr")
            })?,
            _ => {}
        }
        Ok(&found.kind == b"mdia")
    })?;
    let Some(header) = header.filter(|_| is_picture) else { return Ok(()) };
    let mut cursor = Cursor::new(source.get(header.body.offset, header.body.length.min(96))?);
    let times_bytes = match cursor.version_and_flags()? {
        (1, _) => 8 + 8 + 4 + 4 + 8,
        _ => 4 + 4 + 4 + 4 + 4,
    };
    // Layer, group, volume and what is reserved stand between the times and the matrix.
    cursor.take(times_bytes + 16)?;
    let mut matrix = [0_i32; 9];
    for cell in &mut matrix {
        *cell = cursor.u32()? as i32;
    }
    // Whole pixels before the point.
    let (width, height) = (cursor.u32()? >> 16, cursor.u32()? >> 16);
    survey.set_dimensions(width, height);
    let [a, b, _, c, d, ..] = matrix;
    survey.orientation = Some(turn(a, b, c, d));
    Ok(())
}

/// The turn of a matrix that takes (x, y) to (a x + c y, b x + d y), with y downwards. One that is neither a quarter
/// turn nor a mirror is taken for none.
fn turn(a: i32, b: i32, c: i32, d: i32) -> Orientation {
    let upright = Orientation::default();
    match (a.signum(), b.signum(), c.signum(), d.signum()) {
        (0, 1, -1, 0) => upright.turned_anticlockwise(3),
        (-1, 0, 0, -1) => upright.turned_anticlockwise(2),
        (0, -1, 1, 0) => upright.turned_anticlockwise(1),
        (-1, 0, 0, 1) => upright.mirrored_left_to_right(),
        (1, 0, 0, -1) => upright.mirrored_top_to_bottom(),
        (0, 1, 1, 0) => upright.turned_anticlockwise(1).mirrored_top_to_bottom(),
        (0, -1, -1, 0) => upright.turned_anticlockwise(1).mirrored_left_to_right(),
        _ => upright,
    }
}

impl Film {
    pub(in crate::metadata) fn into_metadata(self, metadata: &mut PhotoMetadata) {
        metadata.make = self.make;
        metadata.model = self.model;
        metadata.software = self.software;
        metadata.taken_at = self.taken_at;
        metadata.location = self.location;
    }
}

impl Texts {
    fn into_film(self, oddities: &mut Oddities) -> Film {
        let taken_at = self.created.as_deref().and_then(|text| {
            let moment = taken_at::of_iso8601(text.as_bytes());
            if moment.is_none() {
                oddities.note(Oddity::DateInvalid);
            }
            moment
        });
        let location = self.place.as_deref().and_then(|text| {
            let reading = iso6709::read(text);
            if reading.is_none() {
                oddities.note(Oddity::GpsInvalid);
            }
            reading
        });
        let location = location.or(self.fix);
        if location.as_ref().is_some_and(gps::is_off_globe) {
            oddities.note(Oddity::GpsOffGlobe);
        }
        Film { make: self.make, model: self.model, software: self.software, taken_at, location }
    }
}
