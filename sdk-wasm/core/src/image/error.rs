//! Why no image was made of a photo, for people and for programs.

use thiserror::Error;

use super::format::PictureFormat;

/// Why no image was made. The original is never touched, so it can always be uploaded as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    /// The options ask for something that cannot be made.
    #[error("{reason}")]
    InvalidOptions {
        /// A sentence saying which option is wrong and what it may be.
        reason: String,
    },
    /// Nothing here decodes these bytes.
    #[error("{what} cannot be decoded here: upload the original unresized.")]
    UnsupportedFormat {
        /// What the bytes are, to begin a sentence with: `A HEIC picture`.
        what: &'static str,
    },
    /// The file is missing a part of the picture.
    #[error(
        "The {format} is incomplete: {found}. Upload the original, and take or export the photo again if it is needed whole."
    )]
    Incomplete {
        /// The format, as told by the first bytes.
        format: PictureFormat,
        /// Where it stops.
        found: &'static str,
    },
    /// The file is all there but contradicts its format.
    #[error("The {format} is damaged: {found}. Upload the original, or export the photo again.")]
    Corrupt {
        /// The format, as told by the first bytes.
        format: PictureFormat,
        /// What contradicts the format.
        found: String,
    },
    /// More pixels than are allowed.
    #[error(
        "The picture measures {width} × {height} pixels: at most {max_edge_px} a side and {max_pixels} in all can be resized."
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The longest side allowed, in pixels.
        max_edge_px: u32,
        /// The most pixels allowed.
        max_pixels: u64,
    },
    /// Decoding would take more memory than is allowed.
    #[error(
        "Resizing this picture takes about {needed_bytes} bytes of memory, {budget_bytes} are allowed: upload the original unresized."
    )]
    OverMemoryBudget {
        /// The estimate, in bytes.
        needed_bytes: u64,
        /// The budget, in bytes.
        budget_bytes: u64,
    },
    /// The memory was refused by the system.
    #[error("There is not enough memory to resize this picture: upload the original unresized.")]
    OutOfMemory,
    /// A stage refused what the stage before made. Not expected of any picture within the limits.
    #[error("The picture could not be {stage}: {reason}. Upload the original unresized.")]
    Failed {
        /// `resized`, `encoded`.
        stage: &'static str,
        /// What the library said.
        reason: String,
    },
}

impl ImageError {
    /// The stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidOptions { .. } => "invalid_options",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::Incomplete { .. } => "incomplete",
            Self::Corrupt { .. } => "corrupt",
            Self::TooLarge { .. } => "too_large",
            Self::OverMemoryBudget { .. } => "over_memory_budget",
            Self::OutOfMemory => "out_of_memory",
            Self::Failed { .. } => "resize_failed",
        }
    }
}
