//! Which photos of a project are asked for.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};
use windlass_protocol::photo::MediaKind;
use windlass_protocol::{PhotoId, UploadStatus};

use super::search;
use super::subject::is_subject;
use super::text;

/// All that must be true of a photo; what is `None` or empty does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhotoFilter {
    /// Where it stands.
    pub status: Option<UploadStatus>,
    /// Whether those are shown, too, whose original is on its way.
    pub with_arriving: bool,
    /// Photo, video, document or archive.
    pub kind: Option<MediaKind>,
    /// Who sent it: a subject, or the holder of an upload link.
    pub sender: Option<String>,
    /// When it was taken. The list is then by that time, newest first, and not by when it was sent.
    pub taken: Option<TakenRange>,
    /// Where it was taken.
    pub place: Option<BoundingBox>,
    /// Its camera's maker, model, or both: a whole [`search::TermKind::Camera`].
    pub camera: Option<String>,
    /// One of its tags: a whole [`search::TermKind::Tag`].
    pub tag: Option<String>,
    /// Beginnings of words, each of which it has: [`search::TermKind::Word`].
    pub words: Vec<String>,
}

/// A time, both ends included, in milliseconds since 1970 of the clock that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenRange {
    /// Which clock.
    pub clock: TakenClock,
    /// Not before.
    pub from_ms: Option<i64>,
    /// Not after.
    pub to_ms: Option<i64>,
}

/// By which clock a photo was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenClock {
    /// What the camera showed, wherever it was.
    Camera,
    /// UTC; of a camera that wrote no offset, what it showed.
    Utc,
}

/// The longest camera or tag that is asked for: no tag is so long, and no camera either.
const MAX_TERM_CHARS: usize = 200;

/// How far the camera's clock and UTC can be apart.
pub const MAX_OFFSET_MS: i64 = 18 * 3600 * 1000;

/// A part of the globe in degrees, its edges included. Where `west` is greater than `east` it crosses the
/// 180th meridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// -180 to 180.
    pub west: f64,
    /// -90 to 90.
    pub south: f64,
    /// -180 to 180.
    pub east: f64,
    /// -90 to 90, not below `south`.
    pub north: f64,
}

/// The last photo of a page: the next one begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageMark {
    /// Which.
    pub photo: PhotoId,
    /// When it was taken by the camera's clock, where the list is by that time.
    pub taken_ms: Option<i64>,
}

/// A filter that cannot be understood: a sentence that goes on from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFilter(pub &'static str);

impl PhotoFilter {
    /// Whether photos whose original is on its way can pass: they are asked for, by name or beside the others, and
    /// by nothing that is known only once the service has read the original.
    pub fn passes_arriving(&self) -> bool {
        let is_asked_for = match self.status {
            None => self.with_arriving,
            Some(status) => status == UploadStatus::PendingUpload,
        };
        let (camera, tag) = (self.camera.as_ref(), self.tag.as_ref());
        is_asked_for
            && self.taken.is_none()
            && self.place.is_none()
            && camera.or(tag).is_none()
            && self.words.is_empty()
    }

    /// Whether verified photos can pass.
    pub fn passes_stored(&self) -> bool {
        self.status != Some(UploadStatus::PendingUpload)
    }
}

impl TakenRange {
    /// A range from `taken_from` and `taken_to`: days (`2026-11-20`, whole), the camera's time
    /// (`2026-11-20T16:00:00`), or moments (`2026-11-20T15:00:00Z`). `None` where neither is given.
    pub fn parse(from: Option<&str>, to: Option<&str>) -> Result<Option<Self>, InvalidRange> {
        let read = |text: Option<&str>, last| text.map(|text| read_moment(text, last)).transpose();
        let from = read(from, false).map_err(InvalidRange::From)?;
        let to = read(to, true).map_err(InvalidRange::To)?;
        let clock = match (from, to) {
            (None, None) => return Ok(None),
            (Some((clock, _)), None) | (None, Some((clock, _))) => clock,
            (Some((clock, _)), Some((other, _))) if clock == other => clock,
            _ => {
                let mixed =
                    "must be of the same sort as taken_from: both with an offset from UTC or both without";
                return Err(InvalidRange::To(InvalidFilter(mixed)));
            }
        };
        Ok(Some(Self { clock, from_ms: from.map(|(_, ms)| ms), to_ms: to.map(|(_, ms)| ms) }))
    }
}

/// Which of the two ends cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidRange {
    /// `taken_from`.
    From(InvalidFilter),
    /// `taken_to`.
    To(InvalidFilter),
}

impl BoundingBox {
    /// Reads `west,south,east,north`, the order of GeoJSON (RFC 7946, section 5).
    pub fn parse(text: &str) -> Result<Self, InvalidFilter> {
        let invalid = InvalidFilter("must be west,south,east,north in degrees, such as 8.4,47.3,8.7,47.5");
        let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
        let Ok([west, south, east, north]) = numbers.as_deref() else { return Err(invalid) };
        let bounds = Self { west: *west, south: *south, east: *east, north: *north };
        let is_longitude = |degrees: &f64| (-180.0..=180.0).contains(degrees);
        let is_latitude = |degrees: &f64| (-90.0..=90.0).contains(degrees);
        let on_globe = is_longitude(west) && is_longitude(east) && is_latitude(south) && is_latitude(north);
        if on_globe && south <= north { Ok(bounds) } else { Err(invalid) }
    }
}

/// A camera or a tag as it is compared.
pub fn whole_term(text: &str) -> Result<String, InvalidFilter> {
    if text.chars().nth(MAX_TERM_CHARS).is_some() {
        return Err(InvalidFilter("must not have more than 200 characters"));
    }
    let term = text::caseless(text);
    if term.is_empty() { Err(InvalidFilter("must not be empty")) } else { Ok(term) }
}

/// Who sent a photo, as it is recorded.
pub fn sender(text: &str) -> Result<String, InvalidFilter> {
    if is_subject(text) {
        Ok(text.to_owned())
    } else {
        Err(InvalidFilter("must be 1 to 255 printable bytes, as every sender is"))
    }
}

/// The words of a search.
pub fn search_words(text: &str) -> Result<Vec<String>, InvalidFilter> {
    let mut runs = search::runs(text);
    runs.sort_unstable();
    runs.dedup();
    let count = runs.len();
    let mut words: Vec<String> = runs.into_iter().flatten().collect();
    words.sort_unstable();
    words.dedup();
    match count {
        0 => Err(InvalidFilter("must hold a letter or a digit")),
        1..=search::MAX_SEARCH_WORDS if words.len() <= search::MAX_SEARCH_TERMS => Ok(words),
        1..=search::MAX_SEARCH_WORDS => {
            Err(InvalidFilter("must not hold more than 40 different characters of Chinese or Japanese"))
        }
        _ => Err(InvalidFilter("must not hold more than 8 words")),
    }
}

/// When a photo was taken, by both clocks, in milliseconds; of `2018-07-25T16:34:23.5+02:00` and the like.
pub fn taken_ms(taken_at: &str) -> Option<(i64, i64)> {
    // A leap second is found with the second before it: these days have none.
    let of_before = |(minute, rest): (&str, &str)| Some(format!("{minute}:59{}", rest.strip_prefix(":60")?));
    let without_leap = taken_at.split_at_checked(16).and_then(of_before);
    let taken_at = without_leap.as_deref().unwrap_or(taken_at);
    let (local, offset_ms) = match OffsetDateTime::parse(taken_at, &Rfc3339) {
        Ok(moment) => (
            PrimitiveDateTime::new(moment.date(), moment.time()),
            i64::from(moment.offset().whole_seconds()) * 1000,
        ),
        Err(_) => (read_local(taken_at)?, 0),
    };
    let local_ms = millis(local);
    Some((local_ms, local_ms - offset_ms))
}

fn read_moment(text: &str, last: bool) -> Result<(TakenClock, i64), InvalidFilter> {
    let day = format_description!("[year]-[month]-[day]");
    if let Ok(date) = Date::parse(text, &day) {
        let first = PrimitiveDateTime::new(date, Time::MIDNIGHT);
        let moment = if last { first.saturating_add(Duration::DAY - Duration::MILLISECOND) } else { first };
        return Ok((TakenClock::Camera, millis(moment)));
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok((TakenClock::Utc, (moment.unix_timestamp_nanos() / 1_000_000) as i64));
    }
    let local = read_local(text).ok_or(InvalidFilter(
        "must be a day such as 2026-11-20, a time such as 2026-11-20T16:00:00, or one in UTC such as \
         2026-11-20T16:00:00Z",
    ))?;
    Ok((TakenClock::Camera, millis(local)))
}

fn read_local(text: &str) -> Option<PrimitiveDateTime> {
    let seconds = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let fraction = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond]");
    PrimitiveDateTime::parse(text, &seconds).or_else(|_| PrimitiveDateTime::parse(text, &fraction)).ok()
}

fn millis(local: PrimitiveDateTime) -> i64 {
    (local.assume_utc().unix_timestamp_nanos() / 1_000_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_cameras_and_whole() {
        let range = TakenRange::parse(Some("2026-11-20"), Some("2026-11-20")).unwrap().unwrap();
        assert_eq!(range.clock, TakenClock::Camera);
        let (first, last) = (range.from_ms.unwrap(), range.to_ms.unwrap());
        assert_eq!(last - first, 86_400_000 - 1);
        assert_eq!(taken_ms("2026-11-20T00:00:00+02:00").unwrap().0, first);
        assert_eq!(TakenRange::parse(None, None), Ok(None));
    }

    #[test]
    fn a_moment_is_utc_and_the_two_do_not_mix() {
        let range = TakenRange::parse(Some("2018-07-25T14:34:23Z"), None).unwrap().unwrap();
        assert_eq!((range.clock, range.to_ms), (TakenClock::Utc, None));
        assert_eq!(taken_ms("2018-07-25T16:34:23+02:00").unwrap().1, range.from_ms.unwrap());
        assert_eq!(taken_ms("2018-07-25T16:34:23.5").map(|(local, utc)| local == utc), Some(true));
        assert!(matches!(
            TakenRange::parse(Some("2018-07-25T14:34:23Z"), Some("2018-07-26")),
            Err(InvalidRange::To(_))
        ));
        for bad in ["yesterday", "", "2018-07-25 14:34:23", "2018-13-01", "2018-07-25T14:34:23+99:00"] {
            assert!(matches!(TakenRange::parse(Some(bad), None), Err(InvalidRange::From(_))), "{bad}");
            assert_eq!(taken_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_leap_second_is_found_with_the_second_before_it() {
        for rest in ["", ".25", "Z", "+02:00", ".25+02:00"] {
            let at = |second: &str| taken_ms(&format!("2016-12-31T23:59:{second}{rest}"));
            assert!(at("60").is_some(), "{rest}");
            assert_eq!(at("60"), at("59"), "{rest}");
        }
        for bad in ["2016-12-31T23:59:601", "2016-12-31T23:59:61", "2016-12-31T23:59é:60"] {
            assert_eq!(taken_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_on_its_way_is_found_by_what_is_known_of_it() {
        let asked = PhotoFilter { with_arriving: true, ..PhotoFilter::default() };
        assert!(asked.passes_arriving() && asked.passes_stored());
        assert!(!PhotoFilter::default().passes_arriving());
        let by_kind = PhotoFilter { kind: Some(MediaKind::Photo), ..asked.clone() };
        assert!(by_kind.passes_arriving());
        assert!(PhotoFilter { sender: Some("ann".to_owned()), ..asked.clone() }.passes_arriving());
        let status = |status| PhotoFilter { status: Some(status), ..asked.clone() };
        assert!(!status(UploadStatus::Completed).passes_arriving());
        let pending = PhotoFilter { with_arriving: false, ..status(UploadStatus::PendingUpload) };
        assert!(pending.passes_arriving() && !pending.passes_stored());
        for filter in [
            PhotoFilter { taken: TakenRange::parse(Some("2026-11-20"), None).unwrap(), ..asked.clone() },
            PhotoFilter { place: BoundingBox::parse("8,47,9,48").ok(), ..asked.clone() },
            PhotoFilter { camera: Some("pixel 2".to_owned()), ..asked.clone() },
            PhotoFilter { tag: Some("roof".to_owned()), ..asked.clone() },
            PhotoFilter { words: vec!["roof".to_owned()], ..asked.clone() },
        ] {
            assert!(!filter.passes_arriving() && filter.passes_stored(), "{filter:?}");
        }
    }

    #[test]
    fn a_box_lies_on_the_globe() {
        assert!(BoundingBox::parse("8.4, 47.3,8.7,47.5").is_ok());
        assert!(BoundingBox::parse("179,-1,-179,1").is_ok(), "across the date line");
        for bad in ["", "1,2,3", "1,2,3,4,5", "8,48,9,47", "-181,0,0,1", "0,0,0,91", "NaN,0,1,1", "a,b,c,d"] {
            assert!(BoundingBox::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_camera_or_a_tag_has_a_length_that_one_can_have() {
        assert_eq!(whole_term(&"Ä".repeat(200)), Ok("ä".repeat(200)));
        for bad in ["", &"Ä".repeat(201)] {
            assert!(whole_term(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sender_is_taken_as_it_is_written() {
        assert_eq!(sender("auth0|Ann "), Ok("auth0|Ann ".to_owned()));
        assert_eq!(sender(&"x".repeat(255)), Ok("x".repeat(255)));
        for bad in ["", &"x".repeat(256)] {
            assert!(sender(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_search_has_a_few_words() {
        assert_eq!(search_words("Roof, NORTH roof").unwrap(), ["north", "roof"]);
        assert!(search_words(" - ").is_err());
        assert!(search_words("a b c d e f g h i").is_err());
        // Without blanks each character is asked for, and all of them count as one word.
        assert_eq!(search_words("屋根の雨漏り修理現場写真").unwrap().len(), 12);
        assert_eq!(search_words("北側の屋根 瓦・釘 3階").unwrap().len(), 9);
        let many: String = ('一'..).take(search::MAX_SEARCH_TERMS + 1).collect();
        assert!(search_words(&many).is_err());
    }
}
