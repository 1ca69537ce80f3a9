//! What is cut off or damaged is refused, never re-encoded.

use image::{DynamicImage, ImageFormat};
use jpeg_encoder::SamplingFactor;

use crate::beside;
use crate::made::{JpegForm, file, jpeg, jpeg_of, options, phone_photo, pixels, resize};

const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

fn code(bytes: &[u8]) -> &'static str {
    resize(bytes, &options(&[64], 0.8)).map_or_else(|error| error.code(), |_| "made")
}

/// The forms a JPEG takes.
fn jpegs() -> Vec<Vec<u8>> {
    let mut files = vec![phone_photo(320, 240, 6)];
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2] {
        for (progressive, restart_interval) in [(false, 0), (false, 7), (true, 0), (true, 7)] {
            let form = JpegForm { sampling, progressive, restart_interval, ..JpegForm::default() };
            files.push(jpeg(160, 120, 1, &form, None, None));
        }
    }
    files
}

/// Where the entropy-coded data of the first scan begins. The thumbnail in the EXIF segment has its own.
fn data_start(jpeg: &[u8]) -> usize {
    let mut at = 2;
    loop {
        let next = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] == 0xDA {
            return next;
        }
        at = next;
    }
}

#[test]
fn a_jpeg_cut_anywhere_is_incomplete() {
    for photo in jpegs() {
        assert_eq!(code(&photo), "made");
        for share in 1..=60 {
            let cut = (photo.len() - 1) * share / 60;
            assert_eq!(code(&photo[..cut.max(3)]), "incomplete", "{cut} of {} bytes", photo.len());
        }
    }
}

#[test]
fn an_end_marker_after_a_cut_does_not_hide_it() {
    for photo in jpegs() {
        let start = data_start(&photo) + 40;
        for share in 0..40 {
            let cut = start + (photo.len() - 60 - start) * share / 40;
            let closed = [&photo[..cut], &END_OF_IMAGE].concat();
            assert_ne!(code(&closed), "made", "{cut} of {} bytes", photo.len());
        }
    }
}

#[test]
fn a_hole_in_the_data_is_found() {
    for photo in jpegs() {
        let start = data_start(&photo) + 100;
        for share in 0..20 {
            let at = start + (photo.len() - 700 - start) * share / 20;
            let missing = [&photo[..at], &photo[at + 512..]].concat();
            let zeroed = [&photo[..at], &[0; 512], &photo[at + 512..]].concat();
            let repeated = [&photo[..at + 512], &photo[at..]].concat();
            for (name, damaged) in [("missing", missing), ("zeroed", zeroed), ("repeated", repeated)] {
                assert_ne!(code(&damaged), "made", "512 bytes {name} at {at} of {}", photo.len());
            }
        }
    }
}

#[test]
fn a_picture_of_one_colour_is_not_taken_for_a_hole() {
    for level in [0, 90, 255] {
        for (progressive, optimized) in [(false, false), (true, false), (false, true), (true, true)] {
            for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
                if optimized && !progressive && sampling != SamplingFactor::F_1_1 {
                    continue; // Left as it is: one scan per colour.
                }
                let form = JpegForm { sampling, progressive, optimized, ..JpegForm::default() };
                assert_eq!(code(&jpeg_of(&[level; 800 * 600 * 3], 800, 600, &form)), "made", "{form:?}");
            }
        }
    }
}

#[test]
fn what_follows_the_picture_does_not_count() {
    let photo = phone_photo(160, 120, 1);
    let with_video = [&photo[..], b"\0\0\0\x18ftypmp42 a motion photo's video, cut sho"].concat();
    assert_eq!(code(&with_video), "made");
}

#[test]
fn other_formats_cut_anywhere_are_refused() {
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Tiff] {
        let whole = file(pixels(80, 60), format);
        assert_eq!(code(&whole), "made", "{format:?}");
        for share in 0..80 {
            let cut = (whole.len() * share / 80).max(16);
            assert_ne!(code(&whole[..cut]), "made", "{format:?}, {cut} of {} bytes", whole.len());
        }
        assert_eq!(code(&whole[..whole.len() * 6 / 10]), "incomplete", "{format:?}");
    }
}

#[test]
fn a_png_with_a_changed_byte_is_corrupt() {
    let whole = file(DynamicImage::from(pixels(80, 60)), ImageFormat::Png);
    for at in (60..whole.len() - 16).step_by(whole.len() / 50) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        assert_ne!(code(&damaged), "made", "byte {at}");
    }
}

/// Where the first picture of a JPEG file ends, by its markers alone.
fn picture_end(jpeg: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match jpeg.get(at..at + 2)? {
            [0xFF, 0xD9] => return Some(at + 2),
            [0xFF, 0x00 | 0x01 | 0xD0..=0xD7] => at += 2,
            [0xFF, 0xFF] => at += 1,
            [0xFF, _] => at += 2 + usize::from(u16::from_be_bytes([*jpeg.get(at + 2)?, *jpeg.get(at + 3)?])),
            _ => at += 1,
        }
    }
}

#[test]
fn every_real_jpeg_cut_within_its_picture_is_refused() {
    let photos = beside::files("photos").into_iter().chain(beside::files("corpora"));
    let mut cuts = 0;
    for (path, photo) in photos.filter(|(_, bytes)| bytes.starts_with(&[0xFF, 0xD8, 0xFF])) {
        let whole = code(&photo);
        for percent in [30, 60, 90] {
            let cut = &photo[..photo.len() * percent / 100];
            // Videos, previews and padding follow some pictures: cut within those, the picture is whole.
            if picture_end(cut).is_some() {
                continue;
            }
            cuts += 1;
            let found = code(cut);
            assert_ne!(found, "made", "{} at {percent} %", path.display());
            if whole == "made" {
                assert_eq!(found, "incomplete", "{} at {percent} %", path.display());
            }
        }
    }
    eprintln!("{cuts} cuts refused");
}
