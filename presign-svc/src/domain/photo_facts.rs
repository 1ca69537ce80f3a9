//! What is asked of a photo most often, drawn from its metadata.

use windlass_protocol::PhotoMetadata;
use windlass_protocol::metadata::Location;
use windlass_protocol::photo::MediaKind;

use super::filter::taken_ms;
use super::media_type::MediaType;
use super::warnings::in_our_words;

/// How much is recorded of a camera's maker, and of its model, in characters: photos are found by them, and an entry of
/// PostgreSQL's indexes has less than three kilobytes.
const MAX_CAMERA_CHARS: usize = 100;

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

/// The record of a photo: what the service read, or else what the client claims; of documents the service
/// reads only the type, and a film may say no more. The client saw the whole file where the service reads its head, so its warnings ("the file is
/// incomplete") are kept, in our words. Every database takes it: a claim may be anything, and so may a file.
pub fn record_of(read: Option<PhotoMetadata>, claim: Option<&PhotoMetadata>) -> Option<PhotoMetadata> {
    let of_claim = |claim: &PhotoMetadata| checked(PhotoMetadata { warnings: Vec::new(), ..claim.clone() });
    let mut record = match (read, claim) {
        (Some(read), Some(claim)) if says_only_its_type(&read) => {
            PhotoMetadata { content_type: read.content_type, warnings: read.warnings, ..of_claim(claim) }
        }
        (Some(read), _) => read,
        (None, claim) => of_claim(claim?),
    };
    for name in [&mut record.make, &mut record.model].into_iter().flatten() {
        if let Some((end, _)) = name.char_indices().nth(MAX_CAMERA_CHARS) {
            name.truncate(end);
        }
    }
    for warning in claim.map(|claim| in_our_words(&claim.warnings)).unwrap_or_default() {
        if !record.warnings.iter().any(|known| known.code == warning.code) {
            record.warnings.push(warning);
        }
    }
    Some(record)
}

fn says_only_its_type(read: &PhotoMetadata) -> bool {
    let found = read.content_type.as_deref().and_then(MediaType::from_mime);
    let nothing = PhotoMetadata {
        content_type: read.content_type.clone(),
        display_orientation: read.display_orientation,
        warnings: read.warnings.clone(),
        ..PhotoMetadata::default()
    };
    found.is_some_and(|found| found.kind() != MediaKind::Photo) && *read == nothing
}

/// Without the time it was taken where that is no time, and as stored where its orientation is none.
fn checked(mut claim: PhotoMetadata) -> PhotoMetadata {
    if !(1..=8).contains(&claim.display_orientation) {
        claim.display_orientation = 1;
    }
    let is_time = |taken_at: &String| !taken_at.contains(char::is_control) && taken_ms(taken_at).is_some();
    if !PhotoFacts::of(&claim).taken_at.as_ref().is_some_and(is_time) {
        claim.taken_at = None;
    }
    claim
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_protocol::metadata::{MetadataWarning, TakenAt};

    fn warned(make: &str, codes: &[&str]) -> PhotoMetadata {
        let warnings = codes
            .iter()
            .map(|code| MetadataWarning { code: (*code).to_owned(), message: format!("{make}: {code}") })
            .collect();
        PhotoMetadata { make: Some(make.to_owned()), warnings, ..PhotoMetadata::default() }
    }

    #[test]
    fn the_services_reading_is_the_record_and_the_clients_warnings_are_kept() {
        let claim = warned("claimed", &["incomplete", "exif_damaged"]);
        let record = record_of(Some(warned("read", &["exif_damaged"])), Some(&claim)).unwrap();
        assert_eq!(record.make.as_deref(), Some("read"));
        let warnings: Vec<_> = record.warnings.iter().map(|warning| warning.message.as_str()).collect();
        let incomplete = "The file is incomplete: part of the picture is missing.";
        assert_eq!(warnings, ["read: exif_damaged", incomplete]);
        let claimed = record_of(None, Some(&claim)).unwrap();
        assert_eq!(claimed.make, claim.make);
        let damaged = "The EXIF data is damaged; nothing was taken from the damaged part.";
        let warnings: Vec<_> = claimed.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(warnings, [incomplete, damaged], "the sentences are ours");
        assert_eq!(record_of(None, None), None);
    }

    #[test]
    fn where_the_file_says_only_its_type_the_claim_is_the_record() {
        let claim = PhotoMetadata { content_type: Some("image/png".to_owned()), ..warned("claimed", &[]) };
        for (found, says, make) in [
            ("application/pdf", None, Some("claimed")),
            ("application/zip", None, Some("claimed")),
            ("video/mp4", None, Some("claimed")),
            ("video/mp4", Some("read"), Some("read")),
            ("image/jpeg", None, None),
        ] {
            let truncated = warned("read", &["file_truncated"]).warnings;
            let read = PhotoMetadata {
                content_type: Some(found.to_owned()),
                make: says.map(str::to_owned),
                display_orientation: 1,
                warnings: truncated.clone(),
                ..PhotoMetadata::default()
            };
            let record = record_of(Some(read.clone()), Some(&claim)).unwrap();
            assert_eq!((record.content_type.as_deref(), record.make.as_deref()), (Some(found), make));
            assert_eq!(record.warnings, truncated);
            assert_eq!(record_of(Some(read.clone()), None), Some(read), "without a claim");
        }
    }

    #[test]
    fn of_what_a_client_claims_only_what_every_database_takes_is_recorded() {
        let recorded = |local: &str, offset: Option<&str>| {
            let taken_at = TakenAt { local: local.to_owned(), offset: offset.map(str::to_owned) };
            let claim = PhotoMetadata { taken_at: Some(taken_at), ..warned(&"é".repeat(500), &[]) };
            record_of(None, Some(&claim)).unwrap()
        };
        let record = recorded("2018-07-25T16:34:23.5", Some("+02:00"));
        assert_eq!(record.make, Some("é".repeat(100)));
        assert_eq!(record.taken_at.unwrap().local, "2018-07-25T16:34:23.5");
        assert!(recorded("2018-07-25T16:34:23", None).taken_at.is_some());
        let no_times =
            [("a\0b", None), ("2018-07-25\u{0}16:34:23", Some("Z")), ("2018-07-25T16:34:23", Some("\0"))];
        for (local, offset) in no_times {
            assert_eq!(recorded(local, offset).taken_at, None, "{local:?} {offset:?}");
        }
        let read = warned(&"x".repeat(500), &[]);
        assert_eq!(record_of(Some(read), None).unwrap().make, Some("x".repeat(100)));
    }

    #[test]
    fn a_claim_that_tells_no_orientation_is_shown_as_stored() {
        for (claimed, recorded) in [(0, 1), (1, 1), (8, 8), (9, 1), (255, 1)] {
            let claim = PhotoMetadata { display_orientation: claimed, ..PhotoMetadata::default() };
            assert_eq!(record_of(None, Some(&claim)).unwrap().display_orientation, recorded, "{claimed}");
        }
    }

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
