//! From pixels to planes: what other decoders give takes the same way from here on as a baseline JPEG.

use super::ImageError;
#[cfg(feature = "codecs")]
use super::carry::Samples;
use super::planar::{OutOfMemory, Plane, Planes, Sampling};
#[cfg(feature = "codecs")]
use super::raster::Raster;

/// Fraction bits of the weights.
const FIX: u32 = 16;

/// Red, green and blue in 1/65536 (JFIF 1.02, "conversion to and from RGB").
const LUMA: [i32; 3] = [19_595, 38_470, 7_471];
const BLUE: [i32; 3] = [-11_059, -21_709, 32_768];
const RED: [i32; 3] = [32_768, -27_439, -5_329];

/// Grey stays grey; colours become YCbCr 4:2:0, which is what every image is encoded as.
#[cfg(feature = "codecs")]
pub(super) fn to_planes(raster: &Raster) -> Result<Planes, ImageError> {
    let (width, height) = (raster.width as usize, raster.height as usize);
    let planes = match raster.samples {
        Samples::Grey => grey(&raster.data, width, height).map(|plane| vec![plane]),
        Samples::Rgb => colours(&raster.data, width, height),
    };
    let planes = planes.map_err(|OutOfMemory| ImageError::OutOfMemory)?;
    Ok(Planes { width: raster.width, height: raster.height, planes })
}

#[cfg(feature = "codecs")]
fn grey(data: &[u8], width: usize, height: usize) -> Result<Plane, OutOfMemory> {
    let mut plane = Plane::new(width, height)?;
    for (row, levels) in plane.samples.chunks_exact_mut(plane.stride).zip(data.chunks_exact(width)) {
        for (sample, level) in row.iter_mut().zip(levels) {
            *sample = *level;
        }
    }
    Ok(plane)
}

#[cfg(feature = "codecs")]
fn colours(data: &[u8], width: usize, height: usize) -> Result<Vec<Plane>, OutOfMemory> {
    let mut planes = ColourPlanes::new(width, height)?;
    planes.push(data.as_chunks::<3>().0, |pixel| *pixel);
    Ok(planes.planes.into())
}

/// Planes that are filled from above, in YCbCr 4:2:0. A chroma sample is the mean of its four pixels.
pub(super) struct ColourPlanes {
    width: usize,
    height: usize,
    planes: [Plane; 3],
    /// Rows that are there.
    filled: usize,
}

impl ColourPlanes {
    /// For a picture of `width × height` pixels, which are at least one each.
    pub(super) fn new(width: usize, height: usize) -> Result<Self, OutOfMemory> {
        let divisor = Sampling::Half.divisor();
        let chroma = || -> Result<Plane, OutOfMemory> {
            let mut plane = Plane::new(width.div_ceil(divisor), height.div_ceil(divisor))?;
            plane.extent = (width as f64 / divisor as f64, height as f64 / divisor as f64);
            Ok(plane)
        };
        Ok(Self { width, height, planes: [Plane::new(width, height)?, chroma()?, chroma()?], filled: 0 })
    }

    /// Gives the next rows, an even number of them unless they are the last. What is beyond the picture is
    /// not taken.
    #[inline(always)]
    pub(super) fn push<P>(&mut self, pixels: &[P], rgb: impl Fn(&P) -> [u8; 3]) {
        let [luma, blue, red] = &mut self.planes;
        let divisor = Sampling::Half.divisor();
        let rows = luma.samples.chunks_exact_mut(luma.stride).skip(self.filled);
        for (row, pixels) in rows.zip(pixels.chunks_exact(self.width)) {
            for (sample, pixel) in row.iter_mut().zip(pixels) {
                *sample = weighted(rgb(pixel).map(i32::from), LUMA, 0, FIX);
            }
        }
        let rows = blue.samples.chunks_exact_mut(blue.stride).zip(red.samples.chunks_exact_mut(red.stride));
        let rows = rows.skip(self.filled / divisor);
        for ((blue, red), pixels) in rows.zip(pixels.chunks(divisor * self.width)) {
            let (upper, lower) = pixels.split_at(self.width.min(pixels.len()));
            // The last row of an odd height stands for itself.
            let lower = if lower.is_empty() { upper } else { lower };
            let pairs = upper.chunks(divisor).zip(lower.chunks(divisor));
            for ((blue, red), (upper, lower)) in blue.iter_mut().zip(red).zip(pairs) {
                let sum = four(upper, lower, &rgb);
                *blue = weighted(sum, BLUE, 128, FIX + 2);
                *red = weighted(sum, RED, 128, FIX + 2);
            }
        }
        self.filled = (self.filled + pixels.len() / self.width.max(1)).min(self.height);
    }

    /// The picture; `None` while rows are missing.
    #[cfg(feature = "pixels")]
    pub(super) fn finish(self) -> Option<Planes> {
        let (width, height) = (u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?);
        (self.filled == self.height).then(|| Planes { width, height, planes: self.planes.into() })
    }
}

/// Back to red, green, blue and alpha. A chroma sample stands for its four pixels as it is: an encoder that
/// takes their mean finds it again.
#[cfg(feature = "pixels")]
pub(super) fn to_rgba(planes: &Planes) -> Result<Vec<u8>, ImageError> {
    let (width, height) = (planes.width as usize, planes.height as usize);
    let length = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(4));
    let length = length.ok_or(ImageError::OutOfMemory)?;
    let mut rgba = Vec::new();
    rgba.try_reserve_exact(length).map_err(|_| ImageError::OutOfMemory)?;
    let divisor = Sampling::Half.divisor();
    let neutral = [128];
    for y in 0..height {
        let plane = |index: usize, y: usize| planes.planes.get(index).map_or(&[][..], |plane| plane.row(y));
        let (blue, red) = (plane(1, y / divisor), plane(2, y / divisor));
        let (blue, red) = if blue.is_empty() { (&neutral[..], &neutral[..]) } else { (blue, red) };
        for (x, luma) in plane(0, y).iter().enumerate() {
            let chroma = |row: &[u8]| row.get(x / divisor).or(row.last()).map_or(0, |c| i32::from(*c) - 128);
            let (blue, red) = (chroma(blue), chroma(red));
            // JFIF 1.02 in 1/65536: 1.402, 0.34414, 0.71414, 1.772.
            let differences = [91_881 * red, -22_554 * blue - 46_802 * red, 116_130 * blue];
            let rgb = differences.map(|difference| {
                (i32::from(*luma) + ((difference + (1 << (FIX - 1))) >> FIX)).clamp(0, 255) as u8
            });
            rgba.extend([rgb[0], rgb[1], rgb[2], 255]);
        }
    }
    Ok(rgba)
}

/// The sum of two pixels above two; one alone in its row, at the edge, counts twice.
#[inline(always)]
fn four<P>(upper: &[P], lower: &[P], rgb: impl Fn(&P) -> [u8; 3]) -> [i32; 3] {
    let ([first, .., second] | [first @ second]) = upper else { return [0; 3] };
    let ([third, .., fourth] | [third @ fourth]) = lower else { return [0; 3] };
    let pixels = [first, second, third, fourth].map(rgb);
    std::array::from_fn(|i| pixels.iter().map(|pixel| i32::from(pixel[i])).sum())
}

/// The weighted sum of the colours, rounded, `offset` added.
#[inline(always)]
fn weighted(colours: [i32; 3], weights: [i32; 3], offset: i32, shift: u32) -> u8 {
    let sum: i32 = colours.iter().zip(weights).map(|(level, weight)| level * weight).sum();
    (((sum + (1 << (shift - 1))) >> shift) + offset).clamp(0, 255) as u8
}

#[cfg(test)]
#[cfg(feature = "codecs")]
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
