//! One component's coefficients of a whole picture, for coding processes that send each block in pieces: only
//! those that the scale needs are kept, so that a progressive picture decoded at half its size takes a quarter
//! of the memory.

use super::header::Header;
use super::idct;
use super::plane::Plane;
use super::scale::{Placement, Scale};
use super::{DecodeError, OutOfMemory};

/// A component's coefficients, in blocks.
#[derive(Debug)]
pub struct Coefficients {
    component: usize,
    scale: Scale,
    placement: Box<Placement>,
    /// Blocks in a row, those an interleaved scan pads the picture with included.
    columns: usize,
    /// Block after block, row after row; before quantisation is undone.
    kept: Vec<i16>,
}

impl Coefficients {
    /// All zero, for a component by its place in the frame.
    ///
    /// # Errors
    /// [`DecodeError::Corrupt`] when its quantisation table is missing, and [`DecodeError::OutOfMemory`].
    pub fn new(header: &Header, component: usize, scale: Scale) -> Result<Self, DecodeError> {
        const MISSING: DecodeError = DecodeError::Corrupt("a quantisation table is missing");
        let described =
            header.components.get(component).ok_or(DecodeError::Corrupt("a component is missing"))?;
        let quantisation = header.tables.quantisation.get(described.quantisation).ok_or(MISSING)?;
        let placement = Box::new(scale.placement(quantisation.as_ref().ok_or(MISSING)?));
        let (columns, rows) = header.mcus();
        let columns = columns as usize * described.horizontal as usize;
        let blocks = columns * rows as usize * described.vertical as usize;
        let length = blocks * scale.block_edge() * scale.block_edge();
        let mut kept = Vec::new();
        kept.try_reserve_exact(length).map_err(|_| OutOfMemory)?;
        kept.resize(length, 0);
        Ok(Self { component, scale, placement, columns, kept })
    }

    /// One coefficient by its zigzag index, where the scale needs it.
    #[inline]
    pub fn get_mut(&mut self, (column, row): (u32, u32), zigzag: u32) -> Option<&mut i16> {
        let edge = self.scale.block_edge();
        let place =
            self.placement.get(zigzag as usize).filter(|place| usize::from(place.index) < edge * edge)?;
        let block = row as usize * self.columns + column as usize;
        self.kept.get_mut(block * edge * edge + usize::from(place.index))
    }

    /// The component's samples.
    ///
    /// # Errors
    /// [`OutOfMemory`].
    pub fn into_plane(mut self, header: &Header) -> Result<Plane, OutOfMemory> {
        let edge = self.scale.block_edge();
        let mut steps = [0; 64];
        for place in self.placement.iter().take(64) {
            if let Some(step) = steps.get_mut(usize::from(place.index)).filter(|_| place.step != 0) {
                *step = place.step;
            }
        }
        let mut plane = header.empty_plane(self.component, self.scale)?;
        let stride = plane.stride;
        let rows = self.kept.chunks_exact_mut((self.columns * edge * edge).max(1));
        for (blocks, samples) in rows.zip(plane.samples.chunks_mut(edge * stride)) {
            for block in blocks.chunks_exact_mut(edge * edge) {
                for (coefficient, step) in block.iter_mut().zip(steps) {
                    *coefficient = coefficient.wrapping_mul(step);
                }
            }
            idct::row_of_blocks(self.scale, blocks, samples, stride);
        }
        Ok(plane)
    }
}
