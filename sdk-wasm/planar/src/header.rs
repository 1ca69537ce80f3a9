//! What a file says before its first scan: dimensions, components, tables; and whether this decoder is
//! the one for it.

use super::DecodeError;
use super::huffman::TableSpec;
use super::plane::{Sampling, VECTOR};
use super::scale::Scale;
use crate::segments::{Segment, Segments, marker};

/// One colour component, as the frame header describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub(super) horizontal: u32,
    /// Vertical sampling factor, 1 to 4.
    pub(super) vertical: u32,
    /// Which of the four quantisation tables.
    pub(super) quantisation: usize,
}

/// The tables in force, which any segment between scans may replace.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// In zigzag order.
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<TableSpec>; 4],
    pub(super) ac: [Option<TableSpec>; 4],
    /// MCUs between restart markers; zero for none.
    pub(super) restart_interval: u32,
}

/// A JPEG this decoder handles: baseline or extended sequential, Huffman-coded, eight bits, grey or
/// YCbCr of any sampling.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: Vec<Component>,
    pub(super) tables: Tables,
    /// The first scan's header.
    pub(super) scan: Segment<'a>,
    /// What follows it.
    pub(super) segments: Segments<'a>,
}

impl<'a> Header<'a> {
    /// Reads up to the first scan.
    ///
    /// # Errors
    /// [`DecodeError::NotHandled`] when the file may be fine but needs another decoder, otherwise what
    /// is wrong with it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let otherwise = "it is not coded sequentially with Huffman codes";
        Self::parse_as(bytes, |frame| matches!(frame, marker::SOF0 | marker::SOF1), otherwise)
    }

    /// As [`parse`](Self::parse) of a progressive JPEG, which somebody else reads to
    /// [`Coefficients`](super::Coefficients).
    ///
    /// # Errors
    /// As [`parse`](Self::parse); a sequential one is [`DecodeError::NotHandled`].
    pub fn parse_progressive(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::parse_as(bytes, |frame| frame == marker::SOF2, "it is not progressive")
    }

    fn parse_as(
        bytes: &'a [u8],
        is_wanted: fn(u8) -> bool,
        otherwise: &'static str,
    ) -> Result<Self, DecodeError> {
        if !bytes.starts_with(&[0xFF, marker::SOI]) {
            return Err(DecodeError::Corrupt("it does not begin as a JPEG does"));
        }
        let mut segments = Segments::new(bytes);
        let mut tables = Tables::default();
        let mut frame: Option<(u32, u32, Vec<Component>)> = None;
        let (mut jfif, mut adobe_transform) = (false, None);
        loop {
            let segment = segments.next()?;
            match segment.marker {
                marker::SOS => {
                    let Some((width, height, components)) = frame else {
                        return Err(DecodeError::Corrupt("its data comes before its dimensions"));
                    };
                    if !is_grey_or_ycbcr(&components, jfif, adobe_transform) {
                        return Err(DecodeError::NotHandled("the colours are not grey or YCbCr"));
                    }
                    return Ok(Self { width, height, components, tables, scan: segment, segments });
                }
                marker::EOI => return Err(DecodeError::Incomplete { read_mcus: 0, total_mcus: 0 }),
                marker::APP0 => jfif |= segment.payload.starts_with(b"JFIF\0"),
                marker::APP14 if segment.payload.starts_with(b"Adobe") => {
                    adobe_transform = segment.payload.get(11).copied().or(adobe_transform);
                }
                code if is_frame(code) => {
                    if !is_wanted(code) {
                        return Err(DecodeError::NotHandled(otherwise));
                    }
                    if frame.replace(parse_frame(segment)?).is_some() {
                        return Err(DecodeError::NotHandled("it has several frames"));
                    }
                }
                _ => tables.update(segment)?,
            }
        }
    }

    /// Width in pixels, as stored: before any orientation is applied.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, as stored.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Per component, the smallest scale that still has at least the samples of a picture of
    /// `width` × `height` pixels (as stored) with the given chroma sampling.
    #[must_use]
    pub fn scales_for(&self, width: u32, height: u32, sampling: Sampling) -> Vec<Scale> {
        let indices = 0..self.components.len();
        indices
            .map(|index| {
                let divisor = if index == 0 { 1 } else { sampling.divisor() };
                let wanted = (width.div_ceil(divisor as u32), height.div_ceil(divisor as u32));
                Scale::ALL
                    .into_iter()
                    .find(|scale| {
                        let (columns, rows) = self.extent(index, *scale);
                        columns >= f64::from(wanted.0) && rows >= f64::from(wanted.1)
                    })
                    .unwrap_or(Scale::Full)
            })
            .collect()
    }

    /// What decoding at these scales will allocate, in bytes: the planes, and a row of coefficients.
    #[must_use]
    pub fn memory_bytes(&self, scales: &[Scale]) -> u64 {
        let (columns, rows) = self.mcus();
        let components = self.components.iter().zip(scales);
        components
            .map(|(component, scale)| {
                let edge = scale.block_edge() as u64;
                let across = u64::from(columns) * u64::from(component.horizontal) * edge;
                let down = u64::from(rows) * u64::from(component.vertical) * edge;
                across.next_multiple_of(VECTOR as u64) * down
                    + 2 * across * edge * u64::from(component.vertical)
            })
            .sum()
    }

    /// What [`Coefficients`](super::Coefficients) at these scales take, in bytes, and a bit for each one there is.
    #[must_use]
    pub fn coefficient_bytes(&self, scales: &[Scale]) -> u64 {
        let (columns, rows) = self.mcus();
        let components = self.components.iter().zip(scales);
        components
            .map(|(component, scale)| {
                let blocks = u64::from(columns * component.horizontal) * u64::from(rows * component.vertical);
                blocks * (8 + 2 * (scale.block_edge() * scale.block_edge()) as u64)
            })
            .sum()
    }

    /// How many MCUs an interleaved scan has, across and down.
    pub(super) fn mcus(&self) -> (u32, u32) {
        let (horizontal, vertical) = self.largest_factors();
        (self.width.div_ceil(8 * horizontal), self.height.div_ceil(8 * vertical))
    }

    /// How many blocks of a component hold some of the picture, across and down.
    pub(super) fn blocks(&self, component: Component) -> (u32, u32) {
        let (horizontal, vertical) = self.largest_factors();
        (
            (self.width * component.horizontal).div_ceil(8 * horizontal),
            (self.height * component.vertical).div_ceil(8 * vertical),
        )
    }

    /// How many samples of a component the picture covers at a scale.
    pub(super) fn extent(&self, index: usize, scale: Scale) -> (f64, f64) {
        let (horizontal, vertical) = self.largest_factors();
        let Some(component) = self.components.get(index) else { return (0.0, 0.0) };
        let scaled = |pixels: u32, factor: u32, largest: u32| {
            f64::from(pixels * factor) * scale.block_edge() as f64 / f64::from(8 * largest)
        };
        (
            scaled(self.width, component.horizontal, horizontal),
            scaled(self.height, component.vertical, vertical),
        )
    }

    fn largest_factors(&self) -> (u32, u32) {
        let largest = |factor: fn(&Component) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (largest(|component| component.horizontal), largest(|component| component.vertical))
    }
}

fn is_frame(code: u8) -> bool {
    (marker::SOF0..=marker::SOF15).contains(&code) && !matches!(code, marker::DHT | marker::JPG | marker::DAC)
}

fn parse_frame(segment: Segment) -> Result<(u32, u32, Vec<Component>), DecodeError> {
    let [precision, y1, y0, x1, x0, count, specs @ ..] = segment.payload else {
        return Err(DecodeError::Corrupt("the frame header is too short"));
    };
    let (height, width) = (u16::from_be_bytes([*y1, *y0]), u16::from_be_bytes([*x1, *x0]));
    if *precision != 8 {
        return Err(DecodeError::NotHandled("its samples do not have eight bits"));
    }
    if height == 0 {
        return Err(DecodeError::NotHandled("it says its height only after the picture"));
    }
    if width == 0 {
        return Err(DecodeError::Corrupt("it is zero pixels wide"));
    }
    if !matches!(count, 1 | 3) {
        return Err(DecodeError::NotHandled("it has neither one nor three components"));
    }
    let specs =
        specs.get(..3 * usize::from(*count)).ok_or(DecodeError::Corrupt("the frame header is too short"))?;
    let mut components: Vec<Component> = Vec::with_capacity(3);
    for spec in specs.chunks_exact(3) {
        let &[id, factors, quantisation] = spec else { continue };
        let (horizontal, vertical) = (u32::from(factors >> 4), u32::from(factors & 15));
        if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) || quantisation > 3 {
            return Err(DecodeError::Corrupt("the frame header has a component that cannot be"));
        }
        if components.iter().any(|other| other.id == id) {
            return Err(DecodeError::NotHandled("two components have the same name"));
        }
        components.push(Component { id, horizontal, vertical, quantisation: quantisation.into() });
    }
    if let [only] = components.as_mut_slice() {
        // Alone in its scan, a component is not interleaved, and its factors say nothing (A.2.2).
        (only.horizontal, only.vertical) = (1, 1);
    }
    if components.iter().map(|component| component.horizontal * component.vertical).sum::<u32>() > 10 {
        return Err(DecodeError::NotHandled("an MCU has more than ten blocks"));
    }
    Ok((width.into(), height.into(), components))
}

/// As libjpeg decides it: JFIF means YCbCr, else Adobe's transform counts, else the names `RGB`.
fn is_grey_or_ycbcr(components: &[Component], jfif: bool, adobe_transform: Option<u8>) -> bool {
    let [first, second, third] = components else { return components.len() == 1 };
    match adobe_transform {
        _ if jfif => true,
        Some(transform) => transform == 1,
        None => [first.id, second.id, third.id] != *b"RGB",
    }
}

impl Tables {
    /// Takes in a segment that defines tables; any other changes nothing.
    pub(super) fn update(&mut self, segment: Segment) -> Result<(), DecodeError> {
        match segment.marker {
            marker::DQT => self.define_quantisation(segment.payload),
            marker::DHT => self.define_huffman(segment.payload),
            marker::DRI => {
                let [high, low, ..] = segment.payload else {
                    return Err(DecodeError::Corrupt("its restart interval is cut short"));
                };
                self.restart_interval = u16::from_be_bytes([*high, *low]).into();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn define_quantisation(&mut self, mut payload: &[u8]) -> Result<(), DecodeError> {
        const SHORT: DecodeError = DecodeError::Corrupt("a quantisation table is cut short");
        while let [spec, rest @ ..] = payload {
            let width = if spec >> 4 == 0 { 1 } else { 2 };
            let bytes = rest.get(..64 * width).ok_or(SHORT)?;
            let slot = self.quantisation.get_mut(usize::from(spec & 15));
            let slot = slot.ok_or(DecodeError::Corrupt("a quantisation table has an unknown number"))?;
            let mut table = [0; 64];
            for (step, bytes) in table.iter_mut().zip(bytes.chunks_exact(width)) {
                *step = bytes.iter().fold(0, |number, byte| number << 8 | u16::from(*byte));
            }
            *slot = Some(table);
            payload = rest.get(64 * width..).unwrap_or_default();
        }
        Ok(())
    }

    fn define_huffman(&mut self, mut payload: &[u8]) -> Result<(), DecodeError> {
        const SHORT: DecodeError = DecodeError::Corrupt("a Huffman table is cut short");
        while let [class_and_slot, rest @ ..] = payload {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let symbols = rest.get(..total).ok_or(SHORT)?;
            let slots = match class_and_slot >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(DecodeError::Corrupt("a Huffman table has an unknown class")),
            };
            let slot = slots.get_mut(usize::from(class_and_slot & 15));
            let slot = slot.ok_or(DecodeError::Corrupt("a Huffman table has an unknown number"))?;
            *slot = Some(TableSpec { counts: *counts, symbols: symbols.to_vec() });
            payload = rest.get(total..).unwrap_or_default();
        }
        Ok(())
    }
}
