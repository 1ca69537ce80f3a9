//! When a picture was taken or a film begun: the camera's local time, its fraction and its offset.

use exif::Tag;
use windlass_protocol::metadata::TakenAt;

use super::exif::Fields;
use super::warning::{Oddities, Oddity};

/// The date the picture was taken. A blank one, or all zeros, is what a camera without a set clock writes.
pub(super) fn read(fields: &Fields, oddities: &mut Oddities) -> Option<TakenAt> {
    let text = fields.ascii(Tag::DateTimeOriginal)?;
    let Some(mut local) = local_time(text) else {
        if text.iter().any(|byte| matches!(byte, b'1'..=b'9')) {
            oddities.note(Oddity::DateInvalid);
        }
        return None;
    };
    if let Some(digits) = fields.ascii(Tag::SubSecTimeOriginal).map(<[u8]>::trim_ascii)
        && (1..=9).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
    {
        local.push('.');
        local.extend(digits.iter().map(|digit| char::from(*digit)));
    }
    Some(TakenAt { local, offset: fields.ascii(Tag::OffsetTimeOriginal).and_then(offset) })
}

/// A time in one text: `2018-07-25T16:34:23+0200`, as films have it (ISO 8601).
#[cfg(feature = "films")]
pub(super) fn of_iso8601(text: &[u8]) -> Option<TakenAt> {
    let (time, rest) = text.trim_ascii().split_at_checked(TEMPLATE.len())?;
    let mut local = local_time(time)?;
    let end = rest.iter().position(|byte| !matches!(byte, b'.' | b'0'..=b'9')).unwrap_or(rest.len());
    let (decimals, zone) = rest.split_at_checked(end)?;
    if let [b'.', digits @ ..] = decimals
        && (1..=9).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
    {
        local.extend(decimals.iter().map(|byte| char::from(*byte)));
    }
    let offset = match zone {
        [sign, h1, h0, m1, m0] => offset(&[*sign, *h1, *h0, b':', *m1, *m0]),
        zone => offset(zone),
    };
    Some(TakenAt { local, offset })
}

/// A moment given in seconds from 1970 on, in UTC; `None` after the year 9999.
#[cfg(feature = "films")]
pub(super) fn of_unix_time(seconds: u64) -> Option<TakenAt> {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // The calendar repeats itself every 400 years of 146,097 days; counted from the 1st of March of the year 0, which
    // has leap days at the ends of years.
    let since_year_0 = days + 719_468;
    let (era, day_of_era) = (since_year_0 / 146_097, since_year_0 % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    (year <= 9999).then(|| TakenAt {
        local: format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
        offset: Some("+00:00".into()),
    })
}

const TEMPLATE: &[u8; 19] = b"0000-00-00T00:00:00";

/// `2018:07:25 16:34:23` → `2018-07-25T16:34:23`. Writers use other separators, and spaces for zeros.
fn local_time(text: &[u8]) -> Option<String> {
    let mut local = String::with_capacity(TEMPLATE.len() + 10);
    for (index, form) in TEMPLATE.iter().enumerate() {
        let byte = *text.get(index)?;
        local.push(match (form, byte) {
            (b'0', b'0'..=b'9') => char::from(byte),
            (b'0', b' ') => '0',
            (b'-', b':' | b'-' | b'/' | b'.') | (b'T', b' ' | b'T' | b':') | (b':', b':' | b'.') => {
                char::from(*form)
            }
            _ => return None,
        });
    }
    // Anything behind the seconds but blanks would have a meaning not known here.
    if text.get(TEMPLATE.len()..)?.iter().any(|byte| !matches!(byte, b' ' | b'Z')) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| local.get(range)?.parse::<u16>().ok();
    let date = is_date(number(0..4)?, number(5..7)?, number(8..10)?);
    let time = is_time(number(11..13)?.into(), number(14..16)?.into(), number(17..19)?.into());
    (date && time).then_some(local)
}

/// `+02:00`, or `None` where it is not an offset there can be.
fn offset(text: &[u8]) -> Option<String> {
    match text.trim_ascii() {
        offset @ ([b'+' | b'-', b'0', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']
        | [b'+' | b'-', b'1', b'0'..=b'4', b':', b'0'..=b'5', b'0'..=b'9']) => {
            String::from_utf8(offset.to_vec()).ok()
        }
        b"Z" => Some("+00:00".into()),
        _ => None,
    }
}

/// Whether a day is in the calendar.
pub(super) fn is_date(year: u16, month: u16, day: u16) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    year > 0 && (1..=days).contains(&day)
}

/// Whether a time is on the clock; a leap second is.
pub(super) fn is_time(hour: f64, minute: f64, second: f64) -> bool {
    (0.0..24.0).contains(&hour) && (0.0..60.0).contains(&minute) && (0.0..61.0).contains(&second)
}
