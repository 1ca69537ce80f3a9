//! The browser shell of the Windlass SDK: what JavaScript sees of the core, compiled to WebAssembly.

#[cfg(feature = "pixels")]
pub mod external;
mod js_error;
#[cfg(any(feature = "photo", feature = "pixels", feature = "codecs", feature = "heic"))]
mod js_value;
#[cfg(feature = "photo")]
pub mod metadata;
#[cfg(any(feature = "photo", feature = "pixels", feature = "codecs", feature = "heic"))]
mod options;
mod panic_hook;
#[cfg(any(feature = "photo", feature = "pixels", feature = "codecs", feature = "heic"))]
pub mod picture;
#[cfg(feature = "upload")]
pub mod upload;
