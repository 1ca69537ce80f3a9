//! Pixels between the stages: eight bits a sample, opaque, grey or RGB, in rows without padding.

use super::ImageError;
use super::carry::Samples;

/// A picture in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raster {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Samples,
    /// `width × height` pixels, at least.
    pub(super) data: Vec<u8>,
}

/// Memory for pixels. Unlike `vec!` it does not abort when there is none left.
pub(super) fn zeroed(length: u64) -> Result<Vec<u8>, ImageError> {
    let length = usize::try_from(length).map_err(|_| ImageError::OutOfMemory)?;
    let mut data = Vec::new();
    data.try_reserve_exact(length).map_err(|_| ImageError::OutOfMemory)?;
    data.resize(length, 0);
    Ok(data)
}
