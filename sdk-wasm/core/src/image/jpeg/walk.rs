//! Proof that a JPEG file holds its whole picture: every block of every scan is read, up to the
//! end-of-image marker. A progressive one is decoded on the way.
//!
//! Decoders paint what is missing grey and call it a success, so asking them is not enough. Walking the
//! Huffman codes without reconstructing anything finds data that is cut off, has a hole, or has lost
//! its place after a flipped bit.

use super::frame::{Frame, Process};
use super::huffman::HuffmanTable;
use super::progressive::Coefficients;
use super::scan::{Scan, TableSlots};
use super::{corrupt, incomplete};
use crate::image::{ImageError, planar};
use windlass_planar::segments::{Segments, marker};

/// Encoders write about ten scans. The bound keeps a file of a few kilobytes, whose thousands of scans
/// each visit every block, from taking minutes.
const MAX_SCANS: usize = 100;

/// Reads the whole picture and refuses one that is not all there. Data after the picture (a motion
/// photo's video, further pictures) is not looked at.
pub(crate) fn check_complete(bytes: &[u8]) -> Result<(), ImageError> {
    Walk::default().over(bytes).map(drop)
}

/// As [`check_complete`] of a progressive picture, and its coefficients as far as the scales need them.
#[cfg(feature = "codecs")]
pub(crate) fn coefficients(
    bytes: &[u8],
    kept: Vec<planar::Coefficients>,
) -> Result<Vec<planar::Coefficients>, ImageError> {
    let walk = Walk { kept, ..Walk::default() }.over(bytes)?;
    let coefficients = walk.frame.map(|(_, coefficients)| coefficients).unwrap_or_default();
    Ok(coefficients.into_iter().filter_map(Coefficients::into_kept).collect())
}

fn restart_interval(payload: &[u8]) -> Result<u32, ImageError> {
    match payload {
        [high, low, ..] => Ok(u32::from(u16::from_be_bytes([*high, *low]))),
        _ => Err(corrupt("its restart interval is cut short")),
    }
}

/// What the segments so far have said.
#[derive(Default)]
struct Walk {
    frame: Option<(Frame, Vec<Coefficients>)>,
    /// Where the coefficients of the frame's components go.
    kept: Vec<planar::Coefficients>,
    dc: TableSlots,
    ac: TableSlots,
    restart_interval: u32,
    scans: usize,
}

impl Walk {
    /// To the end of the picture.
    fn over(mut self, bytes: &[u8]) -> Result<Self, ImageError> {
        let mut segments = Segments::new(bytes);
        loop {
            let segment = segments.next()?;
            match segment.marker {
                marker::EOI => {
                    self.end()?;
                    return Ok(self);
                }
                marker::DHT => self.define_tables(segment.payload)?,
                marker::DRI => self.restart_interval = restart_interval(segment.payload)?,
                marker::SOS => {
                    let length = self.scan(segment.payload, segments.rest())?;
                    segments.advance(length);
                }
                marker::DNL => return Err(corrupt("it changes its height after the picture")),
                code => self.frame(Frame::parse(code, segment.payload)?)?,
            }
        }
    }

    fn frame(&mut self, frame: Option<Frame>) -> Result<(), ImageError> {
        let Some(frame) = frame else { return Ok(()) };
        if self.frame.is_some() {
            return Err(corrupt("it has two frame headers"));
        }
        let (columns, rows) = frame.mcus();
        let mut kept = std::mem::take(&mut self.kept).into_iter();
        let coefficients = frame
            .components
            .iter()
            .map(|c| {
                let (wide, high) = (u32::from(c.horizontal), u32::from(c.vertical));
                Coefficients::new(frame.process, (columns * wide, rows * high), kept.next())
            })
            .collect();
        self.frame = Some((frame, coefficients));
        Ok(())
    }

    fn define_tables(&mut self, mut payload: &[u8]) -> Result<(), ImageError> {
        const SHORT: &str = "a Huffman table is cut short";
        while let [place, rest @ ..] = payload {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(|| corrupt(SHORT))?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or_else(|| corrupt(SHORT))?;
            let slots = match place >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(corrupt("a Huffman table has an unknown class")),
            };
            let slot = slots.get_mut(usize::from(place & 15));
            let slot = slot.ok_or_else(|| corrupt("a Huffman table has an unknown place"))?;
            *slot = Some(HuffmanTable::new(counts, symbols)?);
            payload = rest;
        }
        Ok(())
    }

    /// Returns the length of the scan's data.
    fn scan(&mut self, header: &[u8], data: &[u8]) -> Result<usize, ImageError> {
        let Some((frame, coefficients)) = &mut self.frame else {
            return Err(corrupt("the picture's data comes before its dimensions"));
        };
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(corrupt("it has more scans than any picture needs"));
        }
        let scan = Scan::parse(header, frame)?;
        for part in &scan.components {
            if let Some(known) = coefficients.get_mut(part.index) {
                known.begin(scan.band)?;
            }
        }
        scan.walk(data, frame, (&self.dc, &self.ac), self.restart_interval, coefficients)
    }

    fn end(&self) -> Result<(), ImageError> {
        let Some((frame, coefficients)) = &self.frame else {
            return Err(incomplete("it has no picture"));
        };
        if !coefficients.iter().all(Coefficients::are_complete) {
            return Err(incomplete("the file ends before all of the picture's scans"));
        }
        // zune-jpeg 0.5 puts the rows of such a picture in the wrong places, and calls it a success.
        let is_subsampled = frame.components.len() > 1 && frame.max_sampling() != (1, 1);
        if frame.process == Process::Sequential && self.scans > 1 && is_subsampled {
            return Err(ImageError::UnsupportedFormat { what: "A JPEG of one scan per colour" });
        }
        Ok(())
    }
}
