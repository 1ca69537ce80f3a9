//! Progressive coding: which coefficients of which block are known so far (T.81, G.1 and G.2).
//!
//! Refinement scans send one bit for each coefficient that is already nonzero, so passing over them
//! needs that much of the picture: 64 bits a block. Beside that, what a scaled decoder needs is kept.

use super::bits::BitReader;
use super::corrupt;
use super::frame::Process;
use super::huffman::HuffmanTable;
use super::scan::{dc_difference, extend};
use crate::image::{ImageError, planar};

/// What a scan sends of each block: coefficients `start` to `end` in zigzag order, down to bit `low`,
/// where bit `high` was the last one sent before (0: none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) start: u8,
    pub(crate) end: u8,
    pub(crate) high: u8,
    pub(crate) low: u8,
}

impl Band {
    /// All of every coefficient at once.
    pub(crate) fn whole() -> Self {
        Self { start: 0, end: 63, high: 0, low: 0 }
    }

    pub(crate) fn is_legal(self, process: Process, components: usize) -> bool {
        if process == Process::Sequential {
            return true;
        }
        let dc_alone = self.start == 0 && self.end == 0;
        let ac_of_one = self.start > 0 && self.start <= self.end && components == 1;
        let refines_by_one = self.high == 0 || self.high == self.low + 1;
        self.end < 64 && self.low < 14 && (dc_alone || ac_of_one) && refines_by_one
    }

    pub(crate) fn needs_dc_table(self) -> bool {
        self.start == 0 && self.high == 0
    }

    pub(crate) fn needs_ac_table(self) -> bool {
        self.end > 0
    }
}

/// What is known of one component's coefficients.
pub(crate) struct Coefficients {
    /// Per coefficient, the lowest bit sent so far.
    lowest_bit: [Option<u8>; 64],
    /// Per block, a bit for each coefficient that is nonzero. Empty in sequential files.
    nonzero: Vec<u64>,
    /// Blocks in a row, padding included.
    stride: u32,
    /// The coefficients themselves, where the picture is decoded and not just passed over.
    kept: Option<planar::Coefficients>,
    /// Of the block before, in this scan.
    previous_dc: i32,
}

impl Coefficients {
    /// For a component of `columns` × `rows` blocks, padding included.
    pub(crate) fn new(
        process: Process,
        (columns, rows): (u32, u32),
        kept: Option<planar::Coefficients>,
    ) -> Self {
        let blocks = match process {
            Process::Sequential => 0,
            Process::Progressive => columns as usize * rows as usize,
        };
        Self { lowest_bit: [None; 64], nonzero: vec![0; blocks], stride: columns, kept, previous_dc: 0 }
    }

    /// Notes that a scan sends `band`, and refuses one that comes out of order.
    pub(crate) fn begin(&mut self, band: Band) -> Result<(), ImageError> {
        let expected = (band.high > 0).then_some(band.high);
        for slot in self.lowest_bit.iter_mut().take(usize::from(band.end) + 1).skip(usize::from(band.start)) {
            if *slot != expected {
                return Err(corrupt("its scans are out of order"));
            }
            *slot = Some(band.low);
        }
        self.restart();
        Ok(())
    }

    /// Begins a scan, or goes on after a restart marker: differences count from zero.
    pub(crate) fn restart(&mut self) {
        self.previous_dc = 0;
    }

    /// What was kept.
    #[cfg(feature = "codecs")]
    pub(crate) fn into_kept(self) -> Option<planar::Coefficients> {
        self.kept
    }

    /// Whether everything begun was brought to an end, and the mean brightness of blocks is there.
    pub(crate) fn are_complete(&self) -> bool {
        self.lowest_bit.first() == Some(&Some(0))
            && self.lowest_bit.iter().all(|bit| matches!(bit, None | Some(0)))
    }

    pub(crate) fn read_block(
        &mut self,
        bits: &mut BitReader<'_>,
        band: Band,
        (dc, ac): (Option<&HuffmanTable>, Option<&HuffmanTable>),
        (column, row): (u32, u32),
        end_of_band_run: &mut u32,
    ) -> Result<(), ImageError> {
        let mut block = Block { kept: self.kept.as_mut(), at: (column, row), low: band.low };
        if band.start == 0 {
            match dc {
                Some(dc) if band.high == 0 => {
                    self.previous_dc = self.previous_dc.wrapping_add(dc_difference(bits, dc)?);
                    block.set(0, self.previous_dc);
                }
                _ => {
                    if bits.take(1)? == 1 {
                        block.add(0, 1);
                    }
                }
            }
            return Ok(());
        }
        let index = row as usize * self.stride as usize + column as usize;
        let (Some(ac), Some(nonzero)) = (ac, self.nonzero.get_mut(index)) else { return Ok(()) };
        if band.high == 0 {
            first_pass(bits, band, ac, (nonzero, &mut block), end_of_band_run)
        } else {
            refining_pass(bits, band, ac, (nonzero, &mut block), end_of_band_run)
        }
    }
}

/// The kept coefficients of one block, as one scan brings them.
struct Block<'a> {
    kept: Option<&'a mut planar::Coefficients>,
    at: (u32, u32),
    /// The lowest bit of what the scan sends.
    low: u8,
}

impl Block<'_> {
    fn place(&mut self, index: u32) -> Option<&mut i16> {
        self.kept.as_mut()?.get_mut(self.at, index)
    }

    fn set(&mut self, index: u32, value: i32) {
        let low = self.low;
        if let Some(place) = self.place(index) {
            *place = (value << low) as i16;
        }
    }

    /// Adds bits to what is there, away from zero where `value` is one of the size of a bit.
    fn add(&mut self, index: u32, value: i16) {
        let low = self.low;
        if let Some(place) = self.place(index) {
            let away = if index > 0 && *place < 0 { -value } else { value };
            *place = place.wrapping_add(away << low);
        }
    }
}

/// The first bits of a band of AC coefficients (G.1.2.2).
fn first_pass(
    bits: &mut BitReader<'_>,
    band: Band,
    ac: &HuffmanTable,
    (nonzero, block): (&mut u64, &mut Block<'_>),
    end_of_band_run: &mut u32,
) -> Result<(), ImageError> {
    if *end_of_band_run > 0 {
        *end_of_band_run -= 1;
        return Ok(());
    }
    let mut index = u32::from(band.start);
    while index <= u32::from(band.end) {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size > 0 {
            index += run;
            let value = extend(bits.take(size)?, size);
            block.set(index, value);
            *nonzero |= 1_u64.checked_shl(index).unwrap_or(0);
            index += 1;
        } else if run == 15 {
            index += 16;
        } else {
            *end_of_band_run = (1 << run) + bits.take(run)? - 1;
            return Ok(());
        }
    }
    if index > u32::from(band.end) + 1 {
        return Err(corrupt("a block has more coefficients than it holds"));
    }
    Ok(())
}

/// One more bit of a band of AC coefficients (G.1.2.3).
fn refining_pass(
    bits: &mut BitReader<'_>,
    band: Band,
    ac: &HuffmanTable,
    (nonzero, block): (&mut u64, &mut Block<'_>),
    end_of_band_run: &mut u32,
) -> Result<(), ImageError> {
    let end = u32::from(band.end);
    let mut index = u32::from(band.start);
    while *end_of_band_run == 0 && index <= end {
        let symbol = bits.symbol(ac)?;
        let (mut run, size) = (u32::from(symbol >> 4), symbol & 15);
        let mut positive = false;
        match size {
            0 if run < 15 => {
                *end_of_band_run = (1 << run) + bits.take(run)?;
                break;
            }
            0 => {}
            1 => positive = bits.take(1)? == 1,
            _ => return Err(corrupt("a refinement is larger than one bit")),
        }
        // Passes `run` coefficients that stay zero, and refines each nonzero one on the way.
        loop {
            if index > end {
                if size == 0 {
                    break;
                }
                return Err(corrupt("a block has more coefficients than it holds"));
            }
            if *nonzero >> index & 1 == 1 {
                if bits.take(1)? == 1 {
                    block.add(index, 1);
                }
            } else if run == 0 {
                if size == 1 {
                    *nonzero |= 1 << index;
                    block.set(index, if positive { 1 } else { -1 });
                }
                index += 1;
                break;
            } else {
                run -= 1;
            }
            index += 1;
        }
    }
    if *end_of_band_run > 0 {
        let band_from_here = (u64::MAX >> (63 - end)) & u64::MAX.checked_shl(index).unwrap_or(0);
        let mut left = *nonzero & band_from_here;
        while left != 0 {
            if bits.take(1)? == 1 {
                block.add(left.trailing_zeros(), 1);
            }
            left &= left - 1;
        }
        *end_of_band_run -= 1;
    }
    Ok(())
}
