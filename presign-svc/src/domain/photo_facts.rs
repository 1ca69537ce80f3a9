//! What is asked of a photo most often, drawn from its metadata.

use windlass_protocol::PhotoMetadata;
use windlass_protocol::metadata::Location;

/// Facts of a photo that lists show and filters use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhotoFacts {
    /// Width in pixels as shown, after orientation.
    pub width: Option<u32>,
    /// Height in pixels as shown, after orientation.
    pub height: Option<u32>,
    /// Local time with the camera's offset where it wrote one: `2018-07-25T16:34:23+02:00`.
    pub taken_at: Option<String>,
    /// Where it was taken.
    pub location: Option<Location>,
}

impl PhotoFacts {
    /// Draws them from metadata.
    pub fn of(metadata: &PhotoMetadata) -> Self {
        // 5 to 8 turn the picture by a quarter (EXIF 2.32, tag 0x0112).
        let (width, height) = match metadata.display_orientation {
            5..=8 => (metadata.height, metadata.width),
            _ => (metadata.width, metadata.height),
        };
        let taken_at = metadata
            .taken_at
            .as_ref()
            .map(|taken| format!("{}{}", taken.local, taken.offset.as_deref().unwrap_or_default()));
        let location = metadata.location.as_ref().and_then(|reading| reading.place());
        Self { width, height, taken_at, location }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_protocol::metadata::TakenAt;

    #[test]
    fn a_turned_photo_has_its_sides_as_shown() {
        let metadata = PhotoMetadata {
            display_orientation: 6,
            width: Some(4048),
            height: Some(3036),
            taken_at: Some(TakenAt {
                local: "2018-07-25T16:34:23".to_owned(),
                offset: Some("+02:00".to_owned()),
            }),
            ..PhotoMetadata::default()
        };
        let facts = PhotoFacts::of(&metadata);
        assert_eq!((facts.width, facts.height), (Some(3036), Some(4048)));
        assert_eq!(facts.taken_at.as_deref(), Some("2018-07-25T16:34:23+02:00"));
    }
}
