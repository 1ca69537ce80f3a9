//! Our files in others' hands.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use windlass_planar::{EncodeError, EncodeOptions, Header, Plane, Planes, Sampling, Scale, encode};

use crate::pictures::{planes, rgb};
use crate::reference::{Distance, between, to_channel, to_rgb, zune};

const SIZES: [(usize, usize); 7] = [(1, 1), (8, 8), (9, 7), (16, 16), (17, 31), (100, 75), (257, 130)];

fn encoded(picture: &Planes, quality: u8) -> Vec<u8> {
    encode(picture, &EncodeOptions { quality, segments: &[] }).unwrap()
}

#[test]
fn zune_reads_back_what_was_encoded() {
    for (width, height) in SIZES {
        for sampling in [None, Some(Sampling::Full), Some(Sampling::Half)] {
            let picture = planes(width, height, sampling);
            let reference = zune(&encoded(&picture, 95)).unwrap();
            assert_eq!((reference.width, reference.height), (width, height));
            for (index, plane) in picture.planes.iter().enumerate() {
                let psnr = to_channel(plane, &reference, index).psnr();
                assert!(psnr > 38.0, "{sampling:?} {width} × {height}, plane {index}: {psnr} dB");
            }
        }
    }
}

#[test]
fn our_own_decoder_reads_back_what_was_encoded() {
    for (width, height) in SIZES {
        for sampling in [None, Some(Sampling::Full), Some(Sampling::Half)] {
            for quality in [1, 30, 80, 100] {
                let picture = planes(width, height, sampling);
                let file = encoded(&picture, quality);
                let decoded = Header::parse(&file).and_then(|header| header.decode(&[Scale::Full])).unwrap();
                // A block or two can be all edge.
                let bound = match quality {
                    100 => 47.0,
                    _ if width < 100 => 8.0,
                    80 => 33.0,
                    30 => 28.0,
                    _ => 18.0,
                };
                for (plane, decoded) in picture.planes.iter().zip(&decoded.planes) {
                    let psnr = between(plane, decoded).psnr();
                    assert!(psnr > bound, "{sampling:?} {width} × {height} at {quality}: {psnr} dB");
                }
            }
        }
    }
}

/// The same pixels by jpeg-encoder, which quantises by the standard's tables and makes its own Huffman
/// tables too: the same quality at the same size.
#[test]
fn quality_and_size_are_those_of_jpeg_encoder() {
    let (width, height) = (480, 360);
    let pixels = rgb(width, height, 5);
    for quality in [50, 80, 92] {
        let mut theirs = Vec::new();
        let mut encoder = Encoder::new(&mut theirs, quality);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(&pixels, width as u16, height as u16, ColorType::Rgb).unwrap();
        let ours = encoded(&ycbcr(&pixels, width, height), quality);
        let ratio = ours.len() as f64 / theirs.len() as f64;
        assert!((0.97..1.03).contains(&ratio), "{} bytes, {} by jpeg-encoder", ours.len(), theirs.len());
        let psnr = |file: &[u8]| {
            let decoded = Header::parse(file).and_then(|header| header.decode(&[Scale::Full])).unwrap();
            let mut distance = Distance::default();
            for (a, b) in to_rgb(&decoded).iter().zip(&pixels) {
                distance.add(*a, *b);
            }
            distance.psnr()
        };
        let (ours, theirs) = (psnr(&ours), psnr(&theirs));
        assert!(ours > theirs - 0.1, "{ours} dB, {theirs} dB by jpeg-encoder");
    }
}

fn ycbcr(pixels: &[u8], width: usize, height: usize) -> Planes {
    let weights = [
        (0.0, [0.299, 0.587, 0.114]),
        (128.0, [-0.168_736, -0.331_264, 0.5]),
        (128.0, [0.5, -0.418_688, -0.081_312]),
    ];
    let planes = weights.map(|(offset, weights)| {
        let mut plane = Plane::new(width, height).unwrap();
        for (row, pixels) in plane.samples.chunks_exact_mut(plane.stride).zip(pixels.chunks_exact(3 * width))
        {
            for (sample, pixel) in row.iter_mut().zip(pixels.chunks_exact(3)) {
                let sum: f64 =
                    pixel.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum();
                *sample = (offset + sum).round().clamp(0.0, 255.0) as u8;
            }
        }
        plane
    });
    Planes { width: width as u32, height: height as u32, planes: planes.into() }
}

#[test]
fn the_hardest_contrasts_stay_within_the_codes() {
    let mut picture = planes(64, 64, Some(Sampling::Full));
    for plane in &mut picture.planes {
        for (index, sample) in plane.samples.iter_mut().enumerate() {
            let (x, y) = (index % 64, index / 64);
            let wave = |place: usize, k: usize| ((2 * place + 1) * k) as f64 * std::f64::consts::PI / 16.0;
            *sample = if wave(x, x / 8).cos() * wave(y, y / 8).cos() >= 0.0 { 255 } else { 0 };
        }
    }
    let file = encoded(&picture, 100);
    let reference = zune(&file).unwrap();
    for (index, plane) in picture.planes.iter().enumerate() {
        assert!(to_channel(plane, &reference, index).psnr() > 45.0);
    }
}

/// Its tables have one symbol each, and its scan is nothing but zeros: not to be taken for damage.
#[test]
fn a_large_picture_of_one_colour_is_read_back() {
    let mut picture = planes(2000, 1500, Some(Sampling::Half));
    for plane in &mut picture.planes {
        plane.samples.fill(128);
    }
    let file = encoded(&picture, 80);
    let decoded = Header::parse(&file).and_then(|header| header.decode(&[Scale::Full])).unwrap();
    for (index, plane) in picture.planes.iter().enumerate() {
        assert_eq!(between(plane, &decoded.planes[index]).largest, 0);
        assert_eq!(to_channel(plane, &zune(&file).unwrap(), index).largest, 0);
    }
}

#[test]
fn segments_are_written_as_given() {
    let picture = planes(20, 20, Some(Sampling::Half));
    let segments: [(u8, &[u8]); 2] = [(1, b"Exif\0\0II*\0"), (2, b"ICC_PROFILE\0\x01\x01abc")];
    let file = encode(&picture, &EncodeOptions { quality: 80, segments: &segments }).unwrap();
    let exif = b"\xFF\xE1\x00\x0CExif\0\0II*\0\xFF\xE2\x00\x13ICC_PROFILE\0\x01\x01abc\xFF\xDB";
    assert!(file.windows(exif.len()).any(|window| window == exif));
    assert!(Header::parse(&file).and_then(|header| header.decode(&[Scale::Full])).is_ok());
}

#[test]
fn what_does_not_fit_a_jpeg_is_refused() {
    let refused = |picture: &Planes, segment: &[u8]| {
        encode(picture, &EncodeOptions { quality: 80, segments: &[(1, segment)] }).unwrap_err()
    };
    let picture = planes(20, 20, Some(Sampling::Half));
    assert_eq!(refused(&picture, &[0; 65_534]), EncodeError::SegmentTooLong { size_bytes: 65_534 });
    let wide = Planes { width: 70_000, height: 1, planes: vec![Plane::new(70_000, 1).unwrap()] };
    assert_eq!(refused(&wide, &[]), EncodeError::Dimensions { width: 70_000, height: 1 });
    let mut odd = planes(20, 20, Some(Sampling::Half));
    odd.planes[2] = Plane::new(20, 10).unwrap();
    assert_eq!(refused(&odd, &[]), EncodeError::Planes);
    odd.planes.truncate(2);
    assert_eq!(refused(&odd, &[]), EncodeError::Planes);
}
