//! GIF: blocks follow one another up to the trailer (GIF89a specification, 15 to 27).

use crate::image::{ImageError, PictureFormat};

const TRAILER: u8 = 0x3B;
const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;

fn incomplete() -> ImageError {
    ImageError::Incomplete { format: PictureFormat::Gif, found: "the file ends before its trailer" }
}

/// Refuses a file whose blocks do not lead to a trailer, or that has no picture.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImageError> {
    let screen_flags = *bytes.get(10).ok_or_else(incomplete)?;
    let mut rest = skip(bytes, 13 + color_table_length(screen_flags))?;
    let mut has_picture = false;
    loop {
        match rest {
            [TRAILER, ..] if has_picture => return Ok(()),
            [EXTENSION, _label, after @ ..] => rest = skip_sub_blocks(after)?,
            [IMAGE, after @ ..] => {
                let flags = *after.get(8).ok_or_else(incomplete)?;
                // Position and size, flags, local colour table, then the size of the first codes.
                rest = skip_sub_blocks(skip(after, 9 + color_table_length(flags) + 1)?)?;
                has_picture = true;
            }
            [] | [_] => return Err(incomplete()),
            _ => {
                return Err(ImageError::Corrupt {
                    format: PictureFormat::Gif,
                    found: "an unknown block stands where a picture is expected".to_owned(),
                });
            }
        }
    }
}

fn color_table_length(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn skip(bytes: &[u8], length: usize) -> Result<&[u8], ImageError> {
    bytes.get(length..).ok_or_else(incomplete)
}

fn skip_sub_blocks(mut rest: &[u8]) -> Result<&[u8], ImageError> {
    while let [length, after @ ..] = rest {
        rest = skip(after, usize::from(*length))?;
        if *length == 0 {
            return Ok(rest);
        }
    }
    Err(incomplete())
}
