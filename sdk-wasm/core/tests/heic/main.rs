//! HEIC photos, made here and found beside the project, to images.

// A test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

mod colour;
mod corpora;
mod damage;
mod made;
mod orientation;

#[path = "../image/beside.rs"]
mod beside;
#[path = "../../examples/make_photo/exif_block.rs"]
mod exif_block;
#[path = "../../examples/make_photo/heic_file.rs"]
mod heic_file;
#[path = "../../examples/make_photo/scene.rs"]
mod scene;
