//! The eight fields that matter most, against exiftool's reading of the same real photos.
#![cfg(feature = "metadata")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail and report as tests do"
)]

mod corpora;

use std::path::Path;

use serde_json::Value;
use windlass_core::metadata::{
    ExifRewrite, MetadataError, MetadataReader, PhotoMetadata, extract_exif, read_metadata, rewrite_exif,
};

/// The oracle's fields, as `exif-oracle.json` names them.
const FIELDS: [&str; 8] = ["make", "model", "orientation", "dto", "offset", "lat", "lon", "alt"];

/// The share of photos that must have all eight fields right.
const REQUIRED_SHARE: f64 = 0.995;

/// What we read, in the oracle's terms.
fn ours(metadata: &PhotoMetadata) -> [Value; 8] {
    let taken_at = metadata.taken_at.as_ref();
    let location = metadata.location.as_ref();
    [
        metadata.make.clone().into(),
        metadata.model.clone().into(),
        metadata.orientation.into(),
        taken_at.map(|taken| taken.local.get(..19).unwrap_or_default().to_owned()).into(),
        taken_at.and_then(|taken| taken.offset.clone()).into(),
        location.and_then(|place| place.latitude).into(),
        location.and_then(|place| place.longitude).into(),
        location.and_then(|place| place.altitude_m).into(),
    ]
}

/// What exiftool read, in the same form: blank texts and dates are none.
fn theirs(exif: &Value) -> [Value; 8] {
    FIELDS.map(|field| match (field, &exif[field]) {
        ("dto", Value::String(date)) if date.bytes().any(|byte| matches!(byte, b'1'..=b'9')) => {
            let (day, time) = date.split_once(' ').expect("exiftool separates date and time");
            format!("{}T{}", day.replace(':', "-"), time.get(..8).unwrap_or(time)).into()
        }
        ("make" | "model" | "offset", Value::String(text)) if !text.trim().is_empty() => text.trim().into(),
        (_, Value::String(_)) => Value::Null,
        (_, value) => value.clone(),
    })
}

fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours.as_f64(), theirs.as_f64()) {
        // exiftool prints 15 digits.
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
        _ => ours == theirs,
    }
}

/// A file of the oracle that is there.
struct Photo {
    path: String,
    oracle: Value,
    bytes: Vec<u8>,
}

impl Photo {
    fn has_exif(&self) -> bool {
        FIELDS.iter().any(|field| !self.oracle["exif"][*field].is_null())
    }
}

fn photos(corpora: &Path) -> Vec<Photo> {
    let oracle = std::fs::read(corpora.join("exif-oracle.json")).expect("the oracle can be read");
    let oracle: Vec<Value> = serde_json::from_slice(&oracle).expect("the oracle is JSON");
    let photo = |oracle: Value| {
        let path = oracle["path"].as_str().expect("each entry has a path").to_owned();
        let bytes = std::fs::read(corpora.join(&path)).ok()?;
        Some(Photo { path, oracle, bytes })
    };
    oracle.into_iter().filter_map(photo).collect()
}

#[test]
fn eight_fields_equal_exiftools_on_real_photos() {
    let Some(corpora) = corpora::corpora() else { return };
    let (mut right, mut with_exif, mut wrong_values) = (0, 0, 0);
    for photo in photos(&corpora) {
        let metadata = match read_metadata(&photo.bytes) {
            Ok(metadata) => metadata,
            Err(MetadataError::UnknownType) if !photo.has_exif() => continue,
            Err(error) => panic!("{}: {error}", photo.path),
        };
        let (ours, theirs) = (ours(&metadata), theirs(&photo.oracle["exif"]));
        let differing: Vec<usize> = (0..FIELDS.len()).filter(|i| !is_same(&ours[*i], &theirs[*i])).collect();
        wrong_values += differing.iter().filter(|index| !ours[**index].is_null()).count();
        with_exif += usize::from(photo.has_exif());
        right += usize::from(photo.has_exif() && differing.is_empty());
        for index in differing {
            println!("{}: {} is {}, exiftool says {}", photo.path, FIELDS[index], ours[index], theirs[index]);
        }
    }
    let share = f64::from(right as u32) / f64::from(with_exif as u32);
    println!("{right} of {with_exif} photos right ({:.2} %), {wrong_values} wrong values", share * 100.0);
    assert!(with_exif > 0, "the corpora hold photos with EXIF");
    assert_eq!(wrong_values, 0, "a wrong value is worse than none");
    assert!(share >= REQUIRED_SHARE, "{share} of the photos are right, {REQUIRED_SHARE} must be");
}

#[test]
fn sub_seconds_equal_exiftools_on_real_photos() {
    let Some(corpora) = corpora::corpora() else { return };
    let mut with_fraction = 0;
    for photo in photos(&corpora) {
        let Ok(metadata) = read_metadata(&photo.bytes) else { continue };
        let fraction = metadata.taken_at.as_ref().and_then(|taken| taken.local.get(20..));
        // Some cameras pad with blanks, others write nothing but blanks.
        let theirs = photo.oracle["exif"]["subsec"].as_str().map(str::trim).filter(|text| !text.is_empty());
        assert_eq!(fraction, theirs, "{}", photo.path);
        with_fraction += usize::from(fraction.is_some());
    }
    assert!(with_fraction > 0, "the corpora hold photos with sub-seconds");
}

#[test]
fn pictures_have_the_size_exiftool_says() {
    let Some(corpora) = corpora::corpora() else { return };
    let mut differing = Vec::new();
    for photo in photos(&corpora) {
        let Ok(metadata) = read_metadata(&photo.bytes) else { continue };
        let theirs = (photo.oracle["width"].as_u64(), photo.oracle["height"].as_u64());
        let ours = (metadata.width.map(u64::from), metadata.height.map(u64::from));
        // Where exiftool gives up on a file's size, ours has nothing to be compared with.
        if theirs.0.is_some() && ours != theirs {
            differing.push(format!("{}: {ours:?}, exiftool says {theirs:?}", photo.path));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn ranged_reads_find_what_the_whole_file_holds() {
    let Some(corpora) = corpora::corpora() else { return };
    for Photo { path, bytes, .. } in photos(&corpora) {
        let mut reader = MetadataReader::new(bytes.len() as u64);
        let mut read_bytes = 0;
        while let Some(range) = reader.next_read() {
            let (start, end) = (range.offset as usize, range.end() as usize);
            read_bytes += end - start;
            reader.supply(range.offset, &bytes[start..end]).expect("the range asked for is supplied");
        }
        assert!(read_bytes <= 512 << 10, "{path}: {read_bytes} bytes read");
        assert_eq!(reader.finish(), read_metadata(&bytes), "{path}");
    }
}

#[test]
fn rewritten_exif_of_real_photos_says_the_same_but_for_what_must_change() {
    let Some(corpora) = corpora::corpora() else { return };
    let mut rewritten = 0;
    for Photo { path, bytes, .. } in photos(&corpora) {
        let Some(block) = extract_exif(&bytes) else { continue };
        // A block is read as the TIFF it is; what it says of the pixels' size is not compared.
        let says = |block: &[u8]| {
            let metadata = read_metadata(block).unwrap_or_else(|error| panic!("{path}: {error}"));
            PhotoMetadata { width: None, height: None, display_orientation: 1, warnings: vec![], ..metadata }
        };
        let expected = says(&block);
        let expected = PhotoMetadata { orientation: expected.orientation.map(|_| 1), ..expected };
        let keep = ExifRewrite { width: 1920, height: 1440, strip_location: false, to_srgb: true };
        let Some(kept) = rewrite_exif(&block, &keep) else { continue };
        rewritten += 1;
        assert_eq!(says(&kept), expected, "{path}");
        let strip = ExifRewrite { strip_location: true, ..keep };
        if let Some(stripped) = rewrite_exif(&block, &strip) {
            assert_eq!(says(&stripped), PhotoMetadata { location: None, ..expected }, "{path}");
        }
    }
    assert!(rewritten > 0, "the corpora hold photos with EXIF");
}
