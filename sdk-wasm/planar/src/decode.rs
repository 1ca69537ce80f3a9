//! A JPEG's scans to planes.

use super::entropy::Scan;
use super::header::Header;
use super::plane::{Plane, Planes, VECTOR, black};
use super::scale::Scale;
use super::{DecodeError, OutOfMemory};
use crate::segments::marker;

impl Header<'_> {
    /// Decodes the picture, each component at its own scale (the last one given goes for the rest).
    ///
    /// Every MCU is accounted for: a file that is cut off, or whose data does not come out even, is an
    /// error and never a picture that is grey below some line.
    ///
    /// # Errors
    /// [`DecodeError::Incomplete`] and [`DecodeError::Corrupt`], and [`DecodeError::NotHandled`] for
    /// what can only be seen between scans.
    pub fn decode(&self, scales: &[Scale]) -> Result<Planes, DecodeError> {
        let last = scales.last().copied().unwrap_or(Scale::Full);
        let scales: Vec<Scale> =
            (0..self.components.len()).map(|index| scales.get(index).copied().unwrap_or(last)).collect();
        let mut tables = self.tables.clone();
        let mut segments = self.segments.clone();
        let mut planes: Vec<Plane> = Vec::new();
        let mut missing: Vec<usize> = (0..self.components.len()).collect();
        let mut segment = self.scan;
        loop {
            match segment.marker {
                marker::SOS => {
                    let scan = Scan::new(segment.payload, self, &tables, &scales)?;
                    if scan.components().any(|index| !missing.contains(&index)) {
                        return Err(DecodeError::Corrupt("a component comes twice"));
                    }
                    // Before anything is allocated: a file of some bytes must not claim gigabytes.
                    let data = segments.rest();
                    if scan.blocks() > data.len() as u64 * 4 {
                        let total_mcus = scan.total_mcus();
                        return Err(DecodeError::Incomplete { read_mcus: 0, total_mcus });
                    }
                    if planes.is_empty() {
                        planes = self.empty_planes(&scales)?;
                    }
                    missing.retain(|index| !scan.components().any(|held| held == *index));
                    segments.advance(scan.read(data, &mut planes)?);
                }
                marker::DNL => return Err(DecodeError::Corrupt("it changes its height after the picture")),
                marker::EOI if missing.is_empty() => {
                    return Ok(Planes { width: self.width, height: self.height, planes });
                }
                marker::EOI => return Err(DecodeError::Corrupt("it ends before all of its colours")),
                _ => tables.update(segment)?,
            }
            segment = segments.next()?;
        }
    }

    fn empty_planes(&self, scales: &[Scale]) -> Result<Vec<Plane>, OutOfMemory> {
        scales.iter().enumerate().map(|(index, scale)| self.empty_plane(index, *scale)).collect()
    }

    /// A plane with room for the blocks that an interleaved scan pads the picture with.
    pub(super) fn empty_plane(&self, index: usize, scale: Scale) -> Result<Plane, OutOfMemory> {
        let (columns, rows) = self.mcus();
        let edge = scale.block_edge();
        let Some(component) = self.components.get(index) else { return Plane::new(0, 0) };
        let stride = (columns as usize * component.horizontal as usize * edge).next_multiple_of(VECTOR);
        let padded_rows = rows as usize * component.vertical as usize * edge;
        let extent = self.extent(index, scale);
        Ok(Plane {
            width: extent.0.ceil() as usize,
            height: extent.1.ceil() as usize,
            stride,
            samples: black(stride, padded_rows)?,
            extent,
        })
    }
}
