//! The browser shell of the Windlass SDK: what JavaScript sees of the core, compiled to WebAssembly.

#[cfg(feature = "upload")]
pub mod upload;
