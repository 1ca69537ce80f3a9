//! What will be made, decided from the header before any pixel is decoded: sizes, order, memory.

use super::planar::token_bytes;
use super::{ImageError, ResizeOptions, VariantOptions};

/// A variant is made from another one when that one is at least this many times as large: far enough
/// for the second filter to hide what the first one left.
const SOURCE_RATIO: u32 = 2;

/// What a photo may ask of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels.
    pub max_pixels: u64,
    /// The longest edge in pixels.
    pub max_edge_px: u32,
    /// The most memory in bytes, the file itself not counted.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// 120 megapixels, as many phones make 108; 65,535 pixels a side, 512 MiB.
    fn default() -> Self {
        Self { max_pixels: 120_000_000, max_edge_px: 65_535, memory_bytes: 512 << 20 }
    }
}

impl Limits {
    /// Refuses a picture of too many pixels.
    pub(super) fn admit(&self, (width, height): (u32, u32)) -> Result<(), ImageError> {
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) <= self.max_edge_px && pixels <= self.max_pixels {
            return Ok(());
        }
        let Self { max_edge_px, max_pixels, .. } = *self;
        Err(ImageError::TooLarge { width, height, max_edge_px, max_pixels })
    }

    /// Refuses what takes more memory than there may be.
    pub(super) fn afford(&self, needed_bytes: u64) -> Result<(), ImageError> {
        if needed_bytes <= self.memory_bytes {
            return Ok(());
        }
        Err(ImageError::OverMemoryBudget { needed_bytes, budget_bytes: self.memory_bytes })
    }
}

/// One image to make.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target<'o> {
    /// Its place among the variants asked for.
    pub(super) index: usize,
    pub(super) variant: &'o VariantOptions,
    /// Width and height in pixels before the picture is turned upright.
    pub(super) size: (u32, u32),
}

impl Target<'_> {
    /// Whether a picture of `size` may serve as the source for this one.
    pub(super) fn can_be_made_from(&self, size: (u32, u32)) -> bool {
        let long_edge = self.size.0.max(self.size.1);
        size == self.size || size.0.max(size.1) >= SOURCE_RATIO.saturating_mul(long_edge)
    }

    /// Bytes held while this image, the largest, is made of planes of `decoded_bytes` and
    /// `decoded_width`: those; a plane shortened and that transposed, or that and the result, or, once
    /// these are gone, the encoder's tokens; the planes made, those of smaller images, and the file.
    pub(super) fn making_bytes(&self, decoded_bytes: u64, decoded_width: u64) -> u64 {
        let (width, height) = (u64::from(self.size.0), u64::from(self.size.1));
        let resampling = 2 * decoded_width.max(width) * height;
        let encoding = token_bytes(self.size.0, self.size.1).max(token_bytes(self.size.1, self.size.0));
        decoded_bytes + resampling.max(encoding) + width * height / 2 * 5
    }
}

/// The images to make of a picture of `size`, largest first; a picture is never enlarged.
pub(super) fn targets(size: (u32, u32), options: &ResizeOptions) -> Vec<Target<'_>> {
    let mut targets: Vec<Target<'_>> = Vec::with_capacity(options.variants.len());
    for (index, variant) in options.variants.iter().enumerate() {
        let target = Target { index, variant, size: fit(size, variant.max_edge) };
        // A handful: put into place, as the sort of the standard library is 7 kB to download.
        let place = targets.partition_point(|other| other.size >= target.size);
        targets.insert(place, target);
    }
    targets
}

/// The size within `max_edge` of the same shape: rounded, at least one pixel, never larger.
fn fit((width, height): (u32, u32), max_edge: u32) -> (u32, u32) {
    let long_edge = width.max(height);
    if long_edge <= max_edge {
        return (width, height);
    }
    let scale = |edge: u32| {
        let exact = u64::from(edge) * u64::from(max_edge);
        let rounded = (exact + u64::from(long_edge) / 2) / u64::from(long_edge);
        u32::try_from(rounded).unwrap_or(max_edge).max(1)
    };
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_the_shape_and_never_grow() {
        assert_eq!(fit((4048, 3036), 1920), (1920, 1440));
        assert_eq!(fit((3036, 4048), 200), (150, 200));
        assert_eq!(fit((17, 4001), 200), (1, 200));
        assert_eq!(fit((1, 1), 200), (1, 1));
        assert_eq!(fit((100, 80), 100), (100, 80));
        assert_eq!(fit((65_535, 1), 1), (1, 1));
    }
}
