//! One scan: which components it holds, and the walk over its blocks (T.81, B.2.3 and F.2.2).

use super::bits::BitReader;
use super::corrupt;
use super::frame::{Frame, Process};
use super::huffman::HuffmanTable;
use super::progressive::{Band, Coefficients};
use crate::image::ImageError;
use windlass_planar::segments::marker;
use windlass_planar::zeros::has_long_zeros;

/// The four slots a file may fill with tables of one class.
pub(crate) type TableSlots = [Option<HuffmanTable>; 4];

/// One component's part in a scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanComponent {
    /// Its place in the frame.
    pub(crate) index: usize,
    dc_slot: u8,
    ac_slot: u8,
}

/// A scan's header.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) components: Vec<ScanComponent>,
    pub(crate) band: Band,
}

impl Scan {
    pub(crate) fn parse(payload: &[u8], frame: &Frame) -> Result<Self, ImageError> {
        const SHORT: &str = "a scan header is too short";
        let [count, rest @ ..] = payload else { return Err(corrupt(SHORT)) };
        let count = usize::from(*count);
        let (Some(specs), Some([start, end, approximation, ..])) =
            (rest.get(..2 * count), rest.get(2 * count..))
        else {
            return Err(corrupt(SHORT));
        };
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for spec in specs.chunks_exact(2) {
            let [id, slots] = spec else { continue };
            let index = frame.components.iter().position(|component| component.id == *id);
            let index = index.ok_or_else(|| corrupt("a scan names a component that does not exist"))?;
            if components.iter().any(|other| other.index == index) {
                return Err(corrupt("a scan names a component twice"));
            }
            components.push(ScanComponent { index, dc_slot: slots >> 4, ac_slot: slots & 15 });
        }
        let band = match frame.process {
            // Some encoders leave these fields at zero in sequential files; there is only one answer.
            Process::Sequential => Band::whole(),
            Process::Progressive => {
                Band { start: *start, end: *end, high: approximation >> 4, low: approximation & 15 }
            }
        };
        let scan = Self { components, band };
        if scan.components.is_empty() || !scan.band.is_legal(frame.process, scan.components.len()) {
            return Err(corrupt("a scan header contradicts itself"));
        }
        Ok(scan)
    }

    /// How many units its data holds, and how many of them make a row: minimum coded units when
    /// components are interleaved, blocks when there is one.
    fn units(&self, frame: &Frame) -> (u32, u32) {
        match self.components.as_slice() {
            [only] => frame.components.get(only.index).map_or((0, 1), |c| frame.blocks(c)),
            _ => frame.mcus(),
        }
    }

    /// Reads every block of the scan from `data`, which begins after the scan's header. Returns the
    /// length of its entropy-coded data.
    pub(crate) fn walk(
        &self,
        data: &[u8],
        frame: &Frame,
        tables: (&TableSlots, &TableSlots),
        restart_interval: u32,
        coefficients: &mut [Coefficients],
    ) -> Result<usize, ImageError> {
        let mut bits = BitReader::new(data);
        let mut end_of_band_run = 0_u32;
        let (columns, rows) = self.units(frame);
        let coders = self.coders(frame, tables)?;
        let mut until_restart = restart_interval;
        let mut next_restart = 0_u8;
        for row in 0..rows {
            for column in 0..columns {
                if restart_interval > 0 {
                    if until_restart == 0 {
                        bits.restart(marker::RST0 + next_restart)?;
                        next_restart = (next_restart + 1) & 7;
                        until_restart = restart_interval;
                        end_of_band_run = 0;
                        coefficients.iter_mut().for_each(Coefficients::restart);
                    }
                    until_restart -= 1;
                }
                for coder in &coders {
                    let Some(blocks) = coefficients.get_mut(coder.index) else { continue };
                    for y in 0..coder.high {
                        for x in 0..coder.wide {
                            let at = (column * coder.wide + x, row * coder.high + y);
                            coder.read_block(&mut bits, self.band, blocks, at, &mut end_of_band_run)?;
                        }
                    }
                }
            }
        }
        let length = bits.finish()?;
        let zeros_are_coefficients = self.band.high == 0
            && coders.iter().any(|coder| coder.ac.is_some_and(HuffmanTable::has_coefficient_of_zeros));
        if zeros_are_coefficients && has_long_zeros(data.get(..length).unwrap_or_default()) {
            return Err(corrupt("a part of the picture's data is overwritten with zeros"));
        }
        Ok(length)
    }

    fn coders<'t>(
        &self,
        frame: &Frame,
        (dc, ac): (&'t TableSlots, &'t TableSlots),
    ) -> Result<Vec<BlockCoder<'t>>, ImageError> {
        let table = |slots: &'t TableSlots, slot: u8, needed: bool| match slots.get(usize::from(slot)) {
            _ if !needed => Ok(None),
            Some(Some(table)) => Ok(Some(table)),
            _ => Err(corrupt("a scan uses a Huffman table that does not exist")),
        };
        let interleaved = self.components.len() > 1;
        self.components
            .iter()
            .filter_map(|part| frame.components.get(part.index).map(|component| (part, component)))
            .map(|(part, component)| {
                Ok(BlockCoder {
                    index: part.index,
                    wide: if interleaved { u32::from(component.horizontal) } else { 1 },
                    high: if interleaved { u32::from(component.vertical) } else { 1 },
                    progressive: frame.process == Process::Progressive,
                    dc: table(dc, part.dc_slot, self.band.needs_dc_table())?,
                    ac: table(ac, part.ac_slot, self.band.needs_ac_table())?,
                })
            })
            .collect()
    }
}

/// Reads the blocks of one component in one scan.
struct BlockCoder<'t> {
    index: usize,
    /// Blocks per unit, across and down.
    wide: u32,
    high: u32,
    progressive: bool,
    dc: Option<&'t HuffmanTable>,
    ac: Option<&'t HuffmanTable>,
}

impl BlockCoder<'_> {
    #[inline]
    fn read_block(
        &self,
        bits: &mut BitReader<'_>,
        band: Band,
        blocks: &mut Coefficients,
        at: (u32, u32),
        end_of_band_run: &mut u32,
    ) -> Result<(), ImageError> {
        if self.progressive {
            return blocks.read_block(bits, band, (self.dc, self.ac), at, end_of_band_run);
        }
        if let (Some(dc), Some(ac)) = (self.dc, self.ac) {
            return pass_sequential_block(bits, dc, ac);
        }
        Ok(())
    }
}

/// Passes over one sequential block (F.2.2.1, F.2.2.2).
#[inline]
fn pass_sequential_block(
    bits: &mut BitReader<'_>,
    dc: &HuffmanTable,
    ac: &HuffmanTable,
) -> Result<(), ImageError> {
    dc_difference(bits, dc)?;
    let mut index = 1_u32;
    while index < 64 {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                return Ok(());
            }
            index += 16;
            continue;
        }
        index += run + 1;
        bits.take(size)?;
    }
    if index > 64 {
        return Err(corrupt("a block has more coefficients than it holds"));
    }
    Ok(())
}

/// The difference of a DC coefficient.
#[inline]
pub(crate) fn dc_difference(bits: &mut BitReader<'_>, dc: &HuffmanTable) -> Result<i32, ImageError> {
    let size = u32::from(bits.symbol(dc)?);
    if size > 11 {
        return Err(corrupt("a brightness step is out of range"));
    }
    Ok(extend(bits.take(size)?, size))
}

/// A signed value of `size` bits, at most 16 (T.81, F.2.2.1, EXTEND).
#[inline]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    let negative = size > 0 && bits >> (size - 1) == 0;
    bits as i32 - if negative { (1 << size) - 1 } else { 0 }
}
