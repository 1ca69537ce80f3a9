//! The judge of `cargo xtask bench image`: how far a JPEG is from a lossless resize of its photo.
//!
//! `windlass-dssim describe PHOTO` tells the photo's size; `windlass-dssim compare PHOTO MADE.jpg` tells
//! how much MADE differs from the photo resized to its size without loss ([`reference`]), as
//! DSSIM ([`dssim`]): zero is no difference. Both print one JSON object.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod dssim;
mod lightness;
mod picture;
mod reference;

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments.as_slice() {
        ["describe", photo] => describe(Path::new(photo))?,
        ["compare", photo, made] => compare(Path::new(photo), Path::new(made))?,
        _ => bail!("usage: windlass-dssim describe PHOTO | compare PHOTO MADE.jpg"),
    };
    println!("{answer}");
    Ok(())
}

fn describe(photo: &Path) -> Result<serde_json::Value> {
    let decoded = picture::decode(photo)?;
    let name = photo.file_name().map(|name| name.to_string_lossy());
    let size = |(width, height)| json!({ "width": width, "height": height });
    Ok(json!({ "name": name, "stored": size(decoded.stored), "upright": size(decoded.size()) }))
}

fn compare(photo: &Path, made: &Path) -> Result<serde_json::Value> {
    let made = picture::decode(made)?;
    let size = made.size();
    let reference = reference::resized(&picture::decode(photo)?, size)?;
    let difference = dssim::difference(&reference, &made.into_picture());
    Ok(json!({ "dssim": difference, "width": size.0, "height": size.1 }))
}
