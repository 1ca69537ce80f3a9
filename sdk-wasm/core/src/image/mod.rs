//! Photos decoded once, oriented, resized to several variants and encoded.

mod options;

pub use options::{EncodedImage, MetadataPolicy, ResizeOptions, ResizeOutcome, VariantOptions};
