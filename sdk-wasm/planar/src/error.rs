//! Why the fast path decoded nothing.

use thiserror::Error;

use crate::segments::SegmentError;

/// Why no planes came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The file may be fine, but takes another decoder: progressive, CMYK, RGB, 12 bits …
    #[error("another decoder is needed, because {0}")]
    NotHandled(&'static str),
    /// The data ends before the picture does.
    #[error("the picture stops after {read_mcus} of its {total_mcus} parts")]
    Incomplete {
        /// MCUs (blocks of up to 32 × 32 pixels) that were read.
        read_mcus: u32,
        /// MCUs that there should be; zero when not even the header is whole.
        total_mcus: u32,
    },
    /// The file contradicts T.81.
    #[error("the picture is damaged: {0}")]
    Corrupt(&'static str),
    /// There is no room for the planes.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

impl From<SegmentError> for DecodeError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Ends => Self::Incomplete { read_mcus: 0, total_mcus: 0 },
            SegmentError::Length => Self::Corrupt("a segment has an impossible length"),
        }
    }
}

/// The memory was refused by the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is not enough memory for the picture's planes")]
pub struct OutOfMemory;
