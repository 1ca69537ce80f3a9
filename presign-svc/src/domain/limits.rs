//! How large a file may be, by kind.

use std::ops::RangeInclusive;

use windlass_protocol::part_plan::{MAX_OBJECT_SIZE_BYTES, MIB};
use windlass_protocol::photo::MediaKind;

/// The largest object one PUT can store (Amazon S3 User Guide, "Uploading objects").
pub const SINGLE_PUT_LIMIT_BYTES: u64 = 5 * 1024 * MIB;

/// A real photo is never smaller.
pub const PHOTO_MIN_BYTES: u64 = 1024;

/// Accepted sizes in bytes, by kind of file; `None` where the kind is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Photos.
    pub photo: RangeInclusive<u64>,
    /// PDF and DWG.
    pub document: RangeInclusive<u64>,
    /// MP4 and QuickTime.
    pub video: Option<RangeInclusive<u64>>,
    /// ZIP.
    pub archive: Option<RangeInclusive<u64>>,
}

/// The largest picture the client may send beside an original.
pub const VARIANT_MAX_BYTES: u64 = 5 * MIB;

impl Default for Limits {
    fn default() -> Self {
        Self { photo: PHOTO_MIN_BYTES..=50 * MIB, document: 1..=100 * MIB, video: None, archive: None }
    }
}

impl Limits {
    /// The accepted sizes for a kind, never above what S3 can hold.
    pub fn for_kind(&self, kind: MediaKind) -> Option<RangeInclusive<u64>> {
        let range = match kind {
            MediaKind::Photo => Some(&self.photo),
            MediaKind::Document => Some(&self.document),
            MediaKind::Video => self.video.as_ref(),
            MediaKind::Archive => self.archive.as_ref(),
        }?;
        Some(*range.start()..=(*range.end()).min(MAX_OBJECT_SIZE_BYTES))
    }
}

/// A size for people: `50 MiB`, `1.5 GiB`, `812 bytes`.
pub fn size_in_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    let rounded = format!("{value:.1}");
    format!("{} {unit}", rounded.strip_suffix(".0").unwrap_or(&rounded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        let words: Vec<_> = [0, 1023, 1024, 1536, 50 * MIB, MAX_OBJECT_SIZE_BYTES].map(size_in_words).into();
        assert_eq!(words, ["0 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "50 MiB", "5 TiB"]);
    }

    #[test]
    fn video_and_archives_are_off_unless_configured() {
        let limits = Limits::default();
        assert_eq!(limits.for_kind(MediaKind::Video), None);
        assert_eq!(limits.for_kind(MediaKind::Archive), None);
        let limits = Limits { archive: Some(1..=u64::MAX), ..limits };
        assert_eq!(limits.for_kind(MediaKind::Archive), Some(1..=MAX_OBJECT_SIZE_BYTES));
    }
}
