//! TIFF structures (TIFF 6.0; EXIF 2.32, 4.6): the directories of an EXIF block or of a TIFF file.
//!
//! [`View`] reads numbers of a block that may lie anywhere in a half-known file, [`RawDirectory`] one
//! directory under the rules that keep damage out, [`collect`] the wanted entries of the directories that
//! count. [`build`] writes entries as a small sound block: what the EXIF library is given to read, so that
//! its memory is bounded whatever the file says, and what a TIFF's photo carries on as EXIF.

mod build;
mod collect;
mod directory;
mod view;

pub(super) use build::build;
pub(super) use collect::{Directory, Entry, collect};
pub(super) use directory::{RawDirectory, RawEntry};
pub(super) use view::{ByteOrder, View};

/// Tags that lead to other directories, or frame the picture (TIFF 6.0, EXIF 2.32).
pub(super) mod tag {
    pub(in crate::metadata) const NEW_SUBFILE_TYPE: u16 = 0x00FE;
    pub(in crate::metadata) const IMAGE_WIDTH: u16 = 0x0100;
    pub(in crate::metadata) const IMAGE_LENGTH: u16 = 0x0101;
    pub(in crate::metadata) const IMAGE_DESCRIPTION: u16 = 0x010E;
    pub(in crate::metadata) const ORIENTATION: u16 = 0x0112;
    pub(in crate::metadata) const SUB_IFDS: u16 = 0x014A;
    pub(in crate::metadata) const THUMBNAIL_OFFSET: u16 = 0x0201;
    pub(in crate::metadata) const THUMBNAIL_LENGTH: u16 = 0x0202;
    pub(in crate::metadata) const ICC_PROFILE: u16 = 0x8773;
    pub(in crate::metadata) const EXIF_IFD: u16 = 0x8769;
    pub(in crate::metadata) const GPS_IFD: u16 = 0x8825;
    pub(in crate::metadata) const MAKER_NOTE: u16 = 0x927C;
    pub(in crate::metadata) const USER_COMMENT: u16 = 0x9286;
    pub(in crate::metadata) const COLOR_SPACE: u16 = 0xA001;
    pub(in crate::metadata) const PIXEL_X_DIMENSION: u16 = 0xA002;
    pub(in crate::metadata) const PIXEL_Y_DIMENSION: u16 = 0xA003;
    pub(in crate::metadata) const INTEROP_IFD: u16 = 0xA005;
    /// In the directory that leads to.
    pub(in crate::metadata) const INTEROP_INDEX: u16 = 0x0001;
}

/// Field types (TIFF 6.0, section 2; BigTIFF).
pub(super) mod kind {
    pub(in crate::metadata) const BYTE: u16 = 1;
    pub(in crate::metadata) const ASCII: u16 = 2;
    pub(in crate::metadata) const SHORT: u16 = 3;
    pub(in crate::metadata) const LONG: u16 = 4;
    pub(in crate::metadata) const RATIONAL: u16 = 5;
    pub(in crate::metadata) const SBYTE: u16 = 6;
    pub(in crate::metadata) const UNDEFINED: u16 = 7;
    pub(in crate::metadata) const SSHORT: u16 = 8;
    pub(in crate::metadata) const SLONG: u16 = 9;
    pub(in crate::metadata) const SRATIONAL: u16 = 10;
    pub(in crate::metadata) const FLOAT: u16 = 11;
    pub(in crate::metadata) const DOUBLE: u16 = 12;
    pub(in crate::metadata) const IFD: u16 = 13;
    pub(in crate::metadata) const LONG8: u16 = 16;
    pub(in crate::metadata) const SLONG8: u16 = 17;
    pub(in crate::metadata) const IFD8: u16 = 18;
    pub(in crate::metadata) const UTF8: u16 = 129;

    /// How many bytes one value of a type takes; `None` for a type there is not.
    pub(in crate::metadata) fn unit_bytes(kind: u16) -> Option<u64> {
        match kind {
            BYTE | ASCII | SBYTE | UNDEFINED | UTF8 => Some(1),
            SHORT | SSHORT => Some(2),
            LONG | SLONG | FLOAT | IFD => Some(4),
            RATIONAL | SRATIONAL | DOUBLE | LONG8 | SLONG8 | IFD8 => Some(8),
            _ => None,
        }
    }
}
