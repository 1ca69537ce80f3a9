//! The image pipeline over photos made here, and over the real and broken ones beside the project.

// A test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

mod beside;
mod colour;
mod corpora;
mod external;
mod faithful;
mod formats;
mod limits;
mod made;
mod metadata;
mod orientation;
mod passed_through;
mod patience;
mod print;
mod progressive;
mod split;
mod truncated;
mod webp_metadata;

#[path = "../../examples/make_photo/exif_block.rs"]
mod exif_block;
#[path = "../../examples/make_photo/scene.rs"]
mod scene;
