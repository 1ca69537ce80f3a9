//! One scan: Huffman codes to dequantised coefficients, and those to samples, MCU row by MCU row
//! (T.81, B.2.3 and F.2.2).

use super::DecodeError;
use super::bits::{BitReader, End};
use super::header::{Component, Header, Tables};
use super::huffman::{AcTable, DcTable};
use super::idct;
use super::plane::Plane;
use super::scale::{Placement, Scale};
use crate::segments::marker;
use crate::zeros::has_long_zeros;

/// A block's window into the row of coefficients: more than any block takes, so that no index needs
/// a check, and a power of two.
const WINDOW: usize = 128;

/// One component's part in a scan.
struct Part {
    /// Its place in the frame.
    index: usize,
    scale: Scale,
    dc: DcTable,
    ac: AcTable,
    placement: Box<Placement>,
    /// Blocks in an MCU, across and down.
    across: usize,
    down: usize,
    /// Blocks in a row.
    row_blocks: usize,
    previous_dc: i32,
    /// One row of MCUs: `down` rows of blocks, each row followed by a gap.
    coefficients: Vec<i16>,
}

/// One scan, ready to be read.
pub(super) struct Scan {
    parts: Vec<Part>,
    columns: u32,
    rows: u32,
    restart_interval: u32,
}

impl Scan {
    /// Prepares a scan from its header's payload and the tables in force.
    pub(super) fn new(
        payload: &[u8],
        header: &Header,
        tables: &Tables,
        scales: &[Scale],
    ) -> Result<Self, DecodeError> {
        const SHORT: DecodeError = DecodeError::Corrupt("a scan header is too short");
        let [count, rest @ ..] = payload else { return Err(SHORT) };
        let specs = rest.get(..2 * usize::from(*count)).ok_or(SHORT)?;
        let mut parts: Vec<Part> = Vec::with_capacity(3);
        for spec in specs.chunks_exact(2) {
            let &[id, slots] = spec else { continue };
            let named = header.components.iter().position(|component| component.id == id);
            let index = named.ok_or(DecodeError::Corrupt("a scan names a component that does not exist"))?;
            if parts.iter().any(|part| part.index == index) {
                return Err(DecodeError::Corrupt("a scan names a component twice"));
            }
            let (component, scale) = (header.components[index], scales[index]);
            parts.push(Part::new(index, component, slots, scale, tables)?);
        }
        let (columns, rows) = match parts.as_mut_slice() {
            [] => return Err(DecodeError::Corrupt("a scan is of nothing")),
            [alone] => {
                (alone.across, alone.down) = (1, 1);
                header.blocks(header.components[alone.index])
            }
            _ => header.mcus(),
        };
        for part in &mut parts {
            part.row_blocks = columns as usize * part.across;
        }
        Ok(Self { parts, columns, rows, restart_interval: tables.restart_interval })
    }

    /// Which components it holds, by their place in the frame.
    pub(super) fn components(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|part| part.index)
    }

    /// How many blocks it has. Each takes at least two bits.
    pub(super) fn blocks(&self) -> u64 {
        let in_mcu: usize = self.parts.iter().map(|part| part.across * part.down).sum();
        u64::from(self.columns) * u64::from(self.rows) * in_mcu as u64
    }

    /// How many MCUs it has.
    pub(super) fn total_mcus(&self) -> u32 {
        self.columns * self.rows
    }

    /// Reads the scan's data, and returns how many bytes it took.
    pub(super) fn read(mut self, data: &[u8], planes: &mut [Plane]) -> Result<usize, DecodeError> {
        for part in &mut self.parts {
            part.allocate();
        }
        let mut reader = BitReader::new(data);
        let mut until_restart = self.restart_interval;
        let mut restarts = 0;
        for row in 0..self.rows {
            for column in 0..self.columns {
                if self.restart_interval > 0 {
                    if until_restart == 0 {
                        self.restart(&mut reader, restarts, row * self.columns + column)?;
                        restarts += 1;
                        until_restart = self.restart_interval;
                    }
                    until_restart -= 1;
                }
                let read =
                    self.parts.iter_mut().try_for_each(|part| part.read_mcu(&mut reader, column as usize));
                if read.is_none() || reader.has_overrun() {
                    return Err(self.stopped(&reader, row * self.columns + column));
                }
            }
            for part in &self.parts {
                part.reconstruct(row as usize, &mut planes[part.index]);
            }
        }
        match reader.end() {
            End::DataLeft => Err(DecodeError::Corrupt("there is more data than the picture has blocks")),
            End::File | End::Marker(_) => {
                let length = reader.position();
                let zeros_are_coefficients = self.parts.iter().any(|part| part.ac.has_coefficient_of_zeros());
                if zeros_are_coefficients && has_long_zeros(data.get(..length).unwrap_or_default()) {
                    return Err(DecodeError::Corrupt("a part of its data is overwritten with zeros"));
                }
                Ok(length)
            }
        }
    }

    fn restart(&mut self, reader: &mut BitReader, restarts: u32, read_mcus: u32) -> Result<(), DecodeError> {
        let end = reader.end();
        if !end.is_restart(restarts) {
            return Err(match end {
                End::File | End::Marker(marker::EOI) => self.incomplete(read_mcus),
                End::DataLeft => DecodeError::Corrupt("a restart marker comes late"),
                End::Marker(_) => DecodeError::Corrupt("a restart marker is missing"),
            });
        }
        reader.restart();
        for part in &mut self.parts {
            part.previous_dc = 0;
        }
        Ok(())
    }

    /// Why an MCU could not be read.
    fn stopped(&self, reader: &BitReader, read_mcus: u32) -> DecodeError {
        if !reader.has_overrun() {
            return DecodeError::Corrupt("its data has a code that no table defines, or a block too long");
        }
        match reader.clone().end() {
            End::Marker(marker::RST0..=marker::RST7) => {
                DecodeError::Corrupt("its data stops before a restart marker")
            }
            _ => self.incomplete(read_mcus),
        }
    }

    fn incomplete(&self, read_mcus: u32) -> DecodeError {
        DecodeError::Incomplete { read_mcus, total_mcus: self.total_mcus() }
    }
}

impl Part {
    fn new(
        index: usize,
        component: Component,
        slots: u8,
        scale: Scale,
        tables: &Tables,
    ) -> Result<Self, DecodeError> {
        let slot = |slot: u8| usize::from(slot & 15);
        let quantisation = tables.quantisation[component.quantisation].as_ref();
        let quantisation = quantisation.ok_or(DecodeError::Corrupt("a quantisation table is missing"))?;
        let dc = tables.dc.get(slot(slots >> 4)).and_then(Option::as_ref);
        let ac = tables.ac.get(slot(slots)).and_then(Option::as_ref);
        let (Some(dc), Some(ac)) = (dc, ac) else {
            return Err(DecodeError::Corrupt("a Huffman table is missing"));
        };
        Ok(Self {
            index,
            scale,
            dc: DcTable::new(dc)?,
            ac: AcTable::new(ac)?,
            placement: Box::new(scale.placement(quantisation)),
            across: component.horizontal as usize,
            down: component.vertical as usize,
            row_blocks: 0,
            previous_dc: 0,
            coefficients: Vec::new(),
        })
    }

    fn block_size(&self) -> usize {
        self.scale.block_edge() * self.scale.block_edge()
    }

    /// From one row of blocks to the next. What no scale needs of a block is put behind it, which is
    /// where the next block will clear it away, or the gap at the end of the row.
    fn row_pitch(&self) -> usize {
        self.row_blocks * self.block_size() + 1
    }

    fn allocate(&mut self) {
        self.coefficients = vec![0; self.row_pitch() * self.down + WINDOW];
    }

    /// Reads this component's blocks of one MCU; `None` when the data is damaged.
    #[inline(always)]
    fn read_mcu(&mut self, reader: &mut BitReader, column: usize) -> Option<()> {
        match self.scale {
            Scale::Eighth => self.read_blocks::<1, { Scale::Eighth.last_coefficient() }>(reader, column),
            Scale::Quarter => self.read_blocks::<4, { Scale::Quarter.last_coefficient() }>(reader, column),
            Scale::Half => self.read_blocks::<16, { Scale::Half.last_coefficient() }>(reader, column),
            Scale::Full => self.read_blocks::<64, { Scale::Full.last_coefficient() }>(reader, column),
        }
    }

    /// With the size of a block and its last coefficient known beforehand.
    #[inline(never)]
    fn read_blocks<const SIZE: usize, const LAST: u32>(
        &mut self,
        reader: &mut BitReader,
        column: usize,
    ) -> Option<()> {
        // A copy lets the compiler keep the reader in registers.
        let mut local = reader.clone();
        let mut read = Some(());
        'blocks: for down in 0..self.down {
            for across in 0..self.across {
                let block = column * self.across + across;
                read = self.read_block::<SIZE, LAST>(&mut local, down * self.row_pitch() + block * SIZE);
                if read.is_none() {
                    break 'blocks;
                }
            }
        }
        *reader = local;
        read
    }

    #[inline(always)]
    fn read_block<const SIZE: usize, const LAST: u32>(
        &mut self,
        reader: &mut BitReader,
        start: usize,
    ) -> Option<()> {
        let window = self.coefficients.get_mut(start..)?.first_chunk_mut::<WINDOW>()?;
        window[..SIZE].fill(0);
        self.previous_dc = self.previous_dc.wrapping_add(self.dc.difference(reader)?);
        let placement = &*self.placement;
        window[0] = self.previous_dc.wrapping_mul(placement[0].step.into()) as i16;
        let mut next = 1;
        while next <= LAST {
            reader.refill();
            let (run, value) = self.ac.step(reader)?;
            next += run;
            let place = placement[(next & 0xFF) as usize];
            window[usize::from(place.index) % WINDOW] = value.wrapping_mul(place.step.into()) as i16;
            next += 1;
        }
        while next < 64 {
            reader.refill();
            next = self.ac.leap(reader, next)?;
        }
        // 64 is a full block, and the end-of-block code leads beyond 127.
        if next > 64 && next < 128 { None } else { Some(()) }
    }

    /// Makes samples of the row of MCUs just read.
    fn reconstruct(&self, row: usize, plane: &mut Plane) {
        let edge = self.scale.block_edge();
        for down in 0..self.down {
            let start = down * self.row_pitch();
            let Some(blocks) = self.coefficients.get(start..start + self.row_blocks * self.block_size())
            else {
                continue;
            };
            let top = (row * self.down + down) * edge * plane.stride;
            let Some(samples) = plane.samples.get_mut(top..) else { continue };
            idct::row_of_blocks(self.scale, blocks, samples, plane.stride);
        }
    }
}
