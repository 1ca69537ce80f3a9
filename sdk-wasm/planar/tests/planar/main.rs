//! The fast path against other decoders and encoders, over generated pictures and the shared corpora.
// A test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

mod corpus;
mod damage;
mod decode;
mod encode;
mod memory;
mod pictures;
mod reference;
mod resample;
