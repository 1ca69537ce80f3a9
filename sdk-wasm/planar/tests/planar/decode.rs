//! Decoding generated files, in full against zune-jpeg and scaled against the full picture made smaller.

use jpeg_encoder::SamplingFactor;
use windlass_planar::{
    DecodeError, EncodeOptions, Header, Plane, Planes, Sampling, Scale, Target, Turn, encode, resample,
};

use crate::pictures::{Coding, jpeg, planes};
use crate::reference::{between, to_channel, zune};

const SAMPLINGS: [SamplingFactor; 8] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
    SamplingFactor::F_4_2,
    SamplingFactor::F_1_4,
    SamplingFactor::F_2_4,
];

/// Luma is the same to one step of 255, and on the whole to 55 dB. Chroma is compared after
/// interpolation, which rounds differently.
fn assert_as_zune(file: &[u8], what: &str) {
    let decoded = Header::parse(file).and_then(|header| header.decode(&[Scale::Full])).unwrap();
    let reference = zune(file).unwrap();
    assert_eq!((decoded.width as usize, decoded.height as usize), (reference.width, reference.height));
    for (index, plane) in decoded.planes.iter().enumerate() {
        let distance = to_channel(plane, &reference, index);
        let limit = if index == 0 { (1, 55.0) } else { (4, 48.0) };
        assert!(distance.largest <= limit.0, "{what}, plane {index}: {distance:?}");
        assert!(distance.psnr() >= limit.1, "{what}, plane {index}: {} dB", distance.psnr());
    }
}

#[test]
fn every_sampling_and_odd_size_decodes_as_zune_does() {
    for sampling in
        [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2]
    {
        for (width, height) in [(1, 1), (7, 9), (16, 16), (17, 33), (63, 40), (129, 95)] {
            let file = jpeg(width, height, Coding { sampling, ..Coding::default() });
            assert_as_zune(&file, &format!("{sampling:?} {width} × {height}"));
        }
    }
}

/// zune-jpeg 0.5 gets three of these wrong, so they are held against each other: luma is coded alike in
/// all of them.
#[test]
fn luma_is_the_same_whatever_the_sampling_of_chroma() {
    let decoded = |sampling| {
        let file = jpeg(101, 77, Coding { sampling, ..Coding::default() });
        Header::parse(&file).and_then(|header| header.decode(&[Scale::Full])).unwrap()
    };
    let full = decoded(SamplingFactor::F_1_1);
    for sampling in SAMPLINGS {
        let picture = decoded(sampling);
        assert_eq!(between(&picture.planes[0], &full.planes[0]).largest, 0, "{sampling:?}");
        for (index, plane) in picture.planes.iter().enumerate().skip(1) {
            // The same scene at another fineness: averages are about the same.
            let mean = |plane: &Plane| {
                let rows = (0..plane.height).flat_map(|y| plane.row(y));
                rows.map(|sample| f64::from(*sample)).sum::<f64>() / (plane.width * plane.height) as f64
            };
            let difference = mean(plane) - mean(&full.planes[index]);
            assert!(difference.abs() < 1.5, "{sampling:?}, plane {index}: {difference}");
        }
    }
}

#[test]
fn grey_restarts_and_any_quality_decode_as_zune_does() {
    for quality in [1, 25, 60, 95, 100] {
        for restart_interval in [0, 1, 3, 17] {
            for grey in [false, true] {
                let coding = Coding { quality, restart_interval, grey, ..Coding::default() };
                assert_as_zune(&jpeg(90, 67, coding), &format!("{coding:?}"));
            }
        }
    }
}

#[test]
fn tables_made_for_a_picture_decode_to_the_same_picture() {
    for quality in [1, 25, 60, 95, 100] {
        let decoded = |optimised| {
            let file = jpeg(90, 67, Coding { quality, optimised, ..Coding::default() });
            Header::parse(&file).and_then(|header| header.decode(&[Scale::Full])).unwrap()
        };
        for (optimised, standard) in decoded(true).planes.iter().zip(&decoded(false).planes) {
            assert_eq!(between(optimised, standard).largest, 0, "quality {quality}");
        }
    }
}

#[test]
fn the_scale_chosen_never_goes_below_what_is_wanted() {
    for (width, height) in [(640, 480), (641, 479), (97, 1301)] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2, SamplingFactor::F_2_1] {
            let file = jpeg(width, height, Coding { sampling, ..Coding::default() });
            let header = Header::parse(&file).unwrap();
            for percent in [3, 12, 13, 24, 25, 26, 49, 50, 51, 99, 100] {
                let wanted = |side: usize| (side * percent / 100).max(1);
                let (to_width, to_height) = (wanted(width), wanted(height));
                for chroma in [Sampling::Half, Sampling::Full] {
                    let scales = header.scales_for(to_width as u32, to_height as u32, chroma);
                    let decoded = header.decode(&scales).unwrap();
                    let luma = &decoded.planes[0];
                    assert!(luma.width >= to_width && luma.height >= to_height, "{percent} %");
                    // Half the samples would have been too few, or there is no smaller scale.
                    assert!(
                        luma.width.div_ceil(2) <= to_width
                            || luma.height.div_ceil(2) <= to_height
                            || scales[0] == Scale::Eighth
                    );
                    let held: usize = decoded.size_bytes();
                    assert!(held as u64 <= header.memory_bytes(&scales));
                }
            }
        }
    }
}

#[test]
fn a_scaled_picture_is_the_full_one_made_smaller() {
    for (width, height) in [(640, 480), (333, 251)] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
            let file = jpeg(width, height, Coding { sampling, quality: 92, ..Coding::default() });
            let header = Header::parse(&file).unwrap();
            let full = header.decode(&[Scale::Full]).unwrap();
            for (scale, bound) in [(Scale::Half, 38.0), (Scale::Quarter, 34.0), (Scale::Eighth, 30.0)] {
                let scaled = header.decode(&[scale]).unwrap();
                for (scaled, full) in scaled.planes.iter().zip(&full.planes) {
                    let mut whole = scaled.clone();
                    whole.extent = (whole.width as f64, whole.height as f64);
                    let target = Target {
                        width: scaled.width as u32,
                        height: scaled.height as u32,
                        sampling: Sampling::Full,
                    };
                    // Compared where both cover the same area: without the fraction at the edge.
                    let mut full = full.clone();
                    let ratio = 8.0 / scale.block_edge() as f64;
                    full.extent = (scaled.width as f64 * ratio, scaled.height as f64 * ratio);
                    let alone = Planes { width: target.width, height: target.height, planes: vec![full] };
                    let smaller = resample(&alone, target, Turn::default()).unwrap();
                    let psnr = between(&smaller.planes[0], &whole).psnr();
                    assert!(psnr > bound, "{sampling:?} {scale:?}: {psnr} dB");
                }
            }
        }
    }
}

#[test]
fn flat_pictures_stay_flat_at_every_scale() {
    for level in [0, 1, 100, 128, 254, 255] {
        let mut picture = planes(50, 34, Some(Sampling::Half));
        for plane in &mut picture.planes {
            plane.samples.fill(level);
        }
        let file = encode(&picture, &EncodeOptions { quality: 100, segments: &[] }).unwrap();
        let header = Header::parse(&file).unwrap();
        for scale in Scale::ALL {
            for plane in header.decode(&[scale]).unwrap().planes {
                for y in 0..plane.height {
                    assert!(plane.row(y).iter().all(|sample| *sample == level), "{level} {scale:?}");
                }
            }
        }
    }
}

#[test]
fn what_needs_another_decoder_is_refused_by_name() {
    let refused = |file: &[u8]| match Header::parse(file) {
        Err(DecodeError::NotHandled(why)) => why,
        other => panic!("{other:?}"),
    };
    let progressive = jpeg(40, 30, Coding { progressive: true, ..Coding::default() });
    assert_eq!(refused(&progressive), "it is not coded sequentially with Huffman codes");
    let mut file = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut file, 80);
    encoder.encode(&[9; 4 * 64], 8, 8, jpeg_encoder::ColorType::Cmyk).unwrap();
    assert_eq!(refused(&file), "it has neither one nor three components");
    // Adobe's mark for RGB, which jpeg-encoder does not write.
    let mut rgb = jpeg(40, 30, Coding { sampling: SamplingFactor::F_1_1, ..Coding::default() });
    let adobe = b"\xFF\xEE\x00\x0EAdobe\0\x64\0\0\0\0\0";
    rgb.splice(2..20, adobe.iter().copied());
    assert_eq!(refused(&rgb), "the colours are not grey or YCbCr");
}
