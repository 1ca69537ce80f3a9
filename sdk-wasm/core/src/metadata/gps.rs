//! The GPS IFD → a place, a height, a direction, a time (EXIF 2.32, 4.6.6).

use std::fmt::Write;

use exif::{Tag, Value};
use windlass_protocol::metadata::GpsReading;

use super::exif::{Fields, number};
use super::taken_at::{is_date, is_time};
use super::warning::{Oddities, Oddity};

/// What the GPS IFD says, or `None` where it says nothing.
pub(super) fn read(fields: &Fields, oddities: &mut Oddities) -> Option<GpsReading> {
    let latitude = coordinate(fields, (Tag::GPSLatitude, Tag::GPSLatitudeRef), (b"NS", 90.0), oddities);
    let longitude = coordinate(fields, (Tag::GPSLongitude, Tag::GPSLongitudeRef), (b"EW", 180.0), oddities);
    let reading = GpsReading {
        latitude,
        longitude,
        altitude_m: altitude(fields, oddities),
        direction_deg: fields
            .value(Tag::GPSImgDirection)
            .and_then(|value| number(value, 0))
            .filter(|degrees| (0.0..=360.0).contains(degrees)),
        gps_time: time(fields),
    };
    if is_off_globe(&reading) {
        oddities.note(Oddity::GpsOffGlobe);
    }
    (reading != GpsReading::default()).then_some(reading)
}

/// Whether its coordinates are none of a place on Earth.
pub(super) fn is_off_globe(reading: &GpsReading) -> bool {
    let is_beyond = |degrees: Option<f64>, limit: f64| degrees.is_some_and(|degrees| degrees.abs() > limit);
    is_beyond(reading.latitude, 90.0) || is_beyond(reading.longitude, 180.0)
}

/// Degrees, minutes and seconds as degrees, negative in the south and the west. The latter two may be
/// missing or 0/0: then the minutes, or the degrees, have decimals. What is on the globe and has no side
/// may be on either: it is left out.
fn coordinate(
    fields: &Fields,
    (tag, reference): (Tag, Tag),
    ([positive, negative], limit): (&[u8; 2], f64),
    oddities: &mut Oddities,
) -> Option<f64> {
    let value = fields.value(tag)?;
    let Some(degrees) = number(value, 0) else {
        oddities.note(Oddity::GpsInvalid);
        return None;
    };
    let (minutes, seconds) = (number(value, 1).unwrap_or(0.0), number(value, 2).unwrap_or(0.0));
    let size = degrees.abs() + (minutes.abs() + seconds.abs() / 60.0) / 60.0;
    let reference = fields.ascii(reference).and_then(|text| text.trim_ascii().first());
    let is_on = |side: &u8| reference.is_some_and(|letter| letter.eq_ignore_ascii_case(side));
    // Where a writer signs the numbers, too, the sign says the same as the reference.
    let is_negative = is_on(negative) || degrees < 0.0 || minutes < 0.0 || seconds < 0.0;
    if !is_negative && !is_on(positive) && size > 0.0 && size <= limit {
        oddities.note(Oddity::GpsInvalid);
        return None;
    }
    Some(if is_negative && size > 0.0 { -size } else { size })
}

/// Metres; the reference 1 says below sea level, 3 below the ellipsoid (EXIF 3.0).
fn altitude(fields: &Fields, oddities: &mut Oddities) -> Option<f64> {
    let value = fields.value(Tag::GPSAltitude)?;
    let Some(metres) = number(value, 0) else {
        oddities.note(Oddity::GpsInvalid);
        return None;
    };
    let is_below = match fields.value(Tag::GPSAltitudeRef) {
        Some(Value::Undefined(bytes, _)) => bytes.first().is_some_and(|byte| byte & 1 == 1),
        Some(reference) => reference.get_uint(0).is_some_and(|reference| reference & 1 == 1),
        None => false,
    };
    Some(if is_below && metres > 0.0 { -metres } else { metres })
}

/// The time of the fix, where the date is there, too: `2018-07-25T14:34:20Z`.
fn time(fields: &Fields) -> Option<String> {
    let date = fields.ascii(Tag::GPSDateStamp)?;
    let [year, month, day] = {
        let mut parts = date.split(|byte| matches!(byte, b':' | b'-' | b'/')).map(|digits| {
            let digits = std::str::from_utf8(digits).ok()?.trim();
            digits.parse::<u16>().ok()
        });
        [parts.next()??, parts.next()??, parts.next()??]
    };
    let clock = fields.value(Tag::GPSTimeStamp)?;
    let (hour, minute, second) = (number(clock, 0)?, number(clock, 1)?, number(clock, 2)?);
    let is_whole = hour.fract() == 0.0 && minute.fract() == 0.0;
    if !is_whole || !is_date(year, month, day) || !is_time(hour, minute, second) {
        return None;
    }
    let mut text = String::new();
    // Rounded, because binary fractions lie just below decimal ones, but never into the next second.
    let millis = (second.fract() * 1000.0).round().min(999.0) as u32;
    let (hour, minute, second) = (hour as u32, minute as u32, second as u32);
    write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}").ok()?;
    if millis != 0 {
        write!(text, ".{millis:03}").ok()?;
    }
    text.push('Z');
    Some(text)
}
