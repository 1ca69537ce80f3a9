//! Planes to a baseline JPEG with the Huffman tables of annex K.

use super::fdct;
use super::huffman_tables::{AC_CHROMA, AC_LUMA, DC_CHROMA, DC_LUMA, StandardTable};
use super::plane::{Plane, Planes, Sampling};
use super::quantisation::{Kind, Quantiser};
use super::scale::ZIGZAG;
use super::writer::{BitWriter, CodeTable};
use crate::image::jpeg::segments::marker;

/// How to encode.
#[derive(Debug, Clone, Copy)]
pub struct EncodeOptions<'a> {
    /// From 1 to 100, as libjpeg means it.
    pub quality: u8,
    /// Application segments to write after the JFIF header: the low four bits of the marker
    /// (1 for EXIF, 2 for a colour profile) and the payload with its signature.
    pub segments: &'a [(u8, &'a [u8])],
}

/// Why planes could not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A JPEG has 1 to 65,535 pixels a side.
    #[error("a JPEG cannot be {width} × {height} pixels")]
    Dimensions {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// There have to be one plane, or three with chroma in full or in half.
    #[error("the planes do not make a grey, 4:4:4 or 4:2:0 picture")]
    Planes,
    /// A segment has at most 65,533 bytes.
    #[error("an application segment of {size_bytes} bytes does not fit a JPEG")]
    SegmentTooLong {
        /// Its payload, in bytes.
        size_bytes: usize,
    },
}

/// Encodes a picture.
///
/// # Errors
/// [`EncodeError`], when the planes or the segments are not such as fit a JPEG.
pub fn encode(picture: &Planes, options: &EncodeOptions) -> Result<Vec<u8>, EncodeError> {
    let (Ok(width), Ok(height)) = (u16::try_from(picture.width), u16::try_from(picture.height)) else {
        return Err(EncodeError::Dimensions { width: picture.width, height: picture.height });
    };
    if width == 0 || height == 0 {
        return Err(EncodeError::Dimensions { width: picture.width, height: picture.height });
    }
    let sampling = sampling_of(picture)?;
    let kinds = [Kind::Luma, Kind::Chroma];
    let quantisers = kinds.map(|kind| Quantiser::new(kind, options.quality));
    let grey = picture.planes.len() == 1;
    // Photos come to about a quarter of their pixels at common qualities.
    let mut bytes = Vec::with_capacity(4096 + usize::from(width) * usize::from(height) / 4);
    write_header(&mut bytes, options, &quantisers, (width, height), grey, sampling)?;
    let mut writer = BitWriter::new(bytes);
    let mut components: Vec<Component> = Vec::with_capacity(3);
    for (index, plane) in picture.planes.iter().enumerate() {
        let factor = if index == 0 && !grey { sampling.divisor() } else { 1 };
        components.push(Component::new(plane, &quantisers[index.min(1)], index == 0, factor));
    }
    let mcu_edge = 8 * if grey { 1 } else { sampling.divisor() };
    let order = ZigzagMasks::new();
    for row in 0..usize::from(height).div_ceil(mcu_edge) {
        for column in 0..usize::from(width).div_ceil(mcu_edge) {
            for component in &mut components {
                component.write_mcu(&mut writer, &order, column, row);
            }
        }
    }
    let mut bytes = writer.finish();
    bytes.extend([0xFF, marker::EOI]);
    Ok(bytes)
}

fn sampling_of(picture: &Planes) -> Result<Sampling, EncodeError> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let measures = |plane: &Plane, divisor: usize| {
        (plane.width, plane.height) == (width.div_ceil(divisor), height.div_ceil(divisor))
            && plane.samples.len() >= plane.stride * plane.height
            && plane.stride >= plane.width
    };
    let sampling = match picture.planes.as_slice() {
        [luma] if measures(luma, 1) => Some(Sampling::Full),
        [luma, blue, red] if measures(luma, 1) => [Sampling::Half, Sampling::Full]
            .into_iter()
            .find(|sampling| measures(blue, sampling.divisor()) && measures(red, sampling.divisor())),
        _ => None,
    };
    sampling.ok_or(EncodeError::Planes)
}

fn write_header(
    bytes: &mut Vec<u8>,
    options: &EncodeOptions,
    quantisers: &[Quantiser; 2],
    (width, height): (u16, u16),
    grey: bool,
    sampling: Sampling,
) -> Result<(), EncodeError> {
    let used = if grey { 1 } else { 2 };
    bytes.extend([0xFF, marker::SOI]);
    // JFIF 1.02, pixels square, no thumbnail.
    write_segment(bytes, marker::APP0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")?;
    for (application, payload) in options.segments {
        write_segment(bytes, marker::APP0 | (application & 15), payload)?;
    }
    for (slot, quantiser) in (0_u8..).zip(quantisers).take(used) {
        write_segment(bytes, marker::DQT, &[&[slot][..], &quantiser.zigzag].concat())?;
    }
    let [y1, y0] = height.to_be_bytes();
    let [x1, x0] = width.to_be_bytes();
    let mut frame = vec![8, y1, y0, x1, x0];
    if grey {
        frame.extend([1, 1, 0x11, 0]);
    } else {
        let factors = if sampling == Sampling::Half { 0x22 } else { 0x11 };
        frame.extend([3, 1, factors, 0, 2, 0x11, 1, 3, 0x11, 1]);
    }
    write_segment(bytes, marker::SOF0, &frame)?;
    let tables = [(0x00, &DC_LUMA), (0x10, &AC_LUMA), (0x01, &DC_CHROMA), (0x11, &AC_CHROMA)];
    for (class_and_slot, table) in tables.into_iter().take(2 * used) {
        write_segment(bytes, marker::DHT, &[&[class_and_slot][..], &table.counts, table.symbols].concat())?;
    }
    let scan: &[u8] = if grey { &[1, 1, 0x00, 0, 63, 0] } else { &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0] };
    write_segment(bytes, marker::SOS, scan)
}

fn write_segment(bytes: &mut Vec<u8>, code: u8, payload: &[u8]) -> Result<(), EncodeError> {
    let length = u16::try_from(payload.len() + 2);
    let length = length.map_err(|_| EncodeError::SegmentTooLong { size_bytes: payload.len() })?;
    bytes.extend([0xFF, code]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(payload);
    Ok(())
}

/// For each column of a block, what bits of its nonzero coefficients are where in zigzag order.
struct ZigzagMasks(Box<[[u64; 256]; 8]>);

impl ZigzagMasks {
    fn new() -> Self {
        let mut masks = Box::new([[0; 256]; 8]);
        for (index, place) in ZIGZAG.iter().enumerate() {
            let (row, column) = (place / 8, place % 8);
            for (nonzero, mask) in masks[usize::from(column)].iter_mut().enumerate() {
                *mask |= (nonzero as u64 >> row & 1) << index;
            }
        }
        Self(masks)
    }

    /// From one bit per coefficient, column by column, to one in zigzag order.
    #[inline(always)]
    fn order(&self, nonzero: [u32; 4]) -> u64 {
        let mut ordered = 0;
        for (pair, bits) in self.0.chunks_exact(2).zip(nonzero) {
            ordered |= pair[0][(bits & 0xFF) as usize] | pair[1][(bits >> 8 & 0xFF) as usize];
        }
        ordered
    }
}

/// The index, column by column, of each coefficient in zigzag order.
const COLUMNS: [u8; 64] = {
    let mut columns = [0; 64];
    let mut index = 0;
    while index < 64 {
        columns[index] = ZIGZAG[index] % 8 * 8 + ZIGZAG[index] / 8;
        index += 1;
    }
    columns
};

/// One plane on its way into the file.
struct Component<'a> {
    plane: &'a Plane,
    quantiser: &'a Quantiser,
    dc: CodeTable,
    ac: CodeTable,
    /// Blocks in an MCU, each way.
    factor: usize,
    previous_dc: i32,
}

impl<'a> Component<'a> {
    fn new(plane: &'a Plane, quantiser: &'a Quantiser, luma: bool, factor: usize) -> Self {
        let (dc, ac): (&StandardTable, &StandardTable) =
            if luma { (&DC_LUMA, &AC_LUMA) } else { (&DC_CHROMA, &AC_CHROMA) };
        let (dc, ac) = (CodeTable::new(dc), CodeTable::new(ac));
        Self { plane, quantiser, dc, ac, factor, previous_dc: 0 }
    }

    #[inline(always)]
    fn write_mcu(&mut self, writer: &mut BitWriter, order: &ZigzagMasks, column: usize, row: usize) {
        for down in 0..self.factor {
            for across in 0..self.factor {
                let (x, y) = (8 * (column * self.factor + across), 8 * (row * self.factor + down));
                self.write_block(writer, order, x, y);
            }
        }
    }

    #[inline(always)]
    fn write_block(&mut self, writer: &mut BitWriter, order: &ZigzagMasks, x: usize, y: usize) {
        let coefficients = if x + 8 <= self.plane.width && y + 8 <= self.plane.height {
            let start = y * self.plane.stride + x;
            fdct::forward(std::array::from_fn(|row| {
                let samples = self.plane.samples.get(start + row * self.plane.stride..);
                samples.and_then(<[u8]>::first_chunk).unwrap_or(&[0; 8])
            }))
        } else {
            let samples = self.edge_block(x, y);
            fdct::forward(std::array::from_fn(|row| &samples[row]))
        };
        let quantised = self.quantiser.quantise(coefficients);
        let mut block = [0; 64];
        for (place, column) in block.chunks_exact_mut(8).zip(quantised) {
            place.copy_from_slice(&column.to_array());
        }
        let [c0, c1, c2, c3, c4, c5, c6, c7] = quantised;
        let nonzero = [c0.nonzero_mask(c1), c2.nonzero_mask(c3), c4.nonzero_mask(c5), c6.nonzero_mask(c7)];
        self.write_dc(writer, block[0].into());
        self.write_ac(writer, &block, order.order(nonzero) & !1);
    }

    /// A block that reaches over the edge of the picture: the last column and row are repeated.
    #[cold]
    fn edge_block(&self, x: usize, y: usize) -> [[u8; 8]; 8] {
        std::array::from_fn(|row| {
            let samples = self.plane.row((y + row).min(self.plane.height - 1));
            std::array::from_fn(|column| {
                samples.get((x + column).min(self.plane.width - 1)).copied().unwrap_or(0)
            })
        })
    }

    #[inline(always)]
    fn write_dc(&mut self, writer: &mut BitWriter, dc: i32) {
        let (bits, size) = value_bits(dc - self.previous_dc);
        self.previous_dc = dc;
        writer.put(&self.dc, size as u8, bits, size);
    }

    #[inline(always)]
    fn write_ac(&self, writer: &mut BitWriter, block: &[i16; 64], mut nonzero: u64) {
        let mut previous = 0;
        while nonzero != 0 {
            let index = nonzero.trailing_zeros();
            nonzero &= nonzero - 1;
            let mut run = index - previous - 1;
            previous = index;
            while run >= 16 {
                writer.put(&self.ac, 0xF0, 0, 0);
                run -= 16;
            }
            let value = i32::from(block[usize::from(COLUMNS[index as usize & 63])]);
            // Baseline has codes for ten bits; rounding must not make eleven of them.
            let (bits, size) = value_bits(value.clamp(-1023, 1023));
            writer.put(&self.ac, (run << 4 | size) as u8, bits, size);
        }
        if previous < 63 {
            writer.put(&self.ac, 0x00, 0, 0);
        }
    }
}

/// A value's bits and their number (T.81, F.1.2.1.1): negative ones are one less.
#[inline(always)]
fn value_bits(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    (bits, size)
}
