//! ISO 6709: a place as text, `+47.3769+008.5417+408.000/`.

use windlass_protocol::metadata::GpsReading;

/// A number of more digits is none that was measured, and could not be read exactly.
const DIGITS_CAP: usize = 15;

/// Latitude, longitude and, where there is one, the height in metres; `None` where the text is no place.
pub(super) fn read(text: &str) -> Option<GpsReading> {
    let (latitude, rest) = coordinate(text.trim(), 2)?;
    let (longitude, rest) = coordinate(rest, 3)?;
    // What is no height is the end mark, or the name of the reference system.
    let altitude_m = signed(rest).and_then(|(is_negative, digits, _)| {
        let metres = number(digits)?;
        Some(if is_negative && metres > 0.0 { -metres } else { metres })
    });
    Some(GpsReading {
        latitude: Some(latitude),
        longitude: Some(longitude),
        altitude_m,
        ..GpsReading::default()
    })
}

/// Degrees with so many digits before the point, or degrees and minutes, or degrees, minutes and seconds: two digits
/// more each (ISO 6709, annex H). The last of them has the decimals.
fn coordinate(text: &str, degree_digits: usize) -> Option<(f64, &str)> {
    let (is_negative, digits, rest) = signed(text)?;
    let whole = digits.find('.').unwrap_or(digits.len());
    let size = if whole <= degree_digits {
        number(digits)?
    } else if whole == degree_digits + 2 {
        let (degrees, minutes) = digits.split_at(degree_digits);
        number(degrees)? + number(minutes)? / 60.0
    } else if whole == degree_digits + 4 {
        let (degrees, rest) = digits.split_at(degree_digits);
        let (minutes, seconds) = rest.split_at(2);
        number(degrees)? + (number(minutes)? + number(seconds)? / 60.0) / 60.0
    } else {
        return None;
    };
    Some((if is_negative && size > 0.0 { -size } else { size }, rest))
}

/// Whether a number is negative, its digits and its point, and what comes after it.
fn signed(text: &str) -> Option<(bool, &str, &str)> {
    let is_negative = match text.as_bytes().first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    let unsigned = text.get(1..)?;
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (digits, rest) = unsigned.split_at(end);
    Some((is_negative, digits, rest))
}

/// Digits with a point or none. Both numbers of the division are exact, so the result is as good as any parser's; the
/// standard library's would be a good part of the module that browsers download.
fn number(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || whole.len() + fraction.len() > DIGITS_CAP {
        return None;
    }
    let (mut digits, mut divisor) = (0_u64, 1_u64);
    for digit in whole.bytes().chain(fraction.bytes()) {
        digits = digits * 10 + u64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    for _ in fraction.bytes() {
        divisor *= 10;
    }
    Some(digits as f64 / divisor as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Option<(f64, f64, Option<f64>)> {
        let reading = read(text)?;
        Some((reading.latitude?, reading.longitude?, reading.altitude_m))
    }

    #[test]
    fn a_place_is_read_in_all_the_ways_phones_write_it() {
        assert_eq!(place("+47.3769+008.5417+408.125/"), Some((47.3769, 8.5417, Some(408.125))), "iPhone");
        assert_eq!(place("+37.4220-122.0840/"), Some((37.422, -122.084, None)), "Android");
        assert_eq!(place("-33.8568+151.2153-002.5/"), Some((-33.8568, 151.2153, Some(-2.5))));
        assert_eq!(place(" +47.3769+008.5417+408.1CRSWGS_84/"), Some((47.3769, 8.5417, Some(408.1))));
        assert_eq!(place("+47+008"), Some((47.0, 8.0, None)));
        assert_eq!(place("+0.5-1.25/"), Some((0.5, -1.25, None)), "without the zeros before");
        assert_eq!(place("+4730.0+00815.0/"), Some((47.5, 8.25, None)), "degrees and minutes");
        assert_eq!(place("-473018.0+0081500/"), Some((-47.505, 8.25, None)), "and seconds");
        let zero = place("-00.0000-000.0000/").expect("two zeros are numbers");
        assert!(zero.0.is_sign_positive() && zero.1.is_sign_positive());
    }

    #[test]
    fn what_is_no_place_is_none() {
        for text in
            ["", "/", "47.3+8.5", "+47.3", "+47.3/", "+", "+-", "++", "+.5+008", "+1.2.3+008.5", "+47.3+é"]
        {
            assert_eq!(place(text), None, "{text:?}");
        }
        assert_eq!(place("+47300+008.5"), None, "five digits are neither degrees nor minutes");
        assert_eq!(place("+47.37690000000000001+008.5"), None, "more digits than are read exactly");
        assert_eq!(place("+47.3+008.5+1.2.3/"), Some((47.3, 8.5, None)), "the height alone is left out");
    }
}
