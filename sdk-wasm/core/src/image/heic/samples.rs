//! From HEVC's samples to JPEG's: eight bits, full range, the matrix of ITU-R BT.601 (JFIF 1.02).
//!
//! Phones store just that at eight bits, which is copied. Another depth or range is a table; another matrix
//! is a linear change of the three components, for which chroma is not made finer.

use heifer_hevc_dec::recon::Frame;

use crate::image::ImageError;
use crate::image::planar::Plane;

/// How samples are to be understood (ITU-T H.273).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    /// `MatrixCoefficients`.
    pub(super) matrix: u16,
    /// Whether black is 0 and not 16.
    pub(super) is_full_range: bool,
}

/// Weights of red and blue in luma.
const JFIF: (f64, f64) = (0.299, 0.114);

/// How one picture's samples become JPEG's.
pub(super) enum Conversion {
    /// By table, each component for itself.
    Tables { luma: Vec<u8>, chroma: Vec<u8> },
    /// Each component of all three.
    Matrix(Matrix),
}

/// `weights · (samples − zeros) + offset`, per component.
pub(super) struct Matrix {
    weights: [[f32; 3]; 3],
    zeros: [f32; 3],
}

impl Conversion {
    /// `coding` is what the container says; the stream's own word counts where it says nothing.
    pub(super) fn of(frame: &Frame, coding: Option<Coding>) -> Result<Self, ImageError> {
        let stated = Coding { matrix: frame.matrix_coeffs.into(), is_full_range: frame.full_range };
        let Coding { matrix, is_full_range } = coding.unwrap_or(stated);
        let [luma_bits, chroma_bits] = frame.bit_depth;
        if !(8..=16).contains(&luma_bits) || !(8..=16).contains(&chroma_bits) {
            return Err(ImageError::UnsupportedFormat { what: "A HEIC of this depth" });
        }
        let (luma, chroma) =
            (Scale::luma(luma_bits, is_full_range), Scale::chroma(chroma_bits, is_full_range));
        let is_grey = frame.chroma_format == 0;
        let (red, blue) = match matrix {
            _ if is_grey => JFIF,
            2 | 5 | 6 => JFIF,
            1 => (0.2126, 0.0722),
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 => (0.2627, 0.0593),
            // Green, blue and red as they are.
            0 if frame.chroma_format == 3 => {
                let stored = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
                return Ok(Self::Matrix(Matrix::new(stored, [luma; 3])));
            }
            _ => return Err(ImageError::UnsupportedFormat { what: "A HEIC with colours coded like this" }),
        };
        if (red, blue) == JFIF {
            return Ok(Self::Tables {
                luma: luma.table(0.0, luma_bits),
                chroma: chroma.table(128.0, chroma_bits),
            });
        }
        Ok(Self::Matrix(Matrix::new(to_rgb(red, blue), [luma, chroma, chroma])))
    }

    /// Writes a picture's brightness to `plane`, its first sample at `at`, no more than `visible` of it.
    pub(super) fn write_luma(
        &self,
        frame: &Frame,
        plane: &mut Plane,
        at: (usize, usize),
        visible: (usize, usize),
    ) {
        let across = frame.widths[0].checked_div(frame.widths[1]).unwrap_or(1).max(1) as usize;
        let down = frame.heights[0].checked_div(frame.heights[1]).unwrap_or(1).max(1) as usize;
        for (y, target) in rows(plane, at, visible).enumerate() {
            let luma = row(frame, 0, y);
            match self {
                Self::Tables { luma: table, .. } => by_table(table, luma, target),
                Self::Matrix(matrix) => {
                    let chroma = row(frame, 1, y / down).iter().zip(row(frame, 2, y / down));
                    let chroma = chroma.flat_map(|pair| std::iter::repeat_n(pair, across));
                    for ((target, luma), (blue, red)) in target.iter_mut().zip(luma).zip(chroma) {
                        *target = matrix.component(0, [*luma, *blue, *red]);
                    }
                }
            }
        }
    }

    /// The same for chroma: `at` and `visible` are in its samples.
    pub(super) fn write_chroma(
        &self,
        frame: &Frame,
        (blue, red): (&mut Plane, &mut Plane),
        at: (usize, usize),
        visible: (usize, usize),
    ) {
        let across = frame.widths[0].checked_div(frame.widths[1]).unwrap_or(1).max(1) as usize;
        let down = frame.heights[0].checked_div(frame.heights[1]).unwrap_or(1).max(1) as usize;
        for (index, plane) in [(1, blue), (2, red)] {
            for (y, target) in rows(plane, at, visible).enumerate() {
                match self {
                    Self::Tables { chroma: table, .. } => by_table(table, row(frame, index, y), target),
                    Self::Matrix(matrix) => {
                        // Of luma only green-blue-red needs any, and has it as fine as chroma.
                        let luma = row(frame, 0, y * down).iter().step_by(across);
                        let samples = luma.zip(row(frame, 1, y)).zip(row(frame, 2, y));
                        for (target, ((luma, blue), red)) in target.iter_mut().zip(samples) {
                            *target = matrix.component(index, [*luma, *blue, *red]);
                        }
                    }
                }
            }
        }
    }
}

impl Matrix {
    /// `to_rgb` gives red, green and blue, 0 to 1, of the stored components once scaled.
    fn new(to_rgb: [[f64; 3]; 3], scales: [Scale; 3]) -> Self {
        let (red, blue) = JFIF;
        let luma = [red, 1.0 - red - blue, blue];
        let difference = |colour: usize, weight: f64| {
            let mut row = luma.map(|weight_of_luma| -weight_of_luma / (2.0 * (1.0 - weight)));
            if let Some(own) = row.get_mut(colour) {
                *own += 1.0 / (2.0 * (1.0 - weight));
            }
            row
        };
        let from_rgb = [luma, difference(2, blue), difference(0, red)];
        let weights = from_rgb.map(|row| {
            std::array::from_fn(|stored| {
                let sum: f64 = row.iter().zip(to_rgb).map(|(weight, colour)| weight * colour[stored]).sum();
                (sum * 255.0 / scales[stored].span) as f32
            })
        });
        Self { weights, zeros: scales.map(|scale| scale.zero as f32) }
    }

    #[inline(always)]
    fn component(&self, index: usize, samples: [u16; 3]) -> u8 {
        let Some(weights) = self.weights.get(index) else { return 0 };
        let terms = samples.iter().zip(self.zeros).zip(weights);
        let sum: f32 = terms.map(|((sample, zero), weight)| (f32::from(*sample) - zero) * weight).sum();
        // `as` keeps within the range of the type.
        (sum + if index == 0 { 0.5 } else { 128.5 }) as u8
    }
}

/// Which sample is nothing, and how far from it one is.
#[derive(Debug, Clone, Copy)]
struct Scale {
    zero: f64,
    span: f64,
}

impl Scale {
    fn luma(bits: u8, is_full_range: bool) -> Self {
        let fine = f64::from(1_u32 << (bits - 8));
        if is_full_range {
            Self { zero: 0.0, span: 256.0 * fine - 1.0 }
        } else {
            Self { zero: 16.0 * fine, span: 219.0 * fine }
        }
    }

    fn chroma(bits: u8, is_full_range: bool) -> Self {
        let fine = f64::from(1_u32 << (bits - 8));
        let span = if is_full_range { 256.0 * fine - 1.0 } else { 224.0 * fine };
        Self { zero: 128.0 * fine, span }
    }

    fn table(self, offset: f64, bits: u8) -> Vec<u8> {
        let level = |sample: u32| (f64::from(sample) - self.zero) * 255.0 / self.span + offset;
        // `as` keeps within the range of the type.
        (0..1_u32 << bits).map(|sample| (level(sample) + 0.5) as u8).collect()
    }
}

/// Red, green and blue of luma and the two differences (ITU-T H.273, 8.3).
fn to_rgb(red: f64, blue: f64) -> [[f64; 3]; 3] {
    let green = 1.0 - red - blue;
    let (of_red, of_blue) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
    [[1.0, 0.0, of_red], [1.0, -blue * of_blue / green, -red * of_red / green], [1.0, of_blue, 0.0]]
}

fn row(frame: &Frame, component: usize, y: usize) -> &[u16] {
    let (Some(width), Some(plane)) = (frame.widths.get(component), frame.planes.get(component)) else {
        return &[];
    };
    let width = *width as usize;
    plane.get(y * width..(y + 1) * width).unwrap_or_default()
}

/// The parts of a plane's rows that a picture at `at` covers.
fn rows(plane: &mut Plane, at: (usize, usize), visible: (usize, usize)) -> impl Iterator<Item = &mut [u8]> {
    let (width, height) = (plane.width, plane.height);
    let end = (at.0 + visible.0).min(width);
    let rows = plane.samples.chunks_exact_mut(plane.stride).take(height).skip(at.1).take(visible.1);
    rows.map(move |row| row.get_mut(at.0..end).unwrap_or_default())
}

fn by_table(table: &[u8], source: &[u16], target: &mut [u8]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target = table.get(usize::from(*source)).copied().unwrap_or(255);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(samples: [u16; 3], bits: u8, chroma_format: u8, coding: Coding) -> [u8; 3] {
        let frame = Frame {
            widths: [1; 3],
            heights: [1; 3],
            planes: samples.map(|sample| vec![sample]),
            bit_depth: [bits; 2],
            chroma_format,
            full_range: false,
            matrix_coeffs: 2,
        };
        let conversion = Conversion::of(&frame, Some(coding)).unwrap();
        let mut planes = [Plane::new(1, 1).unwrap(), Plane::new(1, 1).unwrap(), Plane::new(1, 1).unwrap()];
        let [luma, blue, red] = &mut planes;
        conversion.write_luma(&frame, luma, (0, 0), (1, 1));
        conversion.write_chroma(&frame, (blue, red), (0, 0), (1, 1));
        planes.map(|plane| plane.row(0)[0])
    }

    #[test]
    fn what_phones_store_is_copied() {
        let phone = Coding { matrix: 6, is_full_range: true };
        assert_eq!(converted([0, 1, 255], 8, 1, phone), [0, 1, 255]);
        assert_eq!(converted([77, 128, 200], 8, 3, phone), [77, 128, 200]);
    }

    #[test]
    fn narrow_ranges_and_more_bits_come_to_eight() {
        let narrow = Coding { matrix: 6, is_full_range: false };
        assert_eq!(converted([16, 16, 240], 8, 1, narrow), [0, 1, 255]);
        assert_eq!(converted([235, 128, 128], 8, 1, narrow), [255, 128, 128]);
        assert_eq!(converted([4, 128, 255], 8, 1, narrow), [0, 128, 255], "below black");
        let wide = Coding { matrix: 6, is_full_range: true };
        assert_eq!(converted([1023, 512, 0], 10, 1, wide), [255, 128, 0]);
        assert_eq!(converted([64, 512, 512], 10, 1, narrow), [0, 128, 128]);
    }

    #[test]
    fn red_stays_red_whatever_it_was_coded_with() {
        // Red by JFIF is 76, 85, 255.
        let near = |found: [u8; 3]| found.iter().zip([76, 85, 255]).all(|(a, b)| a.abs_diff(b) <= 1);
        // BT.709 at full range: 54, 99, 255; at narrow range: 63, 102, 240.
        assert!(near(converted([54, 99, 255], 8, 3, Coding { matrix: 1, is_full_range: true })));
        assert!(near(converted([63, 102, 240], 8, 3, Coding { matrix: 1, is_full_range: false })));
        // As green, blue, red.
        assert!(near(converted([0, 0, 255], 8, 3, Coding { matrix: 0, is_full_range: true })));
    }

    #[test]
    fn colours_that_are_not_understood_are_refused() {
        let frame = Frame {
            widths: [1; 3],
            heights: [1; 3],
            planes: [vec![0], vec![0], vec![0]],
            bit_depth: [8; 2],
            chroma_format: 1,
            full_range: true,
            matrix_coeffs: 8,
        };
        assert!(Conversion::of(&frame, None).is_err());
    }
}
