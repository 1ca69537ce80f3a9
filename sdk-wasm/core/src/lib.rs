//! The pure core of the Windlass SDK: metadata, image pipeline, upload engine, and what is
//! kept of an upload while no page is open.
//!
//! Nothing here has a clock, randomness, a DOM or a network: time and chance are arguments, bytes are
//! slices. The browser shell is `sdk-wasm/src`, and the service runs [`metadata`] natively.

#[cfg(feature = "image")]
pub mod image;
#[cfg(feature = "upload")]
pub mod kept;
#[cfg(feature = "metadata")]
pub mod metadata;
#[cfg(feature = "upload")]
pub mod upload;
