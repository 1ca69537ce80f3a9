//! JPEG (ITU-T T.81): marker segments up to the scan. EXIF lies in APP1, colour profiles in APP2.

use super::{ELEMENT_CAP, EXIF_CAP_BYTES, EXIF_PREFIX, ExifBlock, Survey, assemble, is_tiff};
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const TEM: u8 = 0x01;

/// Cameras and editors leave a few stray bytes between segments; more than this is no JPEG header.
const STRAY_CAP_BYTES: u32 = 64 << 10;

/// One marker segment.
struct Segment {
    marker: u8,
    payload: ByteRange,
}

/// The segments before the first scan.
struct Segments<'a> {
    source: &'a Source<'a>,
    at: u64,
    stray_bytes: u32,
    seen: u32,
}

impl<'a> Segments<'a> {
    fn new(source: &'a Source<'a>) -> Self {
        Self { source, at: 2, stray_bytes: 0, seen: 0 }
    }

    /// The next segment, or `None` at the scan or at the end of the image.
    fn next(&mut self) -> Result<Option<Segment>, Stop> {
        loop {
            let marker = match self.source.array(self.at)? {
                [0xFF, 0xFF] => {
                    self.stray(1)?;
                    continue;
                }
                [0xFF, SOI | TEM | 0xD0..=0xD7] => {
                    self.stray(2)?;
                    continue;
                }
                [0xFF, SOS | EOI] => return Ok(None),
                [0xFF, marker] if marker > 0 => marker,
                _ => {
                    self.stray(1)?;
                    continue;
                }
            };
            self.seen += 1;
            if self.seen > ELEMENT_CAP {
                return Err(Stop::Damaged(Oddity::ReadLimit));
            }
            let length = u64::from(u16::from_be_bytes(self.source.array(self.at + 2)?));
            let payload_bytes = length.checked_sub(2).ok_or(Stop::Damaged(Oddity::ContainerDamaged))?;
            let payload = ByteRange::new(self.at + 4, payload_bytes);
            self.at = payload.end();
            return Ok(Some(Segment { marker, payload }));
        }
    }

    fn stray(&mut self, bytes: u32) -> Result<(), Stop> {
        self.at += u64::from(bytes);
        self.stray_bytes += bytes;
        if self.stray_bytes > STRAY_CAP_BYTES {
            return Err(Stop::Damaged(Oddity::ContainerDamaged));
        }
        Ok(())
    }
}

pub(super) fn survey(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    let mut pieces = Vec::new();
    let outcome = walk(source, survey, &mut pieces);
    survey.exif = match pieces.as_slice() {
        [] => None,
        [whole] => Some(ExifBlock::InFile(*whole)),
        // An EXIF of more than 64 KiB goes on in the APP1 segments that follow.
        pieces => Some(ExifBlock::Assembled(assemble(source, pieces, EXIF_CAP_BYTES)?)),
    };
    outcome
}

fn walk(source: &Source<'_>, survey: &mut Survey, pieces: &mut Vec<ByteRange>) -> Result<(), Stop> {
    let mut segments = Segments::new(source);
    while let Some(segment) = segments.next()? {
        match segment.marker {
            APP1 => {
                if let Some(block) = exif_block(source, &segment)? {
                    let begins = is_tiff(source.up_to(block.offset, block.length.min(4))?);
                    // Of several EXIF blocks the first counts; what does not begin as one continues it.
                    if begins == pieces.is_empty() {
                        pieces.push(block);
                    } else if pieces.is_empty() {
                        survey.oddities.note(Oddity::ExifDamaged);
                    }
                }
            }
            // SOF0 to SOF15: C4, C8 and CC are other segments.
            0xC0..=0xCF if !matches!(segment.marker, 0xC4 | 0xC8 | 0xCC) => {
                let [_, h1, h0, w1, w0] = source.array(segment.payload.offset)?;
                survey
                    .set_dimensions(u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
                if !pieces.is_empty() {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The part of an APP1 segment after its EXIF identifier; up to four stray bytes stand before it, and the
/// second NUL may be missing its value, in files of some cameras.
fn exif_block(source: &Source<'_>, segment: &Segment) -> Result<Option<ByteRange>, Stop> {
    let head = source.up_to(segment.payload.offset, segment.payload.length.min(10))?;
    let mark = EXIF_PREFIX.len();
    let Some(stray) = head.windows(mark).position(|window| {
        window.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"Exif")) && window.get(4) == Some(&0)
    }) else {
        return Ok(None);
    };
    let skip = (stray + mark) as u64;
    Ok(Some(ByteRange::new(segment.payload.offset + skip, segment.payload.length - skip)))
}

/// The colour profile's pieces in their order (ICC.1:2022, B.4), or none where one is missing.
pub(in crate::metadata) fn icc_pieces(source: &Source<'_>) -> Result<Vec<ByteRange>, Stop> {
    const HEADER: u64 = 14;
    let mut pieces: Vec<(u8, ByteRange)> = Vec::new();
    let mut announced = 0;
    let mut segments = Segments::new(source);
    while let Some(segment) = segments.next()? {
        if segment.marker != APP2 || segment.payload.length < HEADER {
            continue;
        }
        let head: [u8; HEADER as usize] = source.array(segment.payload.offset)?;
        let Some([number, count]) = head.strip_prefix(b"ICC_PROFILE\0") else { continue };
        announced = *count;
        let piece = ByteRange::new(segment.payload.offset + HEADER, segment.payload.length - HEADER);
        pieces.push((*number, piece));
    }
    if pieces.len() != usize::from(announced) {
        return Ok(Vec::new());
    }
    let piece = |number: u8| Some(pieces.iter().find(|(found, _)| *found == number)?.1);
    Ok((1..=announced).map(piece).collect::<Option<Vec<ByteRange>>>().unwrap_or_default())
}
