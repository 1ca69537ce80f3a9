//! PNG (W3C PNG, third edition): EXIF in an `eXIf` chunk, or in a text chunk as ImageMagick wrote it.

use super::inflate::inflate;
use super::{ELEMENT_CAP, EXIF_PREFIX, ExifBlock, Survey, without_prefix};
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

/// The first chunk stands after the signature.
const FIRST_CHUNK: u64 = 8;

/// The longest text an EXIF block is decoded from; two digits of it make a byte.
const PROFILE_TEXT_CAP_BYTES: usize = 1 << 20;

/// How far before the file's end metadata behind the pixels is looked for, where the pixels were not read.
const TAIL_BYTES: u64 = 64 << 10;

/// How many places of the tail that look like a chunk are followed.
const TAIL_CANDIDATE_CAP: usize = 64;

struct Chunk {
    name: [u8; 4],
    data: ByteRange,
}

impl Chunk {
    fn at(source: &Source<'_>, at: u64) -> Result<Self, Stop> {
        let [l3, l2, l1, l0, a, b, c, d] = source.array(at)?;
        let length = u32::from_be_bytes([l3, l2, l1, l0]);
        if length > i32::MAX as u32 || ![a, b, c, d].iter().all(u8::is_ascii_alphabetic) {
            return Err(Stop::Damaged(Oddity::ContainerDamaged));
        }
        Ok(Self { name: [a, b, c, d], data: ByteRange::new(at + 8, length.into()) })
    }

    /// Where the chunk after this one begins: behind the data and its CRC.
    fn next(&self) -> u64 {
        self.data.end() + 4
    }
}

pub(super) fn survey(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    let mut at = FIRST_CHUNK;
    let mut behind_pixels = false;
    for _ in 0..ELEMENT_CAP {
        let chunk = match Chunk::at(source, at) {
            // Pixels come in chunks of a few KiB: go around them instead of asking for each one's header.
            Err(Stop::Unread(_)) if behind_pixels && source.size_bytes() - at > TAIL_BYTES => {
                return survey_tail(source, survey);
            }
            chunk => chunk?,
        };
        match &chunk.name {
            b"IHDR" => {
                let [w3, w2, w1, w0, h3, h2, h1, h0] = source.array(chunk.data.offset)?;
                survey.set_dimensions(
                    u32::from_be_bytes([w3, w2, w1, w0]),
                    u32::from_be_bytes([h3, h2, h1, h0]),
                );
            }
            b"IDAT" => behind_pixels = true,
            b"IEND" => return Ok(()),
            _ => {
                survey.exif = exif_of(source, &chunk, survey)?;
                if survey.exif.is_some() {
                    return Ok(());
                }
            }
        }
        at = chunk.next();
    }
    Err(Stop::Damaged(Oddity::ReadLimit))
}

/// Looks for EXIF in the last chunks of the file. A chunk is taken for one where the chunks after it lead
/// to the very end.
fn survey_tail(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    let start = source.size_bytes().saturating_sub(TAIL_BYTES);
    let tail = source.get(start, source.size_bytes() - start)?;
    let candidates =
        tail.windows(8).enumerate().filter(|(_, header)| header.get(4..).is_some_and(is_metadata_name));
    for (index, _) in candidates.take(TAIL_CANDIDATE_CAP) {
        let mut at = start + index as u64;
        if !leads_to_end(source, at) {
            continue;
        }
        while survey.exif.is_none() && at < source.size_bytes() {
            let chunk = Chunk::at(source, at)?;
            survey.exif = exif_of(source, &chunk, survey)?;
            at = chunk.next();
        }
        return Ok(());
    }
    Ok(())
}

fn is_metadata_name(name: &[u8]) -> bool {
    matches!(name, b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt")
}

fn leads_to_end(source: &Source<'_>, mut at: u64) -> bool {
    while let Ok(chunk) = Chunk::at(source, at) {
        if &chunk.name == b"IEND" {
            return chunk.next() == source.size_bytes();
        }
        at = chunk.next();
    }
    false
}

/// The EXIF block of a chunk, where it is one that holds EXIF.
fn exif_of(source: &Source<'_>, chunk: &Chunk, survey: &mut Survey) -> Result<Option<ExifBlock>, Stop> {
    if &chunk.name == b"eXIf" {
        return Ok(Some(ExifBlock::InFile(without_prefix(source, chunk.data)?)));
    }
    if !is_metadata_name(&chunk.name) {
        return Ok(None);
    }
    const KEYWORD_BYTES: u64 = 22;
    let keyword = source.up_to(chunk.data.offset, chunk.data.length.min(KEYWORD_BYTES))?;
    if !matches!(
        keyword,
        b"Raw profile type exif\0" | b"Raw profile type APP1\0" | b"Raw profile type app1\0"
    ) {
        return Ok(None);
    }
    if chunk.data.length > PROFILE_TEXT_CAP_BYTES as u64 {
        survey.oddities.note(Oddity::ExifTooLarge);
        return Ok(None);
    }
    let body = source.get(chunk.data.offset + KEYWORD_BYTES, chunk.data.length - KEYWORD_BYTES)?;
    match profile_text(&chunk.name, body).and_then(|text| decode_profile(&text)) {
        Some(block) => Ok(Some(ExifBlock::Assembled(block))),
        None => {
            survey.oddities.note(Oddity::ExifDamaged);
            Ok(None)
        }
    }
}

/// The text of a text chunk after its keyword.
fn profile_text(name: &[u8; 4], body: &[u8]) -> Option<Vec<u8>> {
    match name {
        b"tEXt" => Some(body.to_vec()),
        b"zTXt" => inflate(body.strip_prefix(&[0])?, PROFILE_TEXT_CAP_BYTES),
        // Compression flag and method, then language and translated keyword, each ended by NUL.
        b"iTXt" => {
            let (flags, rest) = body.split_first_chunk::<2>()?;
            let text = rest.splitn(3, |byte| *byte == 0).nth(2)?;
            if flags[0] == 0 { Some(text.to_vec()) } else { inflate(text, PROFILE_TEXT_CAP_BYTES) }
        }
        _ => None,
    }
}

/// ImageMagick's raw profile: a line with the name, a line with the length, then hexadecimal digits.
fn decode_profile(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = text.trim_ascii_start().splitn(3, |byte| *byte == b'\n');
    let (_name, length, digits) = (lines.next()?, lines.next()?, lines.next()?);
    let length: usize = std::str::from_utf8(length).ok()?.trim().parse().ok()?;
    let mut nibbles = digits.iter().filter_map(|byte| (*byte as char).to_digit(16));
    let mut block = Vec::with_capacity(length.min(digits.len() / 2));
    while block.len() < length {
        block.push((nibbles.next()? << 4 | nibbles.next()?) as u8);
    }
    match block.strip_prefix(EXIF_PREFIX) {
        Some(stripped) => Some(stripped.to_vec()),
        None => Some(block),
    }
}

/// The colour profile, inflated, of at most `cap_bytes`.
pub(in crate::metadata) fn icc_profile(
    source: &Source<'_>,
    cap_bytes: usize,
) -> Result<Option<Vec<u8>>, Stop> {
    let mut at = FIRST_CHUNK;
    for _ in 0..ELEMENT_CAP {
        let chunk = Chunk::at(source, at)?;
        match &chunk.name {
            b"iCCP" => {
                let body = source.get(chunk.data.offset, chunk.data.length)?;
                // Profile name, NUL, compression method 0.
                let name_bytes = body.iter().position(|byte| *byte == 0);
                let compressed = name_bytes.and_then(|length| body.get(length + 1..)?.strip_prefix(&[0]));
                return Ok(compressed.and_then(|compressed| inflate(compressed, cap_bytes)));
            }
            b"IDAT" | b"IEND" => return Ok(None),
            _ => at = chunk.next(),
        }
    }
    Ok(None)
}
