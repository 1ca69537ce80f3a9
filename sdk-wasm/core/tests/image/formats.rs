//! Every format and every kind of pixel that is decoded, down to one pixel and up to odd shapes.

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, Rgba, RgbaImage};
use jpeg_encoder::SamplingFactor;

use crate::made::{JpegForm, decoded, file, jpeg, one, options, pixels, psnr, resize};

#[test]
fn all_lossless_formats_and_pixels_give_the_same_image() {
    let rgb = pixels(301, 203);
    let reference = decoded(&one(&file(rgb.clone(), ImageFormat::Png), 100));
    let opaque: RgbaImage = DynamicImage::from(rgb.clone()).to_rgba8();
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = DynamicImage::from(rgb.clone()).to_rgb16();
    let deep_opaque: ImageBuffer<Rgba<u16>, Vec<u16>> = DynamicImage::from(rgb.clone()).to_rgba16();
    let files = [
        ("PNG RGBA", file(opaque.clone(), ImageFormat::Png)),
        ("PNG RGB 16", file(deep.clone(), ImageFormat::Png)),
        ("PNG RGBA 16", file(deep_opaque, ImageFormat::Png)),
        ("WebP", file(rgb.clone(), ImageFormat::WebP)),
        ("WebP with alpha", file(opaque.clone(), ImageFormat::WebP)),
        ("TIFF", file(rgb, ImageFormat::Tiff)),
        ("TIFF RGBA", file(opaque, ImageFormat::Tiff)),
        ("TIFF RGB 16", file(deep, ImageFormat::Tiff)),
    ];
    for (name, bytes) in files {
        assert_eq!(decoded(&one(&bytes, 100)), reference, "{name}");
    }
}

#[test]
fn grey_stays_grey_in_a_file_of_one_component() {
    let grey: GrayImage = DynamicImage::from(pixels(90, 70)).to_luma8();
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = DynamicImage::from(grey.clone()).to_luma16();
    let alpha: GrayAlphaImage = DynamicImage::from(grey.clone()).to_luma_alpha8();
    let reference = one(&file(grey.clone(), ImageFormat::Png), 45);
    for (name, bytes) in [
        ("16 bit", file(deep, ImageFormat::Png)),
        ("alpha", file(alpha, ImageFormat::Png)),
        ("TIFF", file(grey, ImageFormat::Tiff)),
    ] {
        assert_eq!(one(&bytes, 45).bytes, reference.bytes, "{name}");
    }
    let picture = image::load_from_memory(&reference.bytes).unwrap();
    assert_eq!(picture.color(), image::ColorType::L8);
}

#[test]
fn palettes_are_looked_up() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(&[0, 0, 0, 220, 30, 30, 30, 200, 30, 255, 255, 255][..]);
    let rows: Vec<u8> = (0..64).flat_map(|_| [[0b0101_0101; 8], [0b1010_1010; 8]].concat()).collect();
    encoder.write_header().unwrap().write_image_data(&rows).unwrap();
    let picture = decoded(&one(&bytes, 32));
    let near = |at: (u32, u32), expected: [u8; 3]| {
        let found = picture.get_pixel(at.0, at.1).0;
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 12), "{found:?}, {expected:?}");
    };
    near((4, 16), [220, 30, 30]);
    near((27, 16), [30, 200, 30]);
}

#[test]
fn the_first_frame_of_a_gif_is_taken() {
    let picture = decoded(&one(&file(pixels(120, 80), ImageFormat::Gif), 120));
    let ratio = psnr(&picture, &pixels(120, 80));
    assert!(ratio > 26.0, "256 colours lose a little, not {ratio} dB");
}

#[test]
fn what_is_transparent_comes_out_white() {
    let clear = RgbaImage::from_pixel(40, 30, Rgba([200, 10, 10, 0]));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let picture = decoded(&one(&file(clear.clone(), format), 20));
        assert!(picture.pixels().all(|pixel| pixel.0 == [255, 255, 255]), "{format:?}");
    }
}

#[test]
fn odd_sizes_keep_their_shape_in_every_sampling() {
    let samplings =
        [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2];
    let sizes = [
        ((1, 1), (1, 1)),
        ((3, 7), (3, 7)),
        ((17, 4001), (1, 50)),
        ((4001, 17), (50, 1)),
        ((33, 65), (25, 50)),
    ];
    for sampling in samplings {
        for ((width, height), expected) in sizes {
            for (progressive, restart_interval) in [(false, 0), (false, 3), (true, 0), (true, 5)] {
                let form = JpegForm { sampling, progressive, restart_interval, ..JpegForm::default() };
                let image = one(&jpeg(width, height, 1, &form, None, None), 50);
                assert_eq!((image.width, image.height), expected, "{width} × {height} {sampling:?}");
                decoded(&image);
            }
        }
    }
}

#[test]
fn every_form_of_jpeg_gives_the_colours_that_went_in() {
    let exact = pixels(250, 187);
    let samplings =
        [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2];
    for sampling in samplings {
        for (progressive, optimized) in [(false, false), (true, false), (true, true)] {
            for restart_interval in [0, 1, 6] {
                let form = JpegForm { sampling, progressive, optimized, restart_interval };
                let ratio = psnr(&decoded(&one(&jpeg(250, 187, 1, &form, None, None), 250)), &exact);
                assert!(ratio > 30.0, "{form:?}: {ratio:.1} dB");
            }
        }
    }
}

#[test]
fn colours_in_scans_of_their_own_give_the_same_image() {
    for sampling in [SamplingFactor::F_1_2, SamplingFactor::F_2_2] {
        let made = |optimized| {
            let form = JpegForm { sampling, optimized, ..JpegForm::default() };
            one(&jpeg(250, 187, 1, &form, None, None), 100)
        };
        // jpeg-encoder writes files with tables of their own so.
        assert_eq!(decoded(&made(true)), decoded(&made(false)), "{sampling:?}");
    }
}

#[test]
fn images_come_in_the_order_asked_for() {
    let photo = jpeg(200, 150, 1, &JpegForm::default(), None, None);
    let outcome = resize(&photo, &options(&[20, 160, 80, 160, 400], 0.8)).unwrap();
    let made: Vec<(&str, u32)> = outcome.images.iter().map(|i| (i.name.as_str(), i.width)).collect();
    let expected = [("web_20", 20), ("web_160", 160), ("web_80", 80), ("web_160", 160), ("web_400", 200)];
    assert_eq!(made, expected);
    assert!(outcome.images.iter().all(|image| image.content_type == "image/jpeg"));
}

#[test]
fn lower_quality_gives_fewer_bytes() {
    let photo = jpeg(400, 300, 1, &JpegForm::default(), None, None);
    let bytes = |quality| resize(&photo, &options(&[300], quality)).unwrap().images.remove(0).bytes.len();
    let sizes: Vec<usize> = [0.0, 0.3, 0.6, 0.8, 1.0].map(bytes).to_vec();
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
}
