//! Planes to a baseline JPEG with Huffman tables of its own.
//!
//! The tables stand before what they are made of, so the tokens of a scan are kept until all are
//! counted, four bytes for each. Of a larger picture only the beginning is kept; it tells enough of the
//! rest. The memory for them is asked for once, before any is made.

use super::OutOfMemory;
use super::fdct;
use super::optimal::HuffmanTable;
use super::plane::{Plane, Planes, Sampling};
use super::quantisation::{Kind, Quantiser};
use super::scale::ZIGZAG;
use super::tokens::{KEPT_TOKENS, Slot, Token, Tokens, most_tokens};
use super::writer::{BitWriter, Codes};
use crate::segments::marker;

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
    /// The file cannot be made in the memory there is.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// Encodes a picture.
///
/// # Errors
/// [`EncodeError`], when the planes or the segments are not such as fit a JPEG, or memory is short.
pub fn encode(picture: &Planes, options: &EncodeOptions) -> Result<Vec<u8>, EncodeError> {
    encode_with(picture, options, KEPT_TOKENS, Tokens::tables)
}

/// Encodes with the tables that `choose` makes, once there are `kept_tokens` or no more are to come.
fn encode_with(
    picture: &Planes,
    options: &EncodeOptions,
    kept_tokens: usize,
    choose: impl Fn(&Tokens, bool) -> [HuffmanTable; 4],
) -> Result<Vec<u8>, EncodeError> {
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
    let mut bytes = Vec::new();
    bytes.try_reserve(4096 + usize::from(width) * usize::from(height) / 4).map_err(|_| OutOfMemory)?;
    write_header(&mut bytes, options, &quantisers, (width, height), grey, sampling)?;
    let mut components: Vec<Component> = Vec::with_capacity(3);
    for (index, plane) in picture.planes.iter().enumerate() {
        let factor = if index == 0 && !grey { sampling.divisor() } else { 1 };
        components.push(Component::new(plane, &quantisers[index.min(1)], index == 0, factor));
    }
    let mcu_edge = 8 * if grey { 1 } else { sampling.divisor() };
    let (columns, rows) = (usize::from(width).div_ceil(mcu_edge), usize::from(height).div_ceil(mcu_edge));
    let order = ZigzagMasks::new();
    let blocks: usize = components.iter().map(|component| component.factor * component.factor).sum();
    let mut tokens = Tokens::new(most_tokens(columns * blocks, rows, kept_tokens))?;
    let mut scan: Option<(Codes, BitWriter)> = None;
    for row in 0..rows {
        for column in 0..columns {
            for component in &mut components {
                component.tokenise_mcu(&mut tokens, &order, column, row);
            }
        }
        let last = row + 1 == rows;
        if scan.is_none() && (last || tokens.pending.len() >= kept_tokens) {
            let tables = choose(&tokens, !last);
            let mut bytes = std::mem::take(&mut bytes);
            write_scan_header(&mut bytes, &tables, grey)?;
            scan = Some((Codes::new(&tables), BitWriter::new(bytes)));
        }
        if let Some((codes, writer)) = &mut scan {
            for token in tokens.pending.drain(..) {
                writer.put(codes, token);
            }
        }
    }
    let mut bytes = scan.map_or(bytes, |(_, writer)| writer.finish());
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
    write_segment(bytes, marker::SOF0, &frame)
}

fn write_scan_header(bytes: &mut Vec<u8>, tables: &[HuffmanTable; 4], grey: bool) -> Result<(), EncodeError> {
    let used = if grey { 2 } else { 4 };
    for (slot, table) in Slot::ALL.into_iter().zip(tables).take(used) {
        let head = [slot.class_and_destination()];
        write_segment(bytes, marker::DHT, &[&head[..], &table.counts, &table.symbols].concat())?;
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
    dc: Slot,
    ac: Slot,
    /// Blocks in an MCU, each way.
    factor: usize,
    previous_dc: i32,
}

impl<'a> Component<'a> {
    fn new(plane: &'a Plane, quantiser: &'a Quantiser, luma: bool, factor: usize) -> Self {
        let (dc, ac) = if luma { (Slot::DcLuma, Slot::AcLuma) } else { (Slot::DcChroma, Slot::AcChroma) };
        Self { plane, quantiser, dc, ac, factor, previous_dc: 0 }
    }

    #[inline(always)]
    fn tokenise_mcu(&mut self, tokens: &mut Tokens, order: &ZigzagMasks, column: usize, row: usize) {
        for down in 0..self.factor {
            for across in 0..self.factor {
                let (x, y) = (8 * (column * self.factor + across), 8 * (row * self.factor + down));
                self.tokenise_block(tokens, order, x, y);
            }
        }
    }

    #[inline(always)]
    fn tokenise_block(&mut self, tokens: &mut Tokens, order: &ZigzagMasks, x: usize, y: usize) {
        let edge;
        let rows = if x + 8 <= self.plane.width && y + 8 <= self.plane.height {
            let start = y * self.plane.stride + x;
            std::array::from_fn(|row| {
                let samples = self.plane.samples.get(start + row * self.plane.stride..);
                samples.and_then(<[u8]>::first_chunk).unwrap_or(&[0; 8])
            })
        } else {
            edge = self.edge_block(x, y);
            edge.each_ref()
        };
        let quantised = self.quantiser.quantise(fdct::forward(rows));
        let mut block = [0; 64];
        for (place, column) in block.chunks_exact_mut(8).zip(quantised) {
            place.copy_from_slice(&column.to_array());
        }
        let [c0, c1, c2, c3, c4, c5, c6, c7] = quantised;
        let nonzero = [c0.nonzero_mask(c1), c2.nonzero_mask(c3), c4.nonzero_mask(c5), c6.nonzero_mask(c7)];
        self.tokenise_dc(tokens, block[0].into());
        self.tokenise_ac(tokens, &block, order.order(nonzero) & !1);
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
    fn tokenise_dc(&mut self, tokens: &mut Tokens, dc: i32) {
        let (bits, size) = value_bits(dc - self.previous_dc);
        self.previous_dc = dc;
        tokens.push(Token::new(self.dc, size, bits));
    }

    #[inline(always)]
    fn tokenise_ac(&self, tokens: &mut Tokens, block: &[i16; 64], mut nonzero: u64) {
        let mut previous = 0;
        while nonzero != 0 {
            let index = nonzero.trailing_zeros();
            nonzero &= nonzero - 1;
            let mut run = index - previous - 1;
            previous = index;
            while run >= 16 {
                tokens.push(Token::new(self.ac, 0xF0, 0));
                run -= 16;
            }
            let value = i32::from(block[usize::from(COLUMNS[index as usize & 63])]);
            // Baseline has codes for ten bits; rounding must not make eleven of them.
            let (bits, size) = value_bits(value.clamp(-1023, 1023));
            tokens.push(Token::new(self.ac, run << 4 | size, bits));
        }
        if previous < 63 {
            tokens.push(Token::new(self.ac, 0x00, 0));
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

#[cfg(test)]
mod tests {
    use super::super::huffman_tables::{AC_CHROMA, AC_LUMA, DC_CHROMA, DC_LUMA};
    use super::super::{Header, Scale};
    use super::*;

    /// Every sample by its place, chroma in half.
    fn picture(width: usize, height: usize, sample: impl Fn(usize, usize) -> u8) -> Planes {
        let planes = [1, 2, 2].map(|divisor| {
            let mut plane = Plane::new(width.div_ceil(divisor), height.div_ceil(divisor)).unwrap();
            for (y, row) in plane.samples.chunks_exact_mut(plane.stride).enumerate() {
                for (x, place) in row.iter_mut().enumerate() {
                    *place = sample(x * divisor, y * divisor);
                }
            }
            plane
        });
        Planes { width: width as u32, height: height as u32, planes: planes.into() }
    }

    fn grey(mut picture: Planes) -> Planes {
        picture.planes.truncate(1);
        picture
    }

    fn texture(x: usize, y: usize) -> u8 {
        ((x * x + 3 * y * y + x * y) / 7 % 251) as u8
    }

    fn standard(_: &Tokens, _: bool) -> [HuffmanTable; 4] {
        [&DC_LUMA, &AC_LUMA, &DC_CHROMA, &AC_CHROMA]
            .map(|table| HuffmanTable { counts: table.counts, symbols: table.symbols.to_vec() })
    }

    const OPTIONS: EncodeOptions = EncodeOptions { quality: 80, segments: &[] };

    fn decoded(file: &[u8]) -> Vec<Vec<u8>> {
        let decoded = Header::parse(file).and_then(|header| header.decode(&[Scale::Full])).unwrap();
        decoded.planes.into_iter().map(|plane| plane.samples).collect()
    }

    fn decoded_by_zune(file: &[u8]) -> Vec<u8> {
        zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(file)).decode().unwrap()
    }

    /// The same to every decoder as with the standard's tables, and smaller.
    fn assert_equal_and_smaller(picture: &Planes) {
        let with_standard = encode_with(picture, &OPTIONS, usize::MAX, standard).unwrap();
        // One that keeps all, and one that keeps a row and has to foresee the rest.
        for kept_tokens in [usize::MAX, 1] {
            let file = encode_with(picture, &OPTIONS, kept_tokens, Tokens::tables).unwrap();
            assert_eq!(decoded(&file), decoded(&with_standard));
            assert_eq!(decoded_by_zune(&file), decoded_by_zune(&with_standard));
            let (ours, theirs) = (file.len(), with_standard.len());
            assert!(ours < theirs || kept_tokens == 1, "{ours} bytes, {theirs} with the standard's tables");
        }
    }

    #[test]
    fn own_tables_change_the_size_and_nothing_else() {
        assert_equal_and_smaller(&picture(203, 117, texture));
        assert_equal_and_smaller(&grey(picture(203, 117, texture)));
    }

    #[test]
    fn pictures_of_hardly_any_symbols_are_encoded() {
        for flat in [0, 128, 255] {
            assert_equal_and_smaller(&picture(64, 48, |_, _| flat));
            assert_equal_and_smaller(&grey(picture(1, 1, |_, _| flat)));
        }
        assert_equal_and_smaller(&picture(64, 64, |x, _| if x / 16 % 2 == 0 { 0 } else { 255 }));
    }

    #[test]
    fn what_comes_after_the_kept_beginning_has_codes() {
        // Nothing but flat blocks is counted; the texture that follows uses other symbols.
        assert_equal_and_smaller(&picture(160, 160, |x, y| if y < 32 { 128 } else { texture(x, y) }));
    }
}
