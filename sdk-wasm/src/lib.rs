//! The browser shell of the Windlass SDK: what JavaScript sees of the core, compiled to WebAssembly.

mod js_error;
mod panic_hook;
#[cfg(feature = "photo")]
pub mod photo;
#[cfg(feature = "upload")]
pub mod upload;
