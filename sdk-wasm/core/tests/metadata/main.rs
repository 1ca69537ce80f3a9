//! Reading, carrying on and rewriting metadata, over files made by the tests themselves.
#![cfg(feature = "metadata")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail and report as tests do"
)]

mod damage;
mod documented;
mod exif_block;
mod fields;
mod files;
mod film;
mod film_file;
mod heif;
mod heif_file;
mod jpeg;
mod png;
mod reader;
mod rewrite;
mod tiff;
mod webp;
