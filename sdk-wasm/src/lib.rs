//! The browser shell of the Windlass SDK: what JavaScript sees of the core, compiled to WebAssembly.

#[cfg(feature = "photo")]
mod js_error;
mod panic_hook;
#[cfg(feature = "photo")]
pub mod photo;
