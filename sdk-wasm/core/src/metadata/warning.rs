//! What was odd about a file, under stable codes. A broken EXIF is never a failure.

use windlass_protocol::metadata::MetadataWarning;

/// Something odd that reading survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    FileTruncated,
    ContainerDamaged,
    ReadLimit,
    ExifDamaged,
    ExifEntrySkipped,
    ExifTooLarge,
    OrientationInvalid,
    DateInvalid,
    GpsInvalid,
    GpsOffGlobe,
}

impl Oddity {
    const ALL: [Self; 10] = [
        Self::FileTruncated,
        Self::ContainerDamaged,
        Self::ReadLimit,
        Self::ExifDamaged,
        Self::ExifEntrySkipped,
        Self::ExifTooLarge,
        Self::OrientationInvalid,
        Self::DateInvalid,
        Self::GpsInvalid,
        Self::GpsOffGlobe,
    ];

    fn code(self) -> &'static str {
        match self {
            Self::FileTruncated => "file_truncated",
            Self::ContainerDamaged => "container_damaged",
            Self::ReadLimit => "read_limit",
            Self::ExifDamaged => "exif_damaged",
            Self::ExifEntrySkipped => "exif_entry_skipped",
            Self::ExifTooLarge => "exif_too_large",
            Self::OrientationInvalid => "orientation_invalid",
            Self::DateInvalid => "date_invalid",
            Self::GpsInvalid => "gps_invalid",
            Self::GpsOffGlobe => "gps_off_globe",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::FileTruncated => "The file ends before its structure does: it may have been cut off.",
            Self::ContainerDamaged => {
                "The file's structure is damaged; what came before the damage was read."
            }
            Self::ReadLimit => "The metadata lies too scattered in the file to be read whole.",
            Self::ExifDamaged => "The EXIF data is damaged; nothing was taken from the damaged part.",
            Self::ExifEntrySkipped => "Some EXIF entries are damaged and were left out.",
            Self::ExifTooLarge => "The EXIF data is larger than is read.",
            Self::OrientationInvalid => {
                "The EXIF orientation is not one of 1 to 8; the photo is shown as stored."
            }
            Self::DateInvalid => "The date the photo was taken is not a date and was left out.",
            Self::GpsInvalid => {
                "Some GPS values are not numbers, or do not say N or S, E or W, and were left out."
            }
            Self::GpsOffGlobe => "The GPS coordinates are not on the globe; do not use them as a place.",
        }
    }
}

/// The sentence of the warning with this code; `None` where reading metadata gives no such warning.
pub fn warning_message(code: &str) -> Option<&'static str> {
    Oddity::ALL.into_iter().find(|oddity| oddity.code() == code).map(Oddity::message)
}

/// The oddities of one file, each once, in the order met.
#[derive(Debug, Default)]
pub(super) struct Oddities(Vec<Oddity>);

impl Oddities {
    pub(super) fn note(&mut self, oddity: Oddity) {
        if !self.0.contains(&oddity) {
            self.0.push(oddity);
        }
    }

    pub(super) fn into_warnings(self) -> Vec<MetadataWarning> {
        self.0
            .into_iter()
            .map(|oddity| MetadataWarning { code: oddity.code().into(), message: oddity.message().into() })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_on_the_page_about_metadata() {
        let page = include_str!("../../../../docs/metadata.md");
        for oddity in Oddity::ALL {
            let row = format!("| `{}` |", oddity.code());
            assert!(page.contains(&row), "docs/metadata.md has no row {row}");
        }
    }
}
