//! EXIF and a colour profile put into a finished WebP, whose encoder (a browser's) knows of neither: in the
//! extended format (RFC 9649, 2.7) their chunks stand around the picture's own, which is not touched.

use super::riff::{Chunk, chunks};
use super::{ImageError, PictureFormat};

/// Flags of the extended header.
const HAS_PROFILE: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;

/// The same still picture in a file that carries this EXIF block (a TIFF structure) and this ICC profile,
/// and no other metadata: what it carried before is left out.
///
/// # Errors
/// [`ImageError`], when the file is no whole still WebP.
pub fn webp_with_metadata(
    webp: &[u8],
    exif: Option<&[u8]>,
    icc: Option<&[u8]>,
) -> Result<Vec<u8>, ImageError> {
    let corrupt = |found: &str| ImageError::Corrupt { format: PictureFormat::WebP, found: found.to_owned() };
    if PictureFormat::of(webp)? != PictureFormat::WebP {
        return Err(corrupt("its first bytes are those of another format"));
    }
    let mut alpha = None;
    let mut picture = None;
    for chunk in chunks(webp)? {
        let chunk = chunk?;
        match &chunk.kind {
            b"ALPH" => alpha = Some(chunk.data),
            b"VP8 " | b"VP8L" => picture = Some(chunk),
            b"ANIM" | b"ANMF" => return Err(ImageError::UnsupportedFormat { what: "An animated WebP" }),
            _ => {}
        }
    }
    let picture = picture.ok_or_else(|| corrupt("it has no picture"))?;
    let header = Header::of(&picture).ok_or_else(|| corrupt("its picture's header is damaged"))?;
    let mut flags = 0;
    flags |= if icc.is_some() { HAS_PROFILE } else { 0 };
    flags |= if alpha.is_some() || header.has_alpha { HAS_ALPHA } else { 0 };
    flags |= if exif.is_some() { HAS_EXIF } else { 0 };

    let mut body = b"WEBP".to_vec();
    let mut extended = vec![flags, 0, 0, 0];
    for edge in [header.width, header.height] {
        extended.extend((edge - 1).to_le_bytes().iter().take(3));
    }
    let parts = [
        (*b"VP8X", Some(extended.as_slice())),
        (*b"ICCP", icc),
        (*b"ALPH", alpha),
        (picture.kind, Some(picture.data)),
        (*b"EXIF", exif),
    ];
    for (kind, data) in parts {
        let Some(data) = data else { continue };
        body.extend(kind);
        body.extend(length_of(data)?);
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    let mut made = b"RIFF".to_vec();
    made.extend(length_of(&body)?);
    made.append(&mut body);
    Ok(made)
}

/// Whether there are frames after the first.
#[cfg(feature = "codecs")]
pub(super) fn is_animated(webp: &[u8]) -> bool {
    chunks(webp).is_ok_and(|mut chunks| chunks.any(|chunk| chunk.is_ok_and(|chunk| &chunk.kind == b"ANIM")))
}

fn length_of(data: &[u8]) -> Result<[u8; 4], ImageError> {
    let length = u32::try_from(data.len()).map_err(|_| ImageError::Failed {
        stage: "encoded",
        reason: "a WebP holds at most 4 GiB".to_owned(),
    })?;
    Ok(length.to_le_bytes())
}

/// What a picture's chunk says of itself.
struct Header {
    /// 1 to 16,384 pixels.
    width: u32,
    height: u32,
    has_alpha: bool,
}

impl Header {
    fn of(picture: &Chunk<'_>) -> Option<Self> {
        if picture.kind == *b"VP8L" {
            let [0x2F, b0, b1, b2, b3] = *picture.data.first_chunk()? else { return None };
            let bits = u32::from_le_bytes([b0, b1, b2, b3]);
            let (width, height) = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
            return Some(Self { width, height, has_alpha: bits >> 28 & 1 == 1 });
        }
        let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = *picture.data.first_chunk()? else { return None };
        // The upper two bits of each are a hint on scaling.
        let edge = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
        let (width, height) = (edge(w0, w1), edge(h0, h1));
        (width > 0 && height > 0).then_some(Self { width, height, has_alpha: false })
    }
}
