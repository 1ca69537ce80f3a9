//! WebP (RFC 9649): RIFF chunks. EXIF comes after the pixels and is reached by seeking.

use super::{ELEMENT_CAP, ExifBlock, Survey, without_prefix};
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

/// The first chunk stands after `RIFF`, the size and `WEBP`.
const FIRST_CHUNK: u64 = 12;

/// Calls `visit` with each chunk's name and data until it says it has seen enough.
fn each_chunk(
    source: &Source<'_>,
    visit: &mut dyn FnMut([u8; 4], ByteRange) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    let mut at = FIRST_CHUNK;
    for _ in 0..ELEMENT_CAP {
        if at + 8 > source.size_bytes() {
            return Ok(());
        }
        let [a, b, c, d, s0, s1, s2, s3] = source.array(at)?;
        let data = ByteRange::new(at + 8, u32::from_le_bytes([s0, s1, s2, s3]).into());
        if visit([a, b, c, d], data)? {
            return Ok(());
        }
        if data.end() > source.size_bytes() {
            return Err(Stop::Damaged(Oddity::FileTruncated));
        }
        // Chunks are padded to an even length.
        at = data.end() + (data.length & 1);
    }
    Err(Stop::Damaged(Oddity::ReadLimit))
}

pub(super) fn survey(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    each_chunk(source, &mut |name, data| {
        match &name {
            b"VP8X" => {
                let [_, _, _, _, w0, w1, w2, h0, h1, h2] = source.array(data.offset)?;
                let width = u32::from_le_bytes([w0, w1, w2, 0]) + 1;
                survey.set_dimensions(width, u32::from_le_bytes([h0, h1, h2, 0]) + 1);
            }
            b"VP8 " => {
                if let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = source.array(data.offset)? {
                    // The upper two bits of each are a scaling hint.
                    let width = u16::from_le_bytes([w0, w1]) & 0x3FFF;
                    survey.set_dimensions(width.into(), (u16::from_le_bytes([h0, h1]) & 0x3FFF).into());
                }
            }
            b"VP8L" => {
                if let [0x2F, b0, b1, b2, b3] = source.array(data.offset)? {
                    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
                    survey.set_dimensions((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
                }
            }
            b"EXIF" => survey.exif = Some(ExifBlock::InFile(without_prefix(source, data)?)),
            _ => {}
        }
        Ok(survey.exif.is_some() && survey.dimensions.is_some())
    })
}

/// The colour profile's chunk.
pub(in crate::metadata) fn icc_profile(source: &Source<'_>) -> Result<Option<ByteRange>, Stop> {
    let mut profile = None;
    each_chunk(source, &mut |name, data| {
        if &name == b"ICCP" {
            profile = Some(data);
        }
        Ok(profile.is_some())
    })?;
    Ok(profile)
}
