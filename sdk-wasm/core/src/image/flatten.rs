//! From what a decoder gives to eight opaque bits a sample, in place: the largest buffer there is, is
//! not copied.

use image::ColorType;

use super::ImageError;
use super::carry::Samples;
use super::raster::Raster;

/// Reduces 16 bits to 8 and lays what is transparent on white, as a JPEG has no transparency.
pub(super) fn flatten(
    width: u32,
    height: u32,
    color: ColorType,
    mut data: Vec<u8>,
) -> Result<Raster, ImageError> {
    let samples = match color {
        ColorType::L8 => Samples::Grey,
        ColorType::L16 => {
            convert(&mut data, |[a, b]: [u8; 2]| [to_eight(a, b)]);
            Samples::Grey
        }
        ColorType::La8 => {
            convert(&mut data, |[grey, alpha]: [u8; 2]| [on_white(grey, alpha)]);
            Samples::Grey
        }
        ColorType::La16 => {
            convert(&mut data, |[g0, g1, a0, a1]: [u8; 4]| [on_white(to_eight(g0, g1), to_eight(a0, a1))]);
            Samples::Grey
        }
        ColorType::Rgb8 => Samples::Rgb,
        ColorType::Rgb16 => {
            convert(&mut data, |[r0, r1, g0, g1, b0, b1]: [u8; 6]| {
                [to_eight(r0, r1), to_eight(g0, g1), to_eight(b0, b1)]
            });
            Samples::Rgb
        }
        ColorType::Rgba8 => {
            convert(&mut data, |[r, g, b, a]: [u8; 4]| [on_white(r, a), on_white(g, a), on_white(b, a)]);
            Samples::Rgb
        }
        ColorType::Rgba16 => {
            convert(&mut data, |[r0, r1, g0, g1, b0, b1, a0, a1]: [u8; 8]| {
                let alpha = to_eight(a0, a1);
                [(r0, r1), (g0, g1), (b0, b1)].map(|(low, high)| on_white(to_eight(low, high), alpha))
            });
            Samples::Rgb
        }
        _ => return Err(ImageError::UnsupportedFormat { what: "A picture of floating-point samples" }),
    };
    Ok(Raster { width, height, samples, data })
}

/// Replaces every `FROM` bytes by `TO` fewer ones.
fn convert<const FROM: usize, const TO: usize>(
    data: &mut Vec<u8>,
    convert_pixel: impl Fn([u8; FROM]) -> [u8; TO],
) {
    let pixels = data.len() / FROM;
    for index in 0..pixels {
        let Some(from) = data.get(index * FROM..).and_then(<[u8]>::first_chunk::<FROM>) else { break };
        let to = convert_pixel(*from);
        if let Some(slot) = data.get_mut(index * TO..).and_then(<[u8]>::first_chunk_mut::<TO>) {
            *slot = to;
        }
    }
    data.truncate(pixels * TO);
}

/// Sixteen bits in the machine's byte order, as `image` gives them, rounded to eight.
fn to_eight(first: u8, second: u8) -> u8 {
    let value = u32::from(u16::from_ne_bytes([first, second]));
    ((value * 255 + 32_895) >> 16) as u8
}

fn on_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_becomes_white_and_what_is_opaque_stays() {
        let data = vec![10, 20, 30, 0, 10, 20, 30, 255, 0, 0, 0, 128];
        let raster = flatten(3, 1, ColorType::Rgba8, data).unwrap();
        assert_eq!(raster.data, [255, 255, 255, 10, 20, 30, 127, 127, 127]);
    }

    #[test]
    fn sixteen_bits_round_to_the_nearest_eight() {
        for (sixteen, eight) in [(0_u16, 0_u8), (128, 0), (129, 1), (257, 1), (32_768, 128), (65_535, 255)] {
            let raster = flatten(1, 1, ColorType::L16, sixteen.to_ne_bytes().to_vec()).unwrap();
            assert_eq!(raster.data, [eight], "{sixteen}");
        }
    }
}
