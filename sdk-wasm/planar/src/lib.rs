//! The fast path: baseline JPEG to planes, planes to smaller planes, planes to JPEG.
//!
//! A crate of its own so that it is compiled for speed in a module that else is compiled for size.
//!
//! A phone's photo is a baseline JPEG nearly always, and what is wanted of it are smaller JPEGs. Going
//! through RGB costs twice the memory and most of the time; here nothing is ever RGB. The picture is
//! decoded at an eighth, a quarter, half or all of its size straight to Y, Cb and Cr ([`Header`]),
//! each plane is resampled, turned and flipped in the same pass ([`resample`]), and encoded
//! ([`encode`]). Files this does not handle are refused with [`DecodeError::NotHandled`], for the
//! general pipeline to take.

mod bits;
mod coefficients;
mod decode;
mod encode;
mod entropy;
mod error;
mod fdct;
mod header;
mod huffman;
#[cfg(test)]
mod huffman_tables;
mod idct;
mod optimal;
mod plane;
mod quantisation;
mod resample;
mod scale;
pub mod segments;
mod simd;
mod tokens;
mod transpose;
mod writer;
pub mod zeros;

pub use coefficients::Coefficients;
pub use encode::{EncodeError, EncodeOptions, encode};
pub use error::{DecodeError, OutOfMemory};
pub use header::Header;
pub use plane::{Plane, Planes, Sampling};
pub use resample::{Target, Turn, resample};
pub use scale::Scale;
pub use tokens::token_bytes;
