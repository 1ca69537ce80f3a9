//! The reader's side of the bargain with whoever makes its reads.

use windlass_core::metadata::{MAX_READ_BYTES, MAX_READS, MetadataError, MetadataReader, read_metadata};

use crate::exif_block::phone_photo;
use crate::files::{app1, codes, jpeg, jpeg_with, read_ranged};
use crate::heif_file::{boxed, full};

#[test]
fn an_empty_file_needs_no_read_and_is_an_error() {
    let reader = MetadataReader::new(0);
    assert_eq!(reader.next_read(), None);
    assert_eq!(reader.finish(), Err(MetadataError::Empty));
}

#[test]
fn bytes_from_elsewhere_are_refused() {
    let mut reader = MetadataReader::new(1000);
    assert_eq!(reader.supply(5, &[0; 10]), Err(MetadataError::UnexpectedBytes { expected: 0, supplied: 5 }));
}

#[test]
fn finishing_before_the_last_read_is_an_error() {
    let reader = MetadataReader::new(1000);
    assert_eq!(reader.finish(), Err(MetadataError::Unfinished { expected: 0 }));
}

#[test]
fn fewer_bytes_than_asked_for_end_the_file() {
    let file = jpeg_with(&phone_photo().bytes());
    let mut reader = MetadataReader::new(1 << 20);
    reader.supply(0, &file).expect("the range asked for");
    assert_eq!(reader.finish(), read_metadata(&file));
    let mut nothing = MetadataReader::new(1 << 20);
    nothing.supply(0, &[]).expect("the range asked for");
    assert_eq!(nothing.finish(), Err(MetadataError::Empty));
}

#[test]
fn a_file_that_scatters_its_metadata_is_read_up_to_the_caps() {
    // Each segment's header is out of reach of the read before.
    let mut segments = vec![(0xE2, vec![0; 65_000]); 200];
    segments.push(app1(&phone_photo().bytes()));
    let (metadata, reads, read_bytes) = read_ranged(&jpeg(&segments, 64, 48));
    assert_eq!((metadata.make.as_deref(), codes(&metadata)), (None, vec!["read_limit"]));
    assert_eq!(reads, MAX_READS as usize);
    assert!(read_bytes as u64 <= MAX_READ_BYTES);
}

#[test]
fn one_read_larger_than_the_cap_is_not_made() {
    let exif_item = full(b"infe", 2, b"\0\x02\0\0Exif\0");
    let infos = full(b"iinf", 0, &[b"\0\x01", &exif_item[..]].concat());
    let locations = full(b"iloc", 1, &vec![0; MAX_READ_BYTES as usize + 1]);
    let meta = full(b"meta", 0, &[infos, locations].concat());
    let file = [boxed(b"ftyp", b"heic\0\0\0\0heic"), meta].concat();
    let (metadata, reads, _) = read_ranged(&file);
    assert_eq!((codes(&metadata), reads), (vec!["read_limit"], 1));
}
