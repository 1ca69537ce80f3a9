//! The frame header: what the picture measures and how it is coded (T.81, B.2.2).

use super::{corrupt, incomplete};
use crate::image::ImageError;
use windlass_planar::segments::{Segments, marker};

/// The coding processes that are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Baseline or extended sequential, Huffman.
    Sequential,
    /// Progressive, Huffman.
    Progressive,
}

/// One colour component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub(crate) horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub(crate) vertical: u8,
}

/// The frame header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) process: Process,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: Vec<Component>,
}

impl Frame {
    /// Reads the frame header of a file without reading further than that.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut segments = Segments::new(bytes);
        loop {
            let segment = segments.next()?;
            match segment.marker {
                marker::EOI => return Err(incomplete("it has no picture")),
                marker::SOS => return Err(corrupt("the picture's data comes before its dimensions")),
                code => {
                    if let Some(frame) = Self::parse(code, segment.payload)? {
                        return Ok(frame);
                    }
                }
            }
        }
    }

    /// Parses a segment as a frame header; `None` when its marker is not one of a frame.
    pub(crate) fn parse(code: u8, payload: &[u8]) -> Result<Option<Self>, ImageError> {
        let process = match code {
            0xC0 | 0xC1 => Process::Sequential,
            0xC2 => Process::Progressive,
            0xC3 => return Err(unsupported("A lossless JPEG")),
            0xC5..=0xC7 | 0xDE => return Err(unsupported("A hierarchical JPEG")),
            0xC9..=0xCB | 0xCD..=0xCF => return Err(unsupported("An arithmetic-coded JPEG")),
            0xF7 => return Err(unsupported("A JPEG-LS picture")),
            _ => return Ok(None),
        };
        let [precision, y1, y0, x1, x0, count, specs @ ..] = payload else {
            return Err(corrupt("its frame header is too short"));
        };
        if *precision != 8 {
            return Err(unsupported("A JPEG of more than 8 bits"));
        }
        let height = u32::from(u16::from_be_bytes([*y1, *y0]));
        let width = u32::from(u16::from_be_bytes([*x1, *x0]));
        if height == 0 {
            return Err(unsupported("A JPEG that does not say its height"));
        }
        if width == 0 {
            return Err(corrupt("its width is zero"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported("A JPEG of this colour model"));
        }
        let components: Vec<Component> = specs
            .chunks_exact(3)
            .take(usize::from(*count))
            .filter_map(|spec| match spec {
                [id, sampling, _table] => {
                    Some(Component { id: *id, horizontal: sampling >> 4, vertical: sampling & 15 })
                }
                _ => None,
            })
            .collect();
        if components.len() != usize::from(*count) {
            return Err(corrupt("its frame header is too short"));
        }
        let in_range = |factor: u8| (1..=4).contains(&factor);
        if !components.iter().all(|c| in_range(c.horizontal) && in_range(c.vertical)) {
            return Err(corrupt("a sampling factor is out of range"));
        }
        Ok(Some(Self { process, width, height, components }))
    }
}

/// What the walk through the picture's data needs to know.
#[cfg(any(feature = "codecs", feature = "pixels"))]
impl Frame {
    /// The largest horizontal and vertical sampling factors.
    pub(crate) fn max_sampling(&self) -> (u32, u32) {
        let largest =
            |factor: fn(&Component) -> u8| u32::from(self.components.iter().map(factor).max().unwrap_or(1));
        (largest(|c| c.horizontal), largest(|c| c.vertical))
    }

    /// Columns and rows of minimum coded units.
    pub(crate) fn mcus(&self) -> (u32, u32) {
        let (horizontal, vertical) = self.max_sampling();
        (self.width.div_ceil(8 * horizontal), self.height.div_ceil(8 * vertical))
    }

    /// Columns and rows of a component's blocks, without the padding of the last units (A.2.2).
    pub(crate) fn blocks(&self, component: &Component) -> (u32, u32) {
        let (horizontal, vertical) = self.max_sampling();
        let samples_wide = (self.width * u32::from(component.horizontal)).div_ceil(horizontal);
        let samples_high = (self.height * u32::from(component.vertical)).div_ceil(vertical);
        (samples_wide.div_ceil(8), samples_high.div_ceil(8))
    }

    /// Samples of all components together, padding included.
    #[cfg(feature = "codecs")]
    pub(crate) fn samples(&self) -> u64 {
        let (columns, rows) = self.mcus();
        let blocks_per_mcu: u64 =
            self.components.iter().map(|c| u64::from(c.horizontal) * u64::from(c.vertical)).sum();
        u64::from(columns) * u64::from(rows) * blocks_per_mcu * 64
    }
}

fn unsupported(what: &'static str) -> ImageError {
    ImageError::UnsupportedFormat { what }
}
