//! Planes to smaller planes, turned upright on the way.
//!
//! There is one kernel, which resamples columns: sixteen neighbouring ones at a time, with whole
//! vectors of each row. It runs once for the height; then the plane is transposed and it runs again
//! for the width. What a rotation by a quarter needs is a transposed picture, which is what is there
//! then; otherwise it is transposed back. Mirroring takes the rows in reverse order. So every
//! EXIF orientation costs nothing, or less.
//!
//! Each plane goes to its own size in one step: chroma of 4:2:0 is never made as large as luma. Both
//! kinds of samples are taken as centred in the area they stand for (JFIF 1.02, "spatial
//! relationship of components"), which JPEG's chroma is, and areas are mapped onto areas by their
//! real extents ([`Plane::extent`]); so chroma does not shift, not with odd sizes either.

use super::OutOfMemory;
use super::plane::{Plane, Planes, Sampling, VECTOR};
use super::simd::{I16x8, I32x4, U8x16};
use super::transpose::transpose;

/// Fraction bits of the weights.
const WEIGHT_BITS: u32 = 14;

/// How the stored picture has to be turned to be upright.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// The stored rows are taken from the last to the first.
    pub reverse_rows: bool,
    /// The stored columns are taken from the last to the first.
    pub reverse_columns: bool,
    /// Then rows become columns.
    pub transpose: bool,
}

impl Turn {
    /// By EXIF orientation (tag 0x0112), 1 to 8; anything else is as 1.
    #[must_use]
    pub fn from_exif(orientation: u8) -> Self {
        Self {
            reverse_rows: matches!(orientation, 3 | 4 | 6 | 7),
            reverse_columns: matches!(orientation, 2 | 3 | 7 | 8),
            transpose: matches!(orientation, 5..=8),
        }
    }
}

/// The picture wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// How chroma is sampled.
    pub sampling: Sampling,
}

/// Resamples a picture with a Lanczos kernel of three lobes and turns it.
///
/// # Errors
/// [`OutOfMemory`].
pub fn resample(source: &Planes, target: Target, turn: Turn) -> Result<Planes, OutOfMemory> {
    let Target { width, height, sampling } = target;
    let planes = source.planes.iter().enumerate().map(|(index, plane)| {
        let divisor = if index == 0 { 1 } else { sampling.divisor() };
        let wanted = |pixels: u32| Length {
            samples: (pixels as usize).div_ceil(divisor),
            extent: f64::from(pixels) / divisor as f64,
        };
        let (columns, rows) = if turn.transpose { (height, width) } else { (width, height) };
        resample_plane(plane, wanted(columns), wanted(rows), turn)
    });
    Ok(Planes { width, height, planes: planes.collect::<Result<_, _>>()? })
}

/// How long one side of a plane is: in samples, and how many of them the picture covers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Length {
    samples: usize,
    extent: f64,
}

/// `columns` and `rows` are those of the stored picture.
fn resample_plane(source: &Plane, columns: Length, rows: Length, turn: Turn) -> Result<Plane, OutOfMemory> {
    let source_rows = Length { samples: source.height, extent: source.extent.1 };
    let shorter = resample_rows(source, &Weights::new(source_rows, rows, turn.reverse_rows))?;
    let turned = transpose(&shorter)?;
    drop(shorter);
    let source_columns = Length { samples: source.width, extent: source.extent.0 };
    let mut resampled = resample_rows(&turned, &Weights::new(source_columns, columns, turn.reverse_columns))?;
    resampled.extent = (rows.extent, columns.extent);
    if turn.transpose { Ok(resampled) } else { transpose(&resampled) }
}

/// Which rows a row is made of, and how.
struct Weights {
    /// Per row: the first source row, where its weights begin, and how many pairs of them there are.
    rows: Vec<(usize, usize, usize)>,
    /// In pairs, as the kernel takes them.
    pairs: Vec<[i16; 2]>,
}

impl Weights {
    /// With `reverse`, the first row is made at the end of what the picture covers of the source.
    fn new(source: Length, target: Length, reverse: bool) -> Self {
        let ratio = source.extent / target.extent;
        let widening = ratio.max(1.0);
        let mut weights = Self { rows: Vec::with_capacity(target.samples), pairs: Vec::new() };
        let mut row = Vec::new();
        for index in 0..target.samples {
            let centre = (index as f64 + 0.5) * ratio;
            let centre = if reverse { source.extent - centre } else { centre };
            let first = (centre - 3.0 * widening).round().max(0.0) as usize;
            let end = ((centre + 3.0 * widening).round() as usize).clamp(first + 1, source.samples.max(1));
            let first = first.min(end - 1);
            row.clear();
            row.extend((first..end).map(|sample| lanczos3((sample as f64 + 0.5 - centre) / widening)));
            weights.push(first, &row);
        }
        weights
    }

    /// Appends one row's weights as whole numbers that add up to one exactly.
    fn push(&mut self, first: usize, row: &[f64]) {
        let scale = f64::from(1 << WEIGHT_BITS) / row.iter().sum::<f64>();
        let mut whole: Vec<i16> = row.iter().map(|weight| (weight * scale).round() as i16).collect();
        let error = (1 << WEIGHT_BITS) - whole.iter().map(|weight| i32::from(*weight)).sum::<i32>();
        if let Some(largest) = whole.iter_mut().max() {
            *largest = (i32::from(*largest) + error) as i16;
        }
        let zeros = whole.iter().take_while(|weight| **weight == 0).count();
        let used = whole.iter().rposition(|weight| *weight != 0).map_or(0, |last| last + 1);
        let used = whole.get(zeros..used).unwrap_or_default();
        let start = self.pairs.len();
        self.pairs.extend(used.chunks(2).map(|pair| [pair[0], pair.get(1).copied().unwrap_or(0)]));
        self.rows.push((first + zeros, start, self.pairs.len() - start));
    }
}

fn lanczos3(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { sine_of_half_turns(x) / (x * std::f64::consts::PI) };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// The sine of x π, to 1e-10: far finer than the weights are. That of the standard library reduces any number
/// there is by thousands of digits of π, which is 6 kB to download.
fn sine_of_half_turns(x: f64) -> f64 {
    let whole = x.round_ties_even();
    let angle = (x - whole) * std::f64::consts::PI;
    let square = angle * angle;
    // The terms of Taylor's series up to the fifteenth power.
    let series = [210.0, 156.0, 110.0, 72.0, 42.0, 20.0, 6.0]
        .into_iter()
        .fold(1.0, |series, divisor| 1.0 - square / divisor * series);
    if whole as i64 % 2 == 0 { angle * series } else { -angle * series }
}

/// Makes each row a sum of weighted rows of the source.
fn resample_rows(source: &Plane, weights: &Weights) -> Result<Plane, OutOfMemory> {
    let mut resampled = Plane::new(source.width, weights.rows.len())?;
    let (width, stride) = (source.width, resampled.stride);
    for ((first, start, count), target) in weights.rows.iter().zip(resampled.samples.chunks_exact_mut(stride))
    {
        let pairs = weights.pairs.get(*start..start + count).unwrap_or_default();
        let rows = source.samples.get(first * source.stride..).unwrap_or_default();
        for x in (0..width).step_by(VECTOR) {
            let Some(place) = target.get_mut(x..).and_then(<[u8]>::first_chunk_mut::<VECTOR>) else { break };
            *place = sixteen_columns(rows, source.stride, x, pairs).to_array();
        }
    }
    Ok(resampled)
}

#[inline(always)]
fn sixteen_columns(rows: &[u8], stride: usize, x: usize, pairs: &[[i16; 2]]) -> U8x16 {
    let mut sums = [I32x4::splat(1 << (WEIGHT_BITS - 1)); 4];
    let load = |start: usize| {
        // A pair's second row may be below the picture: its weight is zero then.
        U8x16::load(rows.get(start..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; VECTOR]))
    };
    let mut start = x;
    for pair in pairs {
        let (upper, lower) = (load(start), load(start + stride));
        let weights = I16x8::splat_pair(*pair);
        let (low, high) = (upper.zip_low(lower), upper.zip_high(lower));
        let terms = [low.widen_low(), low.widen_high(), high.widen_low(), high.widen_high()];
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum = sum.add(term.dot(weights));
        }
        start += 2 * stride;
    }
    let [a, b, c, d] = sums.map(|sum| sum.shift_right(WEIGHT_BITS));
    a.narrow(b).narrow_to_u8(c.narrow(d))
}

#[cfg(test)]
mod tests {
    use super::sine_of_half_turns;

    #[test]
    fn sines_are_exact_to_ten_digits() {
        for step in -4000..=4000 {
            let x = f64::from(step) / 1000.0;
            let error = sine_of_half_turns(x) - (x * std::f64::consts::PI).sin();
            assert!(error.abs() < 1e-10, "{error} at {x}");
        }
    }
}
