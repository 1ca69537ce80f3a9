//! Files that are cut off or damaged: always an error or a picture, never a panic, never grey below a
//! line, never more memory than the plan says.

use windlass_planar::{DecodeError, Header, Planes, Scale};

use crate::memory::peak_bytes;
use crate::pictures::{Coding, Random, jpeg};

/// What decoding may hold besides planes and coefficients: the tables.
const TABLES_BYTES: u64 = 256 * 1024;

fn decode(bytes: &[u8], scale: Scale) -> Result<Planes, DecodeError> {
    let header = Header::parse(bytes)?;
    let limit = header.memory_bytes(&[scale; 3]) + TABLES_BYTES;
    let (decoded, held) = peak_bytes(|| header.decode(&[scale]));
    assert!(held <= limit, "{held} bytes held, {limit} planned");
    if let Ok(picture) = &decoded {
        for plane in &picture.planes {
            assert!(plane.samples.len() >= plane.stride * plane.height && plane.stride >= plane.width);
        }
    }
    decoded
}

fn codings() -> Vec<Coding> {
    let mut codings = vec![Coding::default(), Coding { grey: true, ..Coding::default() }];
    codings.push(Coding { restart_interval: 5, ..Coding::default() });
    codings.push(Coding { sampling: jpeg_encoder::SamplingFactor::F_2_1, ..Coding::default() });
    codings.push(Coding { optimised: true, quality: 30, ..Coding::default() });
    codings
}

#[test]
fn a_truncated_file_is_incomplete_wherever_it_ends() {
    for coding in codings() {
        let file = jpeg(120, 90, coding);
        let header = Header::parse(&file).unwrap();
        assert!(header.decode(&[Scale::Half]).is_ok());
        // Without the end-of-image marker and the last byte of data, something is missing.
        for length in (0..file.len() - 3).step_by(7).chain([1, 2, 3, file.len() - 3]) {
            match decode(&file[..length], Scale::Half) {
                Err(DecodeError::Incomplete { read_mcus, total_mcus }) => {
                    assert!(read_mcus < total_mcus || total_mcus == 0, "{coding:?} at {length}");
                }
                Err(DecodeError::Corrupt(_)) if length < 2 => {}
                other => panic!("{coding:?} at {length}: {:?}", other.map(|picture| picture.width)),
            }
        }
    }
}

#[test]
fn the_parts_read_are_told_exactly() {
    let file = jpeg(64, 64, Coding { restart_interval: 4, ..Coding::default() });
    let second_restart = file.windows(2).position(|pair| pair == [0xFF, 0xD1]).unwrap();
    let cut = decode(&file[..second_restart], Scale::Full);
    assert_eq!(cut.unwrap_err(), DecodeError::Incomplete { read_mcus: 8, total_mcus: 16 });
}

#[test]
fn lost_and_repeated_restart_markers_are_noticed() {
    let file = jpeg(64, 64, Coding { restart_interval: 1, ..Coding::default() });
    let first = file.windows(2).position(|pair| pair == [0xFF, 0xD0]).unwrap();
    let second = file.windows(2).position(|pair| pair == [0xFF, 0xD1]).unwrap();
    let mut without = file.clone();
    without.drain(first..second);
    let mut twice = file.clone();
    twice.splice(first..first, file[first..second].iter().copied());
    for damaged in [without, twice] {
        assert!(matches!(decode(&damaged, Scale::Full), Err(DecodeError::Corrupt(_))));
    }
}

#[test]
fn an_area_never_written_to_disk_is_noticed() {
    let file = jpeg(160, 120, Coding::default());
    for start in (file.len() / 2..file.len() - 80).step_by(23) {
        let mut zeroed = file.clone();
        zeroed[start..start + 64].fill(0);
        assert!(decode(&zeroed, Scale::Half).is_err(), "from {start}");
    }
}

#[test]
fn a_few_bytes_cannot_claim_a_huge_picture() {
    let mut file = jpeg(16, 16, Coding::default());
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 9].fill(0xFF);
    let header = Header::parse(&file).unwrap();
    assert_eq!((header.width(), header.height()), (65_535, 65_535));
    let (decoded, held) = peak_bytes(|| header.decode(&[Scale::Full]));
    assert!(matches!(decoded, Err(DecodeError::Incomplete { read_mcus: 0, .. })));
    assert!(held < TABLES_BYTES, "{held}");
}

#[test]
fn mutated_files_never_panic_nor_take_more_than_planned() {
    let mut random = Random::new(2026);
    let files: Vec<Vec<u8>> = codings().into_iter().map(|coding| jpeg(72, 56, coding)).collect();
    let mut decoded = 0;
    for round in 0..6_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=random.below(4) {
            let place = random.below(file.len());
            match random.below(4) {
                0 => file[place] = random.next() as u8,
                1 => file[place] ^= 1 << random.below(8),
                2 => drop(file.drain(place..(place + random.below(9)).min(file.len()))),
                _ => file.insert(place, [0x00, 0xFF, 0xD0, 0x7F][random.below(4)]),
            }
            if file.is_empty() {
                break;
            }
        }
        // Dimensions are bytes too: keep what is asked for within what a test may take.
        let planned = Header::parse(&file).map_or(0, |header| header.memory_bytes(&[Scale::Full]));
        if planned < 64 << 20 {
            decoded += usize::from(decode(&file, Scale::ALL[round % 4]).is_ok());
        }
    }
    assert!(decoded > 500, "{decoded}");
}
