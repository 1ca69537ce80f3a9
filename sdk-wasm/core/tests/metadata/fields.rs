//! Values as cameras really write them.

use windlass_core::metadata::{PhotoMetadata, read_metadata};
use windlass_protocol::metadata::GpsReading;

use crate::exif_block::{
    ExifBlock, Field, ascii, byte, rationals, short, signed_longs, signed_rationals, undefined,
};
use crate::files::{codes, jpeg_with};

fn read(block: &ExifBlock) -> PhotoMetadata {
    read_metadata(&jpeg_with(&block.bytes())).expect("a JPEG")
}

fn dated(exif: Vec<Field>) -> PhotoMetadata {
    read(&ExifBlock { exif, ..ExifBlock::default() })
}

fn placed(gps: Vec<Field>) -> (GpsReading, PhotoMetadata) {
    let metadata = read(&ExifBlock { gps, ..ExifBlock::default() });
    (metadata.location.clone().unwrap_or_default(), metadata)
}

#[test]
fn dates_are_read_in_the_forms_writers_use() {
    let forms = [
        ("2024:01:02 03:04:05", "2024-01-02T03:04:05"),
        ("2024-01-02T03:04:05", "2024-01-02T03:04:05"),
        ("2024/01/02 03:04:05Z", "2024-01-02T03:04:05"),
        ("2024: 1: 2  3: 4: 5", "2024-01-02T03:04:05"),
        ("2016:12:31 23:59:60", "2016-12-31T23:59:60"),
    ];
    for (written, expected) in forms {
        let metadata = dated(vec![ascii(0x9003, written)]);
        assert_eq!(metadata.taken_at.expect(written).local, expected);
        assert_eq!(metadata.warnings, []);
    }
}

#[test]
fn a_camera_without_a_set_clock_gives_no_date_and_no_warning() {
    for blank in ["    :  :     :  :  ", "0000:00:00 00:00:00", "                   ", ""] {
        let metadata = dated(vec![ascii(0x9003, blank)]);
        assert_eq!((metadata.taken_at, metadata.warnings), (None, vec![]), "{blank:?}");
    }
}

#[test]
fn what_is_no_date_is_left_out_with_a_warning() {
    for wrong in
        ["2024:02:30 10:00:00", "2024:13:01 10:00:00", "2024:01:02 24:00:00", "2024:01:02", "yesterday at 7"]
    {
        let metadata = dated(vec![ascii(0x9003, wrong)]);
        assert_eq!(metadata.taken_at, None, "{wrong:?}");
        assert_eq!(codes(&metadata), ["date_invalid"]);
    }
}

#[test]
fn offsets_and_fractions_that_are_none_are_left_out() {
    for (offset, fraction) in [("   :  ", "  "), ("+25:00", "12a"), ("2 hours", ""), ("", "1234567890")] {
        let fields =
            vec![ascii(0x9003, "2024:01:02 03:04:05"), ascii(0x9011, offset), ascii(0x9291, fraction)];
        let taken_at = dated(fields).taken_at.expect("the date is sound");
        assert_eq!((taken_at.local.as_str(), taken_at.offset), ("2024-01-02T03:04:05", None), "{offset:?}");
    }
}

#[test]
fn an_offset_alone_or_a_date_of_change_is_no_date_taken() {
    let metadata = dated(vec![ascii(0x9011, "+02:00"), ascii(0x9004, "2024:01:02 03:04:05")]);
    assert_eq!(metadata.taken_at, None);
}

#[test]
fn the_reference_gives_coordinates_their_sign() {
    for (latitude, longitude, signs) in
        [("N", "E", (1.0, 1.0)), ("S", "W", (-1.0, -1.0)), ("n", "west", (1.0, -1.0))]
    {
        let (place, _) = placed(vec![
            ascii(1, latitude),
            rationals(2, &[(10, 1), (30, 1), (0, 1)]),
            ascii(3, longitude),
            rationals(4, &[(20, 1), (15, 1), (0, 1)]),
        ]);
        assert_eq!((place.latitude, place.longitude), (Some(10.5 * signs.0), Some(20.25 * signs.1)));
    }
}

#[test]
fn coordinates_signed_by_their_writer_keep_their_side() {
    let (place, _) = placed(vec![
        ascii(1, "S"),
        signed_rationals(2, &[(-10, 1), (30, 1), (0, 1)]),
        ascii(3, "E"),
        signed_longs(4, &[-20, 15, 0]),
    ]);
    assert_eq!((place.latitude, place.longitude), (Some(-10.5), Some(-20.25)));
}

#[test]
fn coordinates_that_do_not_say_their_side_are_left_out_with_a_warning() {
    let degrees = |tag, degrees| rationals(tag, &[(degrees, 1), (30, 1), (0, 1)]);
    for references in [vec![], vec![ascii(1, ""), ascii(3, " ")], vec![ascii(1, "?"), ascii(3, "N")]] {
        let (place, metadata) = placed([references, vec![degrees(2, 10), degrees(4, 20)]].concat());
        assert_eq!((place.latitude, place.longitude, place.place()), (None, None, None));
        assert_eq!(codes(&metadata), ["gps_invalid"]);
    }
    // On the equator, or signed by the writer, it is known without.
    let (place, metadata) = placed(vec![
        rationals(2, &[(0, 1), (0, 1), (0, 1)]),
        signed_rationals(4, &[(-20, 1), (30, 1), (0, 1)]),
    ]);
    assert_eq!((place.latitude, place.longitude), (Some(0.0), Some(-20.5)));
    assert_eq!(metadata.warnings, []);
}

#[test]
fn coordinates_in_decimals_of_degrees_or_minutes_are_read() {
    let (place, metadata) = placed(vec![
        ascii(1, "N"),
        rationals(2, &[(105, 10)]),
        ascii(3, "E"),
        rationals(4, &[(20, 1), (155, 10), (0, 0)]),
    ]);
    assert_eq!((place.latitude, place.longitude), (Some(10.5), Some(20.0 + 15.5 / 60.0)));
    assert_eq!(metadata.warnings, []);
}

#[test]
fn values_that_are_no_numbers_are_left_out_with_a_warning() {
    let (place, metadata) = placed(vec![
        ascii(1, "N"),
        rationals(2, &[(0, 0), (0, 0), (0, 0)]),
        ascii(3, "E"),
        rationals(4, &[(20, 1), (15, 1), (0, 1)]),
        rationals(6, &[(100, 0)]),
    ]);
    assert_eq!((place.latitude, place.longitude, place.altitude_m), (None, Some(20.25), None));
    assert_eq!(codes(&metadata), ["gps_invalid"]);
    assert_eq!(place.place(), None);
}

#[test]
fn coordinates_off_the_globe_stay_as_written_and_make_no_place() {
    let coordinates =
        vec![ascii(1, "N"), rationals(2, &[(4_294_967_295, 1)]), ascii(3, "E"), rationals(4, &[(1, 1)])];
    let (reading, metadata) = placed(coordinates);
    assert_eq!(reading.latitude, Some(4_294_967_295.0));
    assert_eq!(reading.place(), None);
    assert_eq!(codes(&metadata), ["gps_off_globe"]);
}

#[test]
fn heights_below_the_sea_are_negative() {
    let height =
        |reference: Vec<Field>| placed([reference, vec![rationals(6, &[(85, 10)])]].concat()).0.altitude_m;
    assert_eq!(height(vec![byte(5, 0)]), Some(8.5));
    assert_eq!(height(vec![byte(5, 1)]), Some(-8.5));
    assert_eq!(height(vec![]), Some(8.5));
    let (reading, _) = placed(vec![byte(5, 1), signed_rationals(6, &[(-85, 10)])]);
    assert_eq!(reading.altitude_m, Some(-8.5));
}

#[test]
fn a_phone_without_a_fix_gives_its_height_and_no_place() {
    let (reading, _) = placed(vec![rationals(6, &[(475, 10)])]);
    assert_eq!((reading.latitude, reading.altitude_m, reading.place()), (None, Some(47.5), None));
}

#[test]
fn an_empty_gps_directory_is_no_location() {
    let metadata = read(&ExifBlock { gps: vec![byte(0, 2)], ..ExifBlock::default() });
    assert_eq!(metadata.location, None);
}

#[test]
fn a_time_of_the_fix_needs_its_date() {
    let clock = rationals(7, &[(1, 1), (2, 1), (3, 1)]);
    assert_eq!(placed(vec![clock.clone()]).0.gps_time, None);
    let (reading, _) = placed(vec![clock.clone(), ascii(0x1D, "2024:01:02")]);
    assert_eq!(reading.gps_time.as_deref(), Some("2024-01-02T01:02:03Z"));
    assert_eq!(placed(vec![clock, ascii(0x1D, "2024:14:02")]).0.gps_time, None);
}

#[test]
fn the_time_of_a_fix_is_exact_to_the_millisecond_and_never_in_the_next_second() {
    let time = |second: (u32, u32)| {
        let gps = vec![rationals(7, &[(1, 1), (2, 1), second]), ascii(0x1D, "2024:01:02")];
        placed(gps).0.gps_time.expect("a time")
    };
    for millis in 1..1000 {
        for second in [0, 1, 8, 32, 59] {
            let expected = format!("2024-01-02T01:02:{second:02}.{millis:03}Z");
            assert_eq!(time((second * 1000 + millis, 1000)), expected);
        }
    }
    assert_eq!(time((599_996, 10_000)), "2024-01-02T01:02:59.999Z");
    assert_eq!(time((609_999, 10_000)), "2024-01-02T01:02:60.999Z");
}

#[test]
fn an_orientation_that_is_none_is_given_as_written_and_shown_as_stored() {
    for (written, shown, warns) in [(8, 8, false), (1, 1, false), (0, 1, true), (9, 1, true), (700, 1, true)]
    {
        let metadata = read(&ExifBlock { image: vec![short(0x0112, written)], ..ExifBlock::default() });
        assert_eq!((metadata.orientation, metadata.display_orientation), (Some(written), shown));
        assert_eq!(codes(&metadata), if warns { vec!["orientation_invalid"] } else { vec![] });
    }
    let absent = read(&ExifBlock { image: vec![ascii(0x010F, "Tester")], ..ExifBlock::default() });
    assert_eq!((absent.orientation, absent.display_orientation), (None, 1));
}

#[test]
fn texts_are_trimmed_and_blank_ones_are_none() {
    let image =
        vec![undefined(0x010F, b"  Tester \0junk"), ascii(0x0110, "   "), ascii(0x0131, &"x".repeat(600))];
    let metadata = read(&ExifBlock { image, ..ExifBlock::default() });
    assert_eq!((metadata.make.as_deref(), metadata.model, metadata.software), (Some("Tester"), None, None));
}

#[test]
fn an_iso_that_does_not_fit_its_tag_is_read_from_where_it_stands() {
    assert_eq!(
        dated(vec![short(0x8827, 65_535), crate::exif_block::long(0x8832, 102_400)]).iso,
        Some(102_400)
    );
    assert_eq!(dated(vec![short(0x8827, 65_535)]).iso, None);
    assert_eq!(dated(vec![short(0x8827, 0)]).iso, None);
}

#[test]
fn an_exposure_divided_by_zero_is_none() {
    let metadata =
        dated(vec![rationals(0x829A, &[(1, 0)]), rationals(0x829D, &[(0, 0)]), rationals(0x920A, &[(0, 1)])]);
    assert_eq!((metadata.exposure_time_s, metadata.f_number, metadata.focal_length_mm), (None, None, None));
}
