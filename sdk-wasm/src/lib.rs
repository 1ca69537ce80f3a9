//! The browser shell of the Windlass SDK: what JavaScript sees of the core, compiled to WebAssembly.

mod js_error;
#[cfg(any(feature = "photo", feature = "codecs"))]
mod js_value;
#[cfg(feature = "photo")]
pub mod metadata;
#[cfg(any(feature = "photo", feature = "codecs"))]
mod options;
mod panic_hook;
#[cfg(any(feature = "photo", feature = "codecs"))]
pub mod picture;
#[cfg(feature = "upload")]
pub mod upload;
