//! From pixels to planes: what other decoders give takes the same way from here on as a baseline JPEG.

use super::ImageError;
use super::carry::Samples;
use super::planar::{OutOfMemory, Plane, Planes, Sampling};
use super::raster::Raster;

/// Fraction bits of the weights.
const FIX: u32 = 16;

/// Red, green and blue in 1/65536 (JFIF 1.02, "conversion to and from RGB").
const LUMA: [i32; 3] = [19_595, 38_470, 7_471];
const BLUE: [i32; 3] = [-11_059, -21_709, 32_768];
const RED: [i32; 3] = [32_768, -27_439, -5_329];

/// Grey stays grey; colours become YCbCr 4:2:0, which is what every image is encoded as. A chroma sample
/// is the mean of its four pixels.
pub(super) fn to_planes(raster: &Raster) -> Result<Planes, ImageError> {
    let (width, height) = (raster.width as usize, raster.height as usize);
    let planes = match raster.samples {
        Samples::Grey => grey(&raster.data, width, height).map(|plane| vec![plane]),
        Samples::Rgb => colours(&raster.data, width, height),
    };
    let planes = planes.map_err(|OutOfMemory| ImageError::OutOfMemory)?;
    Ok(Planes { width: raster.width, height: raster.height, planes })
}

fn grey(data: &[u8], width: usize, height: usize) -> Result<Plane, OutOfMemory> {
    let mut plane = Plane::new(width, height)?;
    for (row, levels) in plane.samples.chunks_exact_mut(plane.stride).zip(data.chunks_exact(width)) {
        for (sample, level) in row.iter_mut().zip(levels) {
            *sample = *level;
        }
    }
    Ok(plane)
}

fn colours(data: &[u8], width: usize, height: usize) -> Result<Vec<Plane>, OutOfMemory> {
    let mut luma = Plane::new(width, height)?;
    let divisor = Sampling::Half.divisor();
    let chroma = || -> Result<Plane, OutOfMemory> {
        let mut plane = Plane::new(width.div_ceil(divisor), height.div_ceil(divisor))?;
        plane.extent = (width as f64 / divisor as f64, height as f64 / divisor as f64);
        Ok(plane)
    };
    let (mut blue, mut red) = (chroma()?, chroma()?);
    let (pixels, _) = data.as_chunks::<3>();
    for (row, pixels) in luma.samples.chunks_exact_mut(luma.stride).zip(pixels.chunks_exact(width)) {
        for (sample, pixel) in row.iter_mut().zip(pixels) {
            *sample = weighted(pixel.map(i32::from), LUMA, 0, FIX);
        }
    }
    let rows = blue.samples.chunks_exact_mut(blue.stride).zip(red.samples.chunks_exact_mut(red.stride));
    for ((blue, red), pixels) in rows.zip(pixels.chunks(divisor * width)) {
        let (upper, lower) = pixels.split_at(width.min(pixels.len()));
        // The last row of an odd height stands for itself.
        let lower = if lower.is_empty() { upper } else { lower };
        let pairs = upper.chunks(divisor).zip(lower.chunks(divisor));
        for ((blue, red), (upper, lower)) in blue.iter_mut().zip(red).zip(pairs) {
            let sum = four(upper, lower);
            *blue = weighted(sum, BLUE, 128, FIX + 2);
            *red = weighted(sum, RED, 128, FIX + 2);
        }
    }
    Ok(vec![luma, blue, red])
}

/// The sum of two pixels above two; one alone in its row, at the edge, counts twice.
#[inline(always)]
fn four(upper: &[[u8; 3]], lower: &[[u8; 3]]) -> [i32; 3] {
    let ([first, .., second] | [first @ second]) = upper else { return [0; 3] };
    let ([third, .., fourth] | [third @ fourth]) = lower else { return [0; 3] };
    std::array::from_fn(|i| [first, second, third, fourth].iter().map(|pixel| i32::from(pixel[i])).sum())
}

/// The weighted sum of the colours, rounded, `offset` added.
#[inline(always)]
fn weighted(colours: [i32; 3], weights: [i32; 3], offset: i32, shift: u32) -> u8 {
    let sum: i32 = colours.iter().zip(weights).map(|(level, weight)| level * weight).sum();
    (((sum + (1 << (shift - 1))) >> shift) + offset).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(width: u32, height: u32, data: Vec<u8>) -> Vec<Plane> {
        to_planes(&Raster { width, height, samples: Samples::Rgb, data }).unwrap().planes
    }

    #[test]
    fn primaries_are_what_jfif_says() {
        for (rgb, expected) in [
            ([0, 0, 0], [0, 128, 128]),
            ([255, 255, 255], [255, 128, 128]),
            ([255, 0, 0], [76, 85, 255]),
            ([0, 255, 0], [150, 44, 21]),
            ([0, 0, 255], [29, 255, 107]),
        ] {
            let made = planes(1, 1, rgb.to_vec());
            let made: Vec<u8> = made.iter().map(|plane| plane.row(0)[0]).collect();
            assert_eq!(made, expected, "{rgb:?}");
        }
    }

    #[test]
    fn chroma_is_the_mean_of_four_pixels_and_of_fewer_at_the_edges() {
        // Blue left, grey right, in rows of three.
        let row = [[0, 0, 255], [128, 128, 128], [0, 0, 255]].concat();
        let made = planes(3, 3, row.repeat(3));
        assert_eq!((made[1].width, made[1].height), (2, 2));
        for y in 0..2 {
            assert_eq!(made[1].row(y), [192, 255]);
        }
        assert_eq!(made[1].extent, (1.5, 1.5));
    }
}
