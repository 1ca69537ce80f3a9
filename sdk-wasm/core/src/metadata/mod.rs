//! What the camera knew: container → EXIF → [`PhotoMetadata`], and back again for what is re-encoded.
//!
//! The way of one file: [`sniff`] tells the container; `container` finds in it the EXIF block, the
//! dimensions and the orientation; `tiff` gathers the wanted entries of the block under caps; `exif` gives
//! them their meaning. Parsing never fails and never guesses: what is damaged becomes a warning and what
//! is absent stays `None`. [`MetadataReader`] does all this over ranged reads, [`read_metadata`] over a
//! file in memory; the service and the browser run the same code.

mod container;
mod error;
mod exif;
mod extract;
mod gps;
mod media_type;
mod orientation;
mod reader;
mod rewrite;
mod source;
mod taken_at;
mod tiff;
mod warning;

pub use container::heif::items_are_whole;
pub use error::MetadataError;
pub use extract::{ICC_CAP_BYTES, exif_offset, extract_exif, extract_icc, extract_jpeg_icc};
pub use media_type::{MediaType, SNIFF_BYTES, content_matches, sniff};
pub use reader::{MAX_READ_BYTES, MAX_READS, MetadataReader, read_metadata};
pub use rewrite::{EXIF_SEGMENT_CAP_BYTES, ExifRewrite, rewrite_exif};
pub use source::ByteRange;
pub use warning::warning_message;
pub use windlass_protocol::PhotoMetadata;
