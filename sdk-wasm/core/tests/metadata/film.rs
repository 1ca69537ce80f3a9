//! Films: when and where, which way up, with what.

use windlass_core::metadata::{PhotoMetadata, read_metadata};

use crate::files::{codes, read_ranged};
use crate::film_file::{FilmFile, UPRIGHT, metadata_items, since_1904, user_text};
use crate::heif_file::{boxed, full};

fn read(film: &FilmFile) -> PhotoMetadata {
    let bytes = film.bytes();
    let metadata = read_metadata(&bytes).expect("a film");
    assert_eq!(read_ranged(&bytes).0, metadata, "ranges say the same as the whole");
    metadata
}

fn time(metadata: &PhotoMetadata) -> Option<(&str, Option<&str>)> {
    let taken_at = metadata.taken_at.as_ref()?;
    Some((&taken_at.local, taken_at.offset.as_deref()))
}

fn place(metadata: &PhotoMetadata) -> Option<(f64, f64, Option<f64>)> {
    let place = metadata.location.as_ref()?;
    Some((place.latitude?, place.longitude?, place.altitude_m))
}

#[test]
fn an_androids_film_has_its_time_in_utc_its_place_and_its_size() {
    let metadata = read(&FilmFile {
        user_data: vec![user_text(b"\xA9xyz", "+37.4220-122.0840/")],
        ..FilmFile::default()
    });
    assert_eq!(metadata.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(time(&metadata), Some(("2018-07-25T14:34:23", Some("+00:00"))));
    assert_eq!(place(&metadata), Some((37.422, -122.084, None)));
    assert_eq!((metadata.width, metadata.height, metadata.display_orientation), (Some(1920), Some(1080), 1));
    assert_eq!(metadata.warnings, []);
}

#[test]
fn an_iphones_film_has_its_camera_and_its_local_time_with_the_offset() {
    let keys = vec![
        ("com.apple.quicktime.location.accuracy.horizontal", "4.7"),
        ("com.apple.quicktime.creationdate", "2018-07-25T16:34:23+0200"),
        ("com.apple.quicktime.location.ISO6709", "+47.3769+008.5417+408.125/"),
        ("com.apple.quicktime.make", "Apple"),
        ("com.apple.quicktime.model", "iPhone 15 Pro"),
        ("com.apple.quicktime.software", "17.4"),
    ];
    let metadata = read(&FilmFile { brand: b"qt  ", keys, ..FilmFile::default() });
    assert_eq!(metadata.content_type.as_deref(), Some("video/quicktime"));
    assert_eq!(time(&metadata), Some(("2018-07-25T16:34:23", Some("+02:00"))));
    assert_eq!(place(&metadata), Some((47.3769, 8.5417, Some(408.125))));
    let camera = (metadata.make.as_deref(), metadata.model.as_deref(), metadata.software.as_deref());
    assert_eq!(camera, (Some("Apple"), Some("iPhone 15 Pro"), Some("17.4")));
    assert_eq!(metadata.warnings, []);
}

#[test]
fn the_turn_of_the_pictures_track_is_that_of_the_film() {
    let turns = [
        (UPRIGHT, 1),
        ([0, 1, -1, 0], 6),
        ([-1, 0, 0, -1], 3),
        ([0, -1, 1, 0], 8),
        ([-1, 0, 0, 1], 2),
        ([1, 0, 0, -1], 4),
        ([0, 1, 1, 0], 5),
        ([0, -1, -1, 0], 7),
        ([0, 0, 0, 0], 1),
        ([1, 1, -1, 1], 1),
    ];
    for (matrix, expected) in turns {
        // The first track of pictures counts: others are thumbnails, or what a second lens saw.
        let tracks = vec![
            (b"soun", 0, 0, [-1, 0, 0, -1]),
            (b"vide", 3840, 2160, matrix),
            (b"vide", 320, 240, [-1, 0, 0, -1]),
        ];
        let metadata = read(&FilmFile { tracks, ..FilmFile::default() });
        assert_eq!(metadata.display_orientation, expected, "{matrix:?}");
        assert_eq!((metadata.width, metadata.height), (Some(3840), Some(2160)), "as stored");
    }
}

#[test]
fn metadata_at_the_end_of_a_long_film_is_read_without_reading_the_film() {
    let user_data = vec![user_text(b"\xA9xyz", "+37.4220-122.0840/")];
    let film = FilmFile { samples_bytes: 20 << 20, user_data, ..FilmFile::default() }.bytes();
    let (metadata, reads, read_bytes) = read_ranged(&film);
    assert_eq!(place(&metadata), Some((37.422, -122.084, None)));
    assert!(reads <= 3 && read_bytes <= 128 << 10, "{reads} reads of {read_bytes} bytes");
}

#[test]
fn keys_are_read_in_both_forms_and_count_before_user_data() {
    let keys = [("com.android.manufacturer", "Fairphone"), ("com.apple.quicktime.model", "FP5")];
    for is_full in [true, false] {
        let user_data = vec![
            user_text(b"\xA9mak", "Someone"),
            metadata_items(is_full, &keys),
            user_text(b"\xA9mod", "Something"),
            user_text(b"\xA9swr", " Editor 1.0 \0\0"),
        ];
        let metadata = read(&FilmFile { user_data, ..FilmFile::default() });
        let camera = (metadata.make.as_deref(), metadata.model.as_deref(), metadata.software.as_deref());
        assert_eq!(camera, (Some("Fairphone"), Some("FP5"), Some("Editor 1.0")), "{is_full}");
        assert_eq!(metadata.warnings, []);
    }
}

#[test]
fn the_place_of_a_3gp_film_is_read_whatever_its_name_is_written_in() {
    let fixed = |number: f64| ((number * 65_536.0) as i32).to_be_bytes();
    for name in [&b"Zurich\0"[..], b"\0", b"\xFE\xFF\0Z\0\xFC\0\0"] {
        let numbers = [fixed(8.5), fixed(47.375), fixed(-2.5)].concat();
        let loci = full(b"loci", 0, &[&[0x15, 0xC7], name, &[0], &numbers, b"earth\0\0"].concat());
        let metadata =
            read(&FilmFile { brand: b"3gp5", user_data: vec![loci.clone()], ..FilmFile::default() });
        assert_eq!(place(&metadata), Some((47.375, 8.5, Some(-2.5))), "{name:?}");
        let user_data = vec![loci, user_text(b"\xA9xyz", "+37.4220-122.0840/")];
        let metadata = read(&FilmFile { user_data, ..FilmFile::default() });
        assert_eq!(place(&metadata), Some((37.422, -122.084, None)), "the text has more digits");
    }
}

#[test]
fn a_place_whose_name_is_longer_than_any_is_left_out_and_is_no_damage() {
    let name = [&[b'a'; 2000][..], b"\0"].concat();
    let loci = full(b"loci", 0, &[&[0x15, 0xC7], &name[..], &[0; 13], b"earth\0\0"].concat());
    let user_data = vec![loci, user_text(b"\xA9mak", "Apple")];
    let metadata = read(&FilmFile { brand: b"3gp5", user_data, ..FilmFile::default() });
    assert_eq!((place(&metadata), metadata.make.as_deref()), (None, Some("Apple")));
    assert_eq!(metadata.warnings, []);
}

#[test]
fn a_clock_that_was_never_set_is_no_time() {
    let created = |created| {
        time(&read(&FilmFile { created, ..FilmFile::default() })).map(|(local, _)| local.to_owned())
    };
    assert_eq!(created(0), None);
    assert_eq!(created(3600), None, "before 1970");
    assert_eq!(created(since_1904(0)).as_deref(), Some("1970-01-01T00:00:00"));
    assert_eq!(created(since_1904(951_782_400)).as_deref(), Some("2000-02-29T00:00:00"));
    assert_eq!(created(since_1904(4_107_542_399)).as_deref(), Some("2100-02-28T23:59:59"), "in 64 bits");
    assert_eq!(created(since_1904(4_107_542_400)).as_deref(), Some("2100-03-01T00:00:00"), "no leap year");
    assert_eq!(created(u64::MAX), None);
}

#[test]
fn what_cannot_be_read_in_a_film_is_a_warning_and_the_rest_is_read() {
    let keys = vec![
        ("com.apple.quicktime.creationdate", "yesterday"),
        ("com.apple.quicktime.location.ISO6709", "somewhere"),
        ("com.apple.quicktime.make", "Apple"),
    ];
    let metadata = read(&FilmFile { keys, ..FilmFile::default() });
    assert_eq!(codes(&metadata), ["date_invalid", "gps_invalid"]);
    assert_eq!(metadata.make.as_deref(), Some("Apple"));
    assert_eq!(time(&metadata), Some(("2018-07-25T14:34:23", Some("+00:00"))), "the header's instead");

    let user_data = vec![user_text(b"\xA9xyz", "+91.0+008.5/")];
    let metadata = read(&FilmFile { user_data, ..FilmFile::default() });
    assert_eq!(codes(&metadata), ["gps_off_globe"]);
    assert_eq!(metadata.location.and_then(|reading| reading.place()), None);

    let user_data = vec![user_text(b"\xA9mak", "Apple"), boxed(b"meta", b"\0\0")];
    let metadata = read(&FilmFile { user_data, ..FilmFile::default() });
    assert_eq!(codes(&metadata), ["container_damaged"]);
    assert_eq!((metadata.make.as_deref(), metadata.width), (Some("Apple"), Some(1920)));
}

#[test]
fn a_film_that_was_cut_off_says_so() {
    let whole = FilmFile::default().bytes();
    let samples_end =
        whole.len() - whole.windows(4).rev().position(|found| found == b"moov").expect("it is there") - 8;
    for end in [60, samples_end, samples_end + 20, samples_end + 200] {
        let cut = &whole[..end];
        let metadata = read_metadata(cut).expect("a film");
        assert_eq!(codes(&metadata), ["file_truncated"], "after {end} bytes");
        assert_eq!(read_ranged(cut).0, metadata);
    }
}

#[test]
fn what_goes_on_behind_the_end_of_what_it_stands_in_is_not_read() {
    let of = |boxes: &[Vec<u8>]| {
        let ftyp = boxed(b"ftyp", b"mp42\0\0\0\0isommp42");
        read_metadata(&[ftyp, boxed(b"moov", &boxes.concat())].concat()).expect("a film")
    };
    // Times, layer and the like, and a matrix of zeros; then the sides.
    let header = |side: u16| {
        let side = side.to_be_bytes();
        full(b"tkhd", 0, &[&[0; 72][..], &side, &[0; 2], &side, &[0; 2]].concat())
    };
    let media = boxed(b"mdia", &full(b"hdlr", 0, b"\0\0\0\0vide"));
    let track = boxed(b"trak", &[header(200), media.clone()].concat());
    let (head, rest) = media.split_at(8);
    let longer = boxed(b"trak", &[header(100), head.to_vec()].concat());
    assert_eq!(of(&[longer, rest.to_vec(), track]).width, Some(200));

    let meta = metadata_items(false, &[("com.apple.quicktime.make", "Apple")]);
    let (head, rest) = meta.split_at(8);
    assert_eq!(of(&[boxed(b"udta", head), rest.to_vec()]).make, None);
    assert_eq!(of(std::slice::from_ref(&meta)).make.as_deref(), Some("Apple"));
}
