//! The very same picture in a JPEG of other metadata: nothing is decoded, no coefficient changes.

use windlass_planar::segments::{Segment, Segments, marker};

use super::incomplete;
use crate::image::ImageError;

const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;

/// The picture with this EXIF block (a TIFF structure of at most one segment) and nothing else that is not needed
/// to show it: its JFIF header, Adobe's colour transform and its colour profile stay; comments, XMP, IPTC, maker
/// notes and whatever follows the picture go.
///
/// # Errors
/// [`ImageError`], when the file ends before its picture.
pub(crate) fn with_exif_only(bytes: &[u8], exif: Option<&[u8]>) -> Result<Vec<u8>, ImageError> {
    let mut made = Vec::with_capacity(bytes.len());
    made.extend([0xFF, marker::SOI]);
    let exif = exif.map(|block| [b"Exif\0\0", block].concat());
    let mut exif = exif.as_deref();
    let mut segments = Segments::new(bytes);
    loop {
        let segment = segments.next()?;
        if !is_kept(segment) {
            continue;
        }
        // A JFIF header, where there is one, is the first segment.
        if segment.marker != marker::APP0
            && let Some(exif) = exif.take()
        {
            put(&mut made, APP1, exif);
        }
        if segment.marker == marker::EOI {
            made.extend([0xFF, marker::EOI]);
            return Ok(made);
        }
        put(&mut made, segment.marker, segment.payload);
        if segment.marker == marker::SOS {
            let data = segments.rest();
            let length = data_bytes(data).ok_or_else(|| incomplete("the picture's data stops early"))?;
            made.extend_from_slice(data.get(..length).unwrap_or_default());
            segments.advance(length);
        }
    }
}

fn is_kept(Segment { marker: code, payload }: Segment<'_>) -> bool {
    match code {
        marker::APP0 => payload.starts_with(b"JFIF\0"),
        APP2 => payload.starts_with(b"ICC_PROFILE\0"),
        marker::APP14 => payload.starts_with(b"Adobe"),
        APP1..=APP15 | COM | marker::SOI | marker::TEM | marker::RST0..=marker::RST7 => false,
        _ => true,
    }
}

fn put(made: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    made.extend([0xFF, marker]);
    // What came of a segment, and a block that fits one, has a length of two bytes.
    made.extend((payload.len() as u16 + 2).to_be_bytes());
    made.extend_from_slice(payload);
}

/// Up to the marker that ends a scan's data.
fn data_bytes(data: &[u8]) -> Option<usize> {
    data.windows(2).position(
        |pair| matches!(pair, [0xFF, code] if !matches!(code, 0x00 | 0xFF | marker::RST0..=marker::RST7)),
    )
}
