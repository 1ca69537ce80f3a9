//! One colour component's samples, and a picture of one or three of them.

use super::OutOfMemory;

/// Strides, and rows of planes made here, are multiples of this, so that the kernels need no edges.
pub(super) const VECTOR: usize = 16;

/// One colour component's samples, eight bits each, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Samples from the start of one row to that of the next: a multiple of 16, at least `width`.
    pub stride: usize,
    /// The samples; those between `width` and `stride` mean nothing.
    pub samples: Vec<u8>,
    /// How much of `width × height` the picture really covers, in samples. Less by a fraction when
    /// the picture's size is not a multiple of the sampling: the last column of chroma of an odd
    /// 4:2:0 picture stands half beyond its edge.
    pub extent: (f64, f64),
}

impl Plane {
    /// A black plane, all covered by the picture.
    ///
    /// # Errors
    /// [`OutOfMemory`]: unlike `vec!`, this does not abort.
    pub fn new(width: usize, height: usize) -> Result<Self, OutOfMemory> {
        let stride = width.next_multiple_of(VECTOR);
        let samples = black(stride, height.next_multiple_of(VECTOR))?;
        Ok(Self { width, height, stride, samples, extent: (width as f64, height as f64) })
    }

    /// One row's samples, empty when there is no such row.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u8] {
        if y >= self.height {
            return &[];
        }
        let start = y * self.stride;
        self.samples.get(start..start + self.width).unwrap_or_default()
    }
}

/// Room for `rows` rows of `stride` samples.
pub(super) fn black(stride: usize, rows: usize) -> Result<Vec<u8>, OutOfMemory> {
    let length = stride.checked_mul(rows).ok_or(OutOfMemory)?;
    let mut samples = Vec::new();
    samples.try_reserve_exact(length).map_err(|_| OutOfMemory)?;
    samples.resize(length, 0);
    Ok(samples)
}

/// How chroma is sampled in relation to luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// 4:4:4: chroma as fine as luma.
    Full,
    /// 4:2:0: one chroma sample, centred, for each 2 × 2 of luma.
    Half,
}

impl Sampling {
    /// How many luma samples, each way, one chroma sample stands for.
    #[must_use]
    pub fn divisor(self) -> usize {
        match self {
            Self::Full => 1,
            Self::Half => 2,
        }
    }
}

/// A picture as planes: `[Y]` or `[Y, Cb, Cr]`, full range (JFIF).
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// One plane for grey, or three.
    pub planes: Vec<Plane>,
}

impl Planes {
    /// What the samples take, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.planes.iter().map(|plane| plane.samples.len()).sum()
    }
}
