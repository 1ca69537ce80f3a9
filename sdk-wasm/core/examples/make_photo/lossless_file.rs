//! PNG, WebP and TIFF, each with EXIF where that format keeps it.

use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

pub fn png(rgb: &[u8], width: u32, height: u32, exif: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    written(PngEncoder::new(&mut bytes), rgb, (width, height), exif)?;
    Ok(bytes)
}

pub fn webp(rgb: &[u8], width: u32, height: u32, exif: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    written(WebPEncoder::new_lossless(&mut bytes), rgb, (width, height), exif)?;
    Ok(bytes)
}

fn written(
    mut encoder: impl ImageEncoder,
    rgb: &[u8],
    (width, height): (u32, u32),
    exif: &[u8],
) -> Result<(), String> {
    encoder.set_exif_metadata(exif.to_vec()).map_err(|error| error.to_string())?;
    encoder.write_image(rgb, width, height, ExtendedColorType::Rgb8).map_err(|error| error.to_string())
}

/// One strip without compression, and the orientation where TIFF has it, in the picture's own directory.
pub fn tiff(rgb: &[u8], width: u32, height: u32, orientation: u8) -> Vec<u8> {
    const ENTRIES: u32 = 10;
    // Behind the header, the directory and its link to a next one.
    let bits_at = 8 + 2 + 12 * ENTRIES + 4;
    let pixels_at = bits_at + 6;
    let long = 4_u16;
    let short = 3_u16;
    let entries = [
        (256_u16, long, 1, width),
        (257, long, 1, height),
        (258, short, 3, bits_at),
        (259, short, 1, 1),
        (262, short, 1, 2),
        (273, long, 1, pixels_at),
        (274, short, 1, u32::from(orientation)),
        (277, short, 1, 3),
        (278, long, 1, height),
        (279, long, 1, rgb.len() as u32),
    ];
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend((ENTRIES as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(u32::to_le_bytes(count));
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend([8, 0].repeat(3));
    file.extend(rgb);
    file
}
