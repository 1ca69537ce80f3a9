//! The eight fields that matter most, against exiftool's reading of the same real photos.
#![cfg(feature = "metadata")]

mod corpora;

use std::path::Path;

use serde_json::Value;
use windlass_core::metadata::{MetadataReader, PhotoMetadata, read_metadata};

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

/// The photos of the oracle that carry any of the fields and are there.
fn photos_with_exif(corpora: &Path) -> Vec<(String, Value, Vec<u8>)> {
    let oracle = std::fs::read(corpora.join("exif-oracle.json")).expect("the oracle can be read");
    let oracle: Vec<Value> = serde_json::from_slice(&oracle).expect("the oracle is JSON");
    let mut photos = Vec::new();
    for entry in oracle {
        let path = entry["path"].as_str().expect("each entry has a path").to_owned();
        let has_exif = FIELDS.iter().any(|field| !entry["exif"][*field].is_null());
        if let (true, Ok(bytes)) = (has_exif, std::fs::read(corpora.join(&path))) {
            photos.push((path, entry, bytes));
        }
    }
    photos
}

#[test]
fn eight_fields_equal_exiftools_on_real_photos() {
    let Some(corpora) = corpora::corpora() else { return };
    let photos = photos_with_exif(&corpora);
    let (mut right, mut wrong_values) = (0, 0);
    for (path, entry, bytes) in &photos {
        let metadata = read_metadata(bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (ours, theirs) = (ours(&metadata), theirs(&entry["exif"]));
        let differing: Vec<usize> = (0..FIELDS.len()).filter(|i| !is_same(&ours[*i], &theirs[*i])).collect();
        wrong_values += differing.iter().filter(|index| !ours[**index].is_null()).count();
        right += usize::from(differing.is_empty());
        for index in differing {
            println!("{path}: {} is {}, exiftool says {}", FIELDS[index], ours[index], theirs[index]);
        }
    }
    let share = right as f64 / photos.len() as f64;
    println!("{right} of {} photos right ({:.2} %), {wrong_values} wrong values", photos.len(), share * 100.0);
    assert!(!photos.is_empty(), "the corpora hold photos with EXIF");
    assert_eq!(wrong_values, 0, "a wrong value is worse than none");
    assert!(share >= REQUIRED_SHARE, "{share} of the photos are right, {REQUIRED_SHARE} must be");
}

#[test]
fn pictures_have_the_size_exiftool_says() {
    let Some(corpora) = corpora::corpora() else { return };
    let mut differing = Vec::new();
    for (path, entry, bytes) in photos_with_exif(&corpora) {
        let metadata = read_metadata(&bytes).expect("the oracle test reads it, too");
        let theirs = (entry["width"].as_u64(), entry["height"].as_u64());
        let ours = (metadata.width.map(u64::from), metadata.height.map(u64::from));
        if ours != theirs {
            differing.push(format!("{path}: {ours:?}, exiftool says {theirs:?}"));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn ranged_reads_find_what_the_whole_file_holds() {
    let Some(corpora) = corpora::corpora() else { return };
    for (path, _, bytes) in photos_with_exif(&corpora) {
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
