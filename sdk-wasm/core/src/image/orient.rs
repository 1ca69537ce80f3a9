//! Turning a picture upright (EXIF tag 0x0112, values 1 to 8). Done after resizing, on few pixels.

use super::ImageError;
use super::raster::{Raster, Samples};

/// Pixels a side of the squares that are turned one by one, so that both ends stay in the cache.
const TILE: usize = 32;

/// How the stored picture has to be turned to stand upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Rows become columns (values 5 to 8), before the mirroring.
    swap: bool,
    /// Left and right of the upright picture are exchanged.
    mirror_x: bool,
    /// Top and bottom of the upright picture are exchanged.
    mirror_y: bool,
}

impl Turn {
    /// The turn for an orientation; values that do not exist turn nothing.
    pub(super) fn of(orientation: u8) -> Self {
        let (swap, mirror_x, mirror_y) = match orientation {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { swap, mirror_x, mirror_y }
    }

    pub(super) fn is_none(self) -> bool {
        !(self.swap || self.mirror_x || self.mirror_y)
    }

    /// The picture, turned.
    pub(super) fn apply(self, stored: &Raster) -> Result<Raster, ImageError> {
        let (width, height) =
            if self.swap { (stored.height, stored.width) } else { (stored.width, stored.height) };
        let mut upright = Raster::new(width, height, stored.samples)?;
        match stored.samples {
            Samples::Grey => self.copy::<1>(stored, &mut upright),
            Samples::Rgb => self.copy::<3>(stored, &mut upright),
        }
        Ok(upright)
    }

    fn copy<const N: usize>(self, stored: &Raster, upright: &mut Raster) {
        let (from, _) = stored.data.as_chunks::<N>();
        let (to, _) = upright.data.as_chunks_mut::<N>();
        let (width, height) = (upright.width as usize, upright.height as usize);
        let stored_width = stored.width as usize;
        let source = |x: usize, y: usize| {
            let x = if self.mirror_x { width - 1 - x } else { x };
            let y = if self.mirror_y { height - 1 - y } else { y };
            if self.swap { x * stored_width + y } else { y * stored_width + x }
        };
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                let columns = left..width.min(left + TILE);
                for y in top..height.min(top + TILE) {
                    let row = to.get_mut(y * width + columns.start..y * width + columns.end);
                    for (x, pixel) in columns.clone().zip(row.into_iter().flatten()) {
                        if let Some(stored_pixel) = from.get(source(x, y)) {
                            *pixel = *stored_pixel;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 × 2 pixels: `0 1 2` over `3 4 5`.
    fn stored() -> Raster {
        Raster { width: 3, height: 2, samples: Samples::Grey, data: vec![0, 1, 2, 3, 4, 5] }
    }

    #[test]
    fn each_orientation_is_turned_as_exif_defines_it() {
        let expected: [(u8, u32, [u8; 6]); 8] = [
            (1, 3, [0, 1, 2, 3, 4, 5]),
            (2, 3, [2, 1, 0, 5, 4, 3]),
            (3, 3, [5, 4, 3, 2, 1, 0]),
            (4, 3, [3, 4, 5, 0, 1, 2]),
            (5, 2, [0, 3, 1, 4, 2, 5]),
            (6, 2, [3, 0, 4, 1, 5, 2]),
            (7, 2, [5, 2, 4, 1, 3, 0]),
            (8, 2, [2, 5, 1, 4, 0, 3]),
        ];
        for (orientation, width, pixels) in expected {
            let upright = Turn::of(orientation).apply(&stored()).unwrap();
            assert_eq!((upright.width, upright.data.as_slice()), (width, pixels.as_slice()), "{orientation}");
        }
    }

    #[test]
    fn pictures_larger_than_a_tile_keep_every_pixel() {
        let (width, height) = (67_u32, 41_u32);
        let data: Vec<u8> = (0..width * height).flat_map(|i| [i as u8, (i >> 8) as u8, 7]).collect();
        let stored = Raster { width, height, samples: Samples::Rgb, data };
        let quarter = Turn::of(6);
        let mut turned = stored.clone();
        for _ in 0..4 {
            turned = quarter.apply(&turned).unwrap();
        }
        assert_eq!(turned, stored);
    }
}
