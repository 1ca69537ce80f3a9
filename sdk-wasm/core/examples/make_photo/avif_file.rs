//! An AVIF: a small house of flat colours, turned by properties of the container (AV1 Image File Format, 2.1).
//!
//! No encoder of AV1 is small enough to be built for a test, so the coded picture is kept here. It was coded once, by
//! Chromium's `VideoEncoder`, of rectangles in the colours and at the places of `scene`: upright, 128 × 96 pixels.

use crate::heic_file::{boxed, turn};

/// Width and height in pixels of the picture as stored.
pub const SIZE: (u32, u32) = (128, 96);

/// The sequence header and the frame, as open bitstream units.
const CODED: &str = "\
    0a0d0000000337fbe00d1010d0184032f7011041400000400000b44d624f7b4e84a3833363ea8c35d778ce97ef1aab84\
    b4e3831a199b0a2b83f8df4b97095e13f7c7fe5501a45e4fbab8f81ebe9965a15a3f40fd63a7b5d9a8f957ad9c2f0bb9\
    c835251ab5fa5ce8591e47499e8d2b3928c803d83c1907bf03fc0813e15fa1ebbcde35a426098cc2b9b88f9e106e1527\
    49e04464d5332e72120beb0ab54fc84ccb0c5df8a71cfeafb14a586c308901bfe418f57614a55b68bc0cab0d0c1285ea\
    77dec5726545d6a8e7719b43deb3c84163ba0c65191d8853eac609552adffebb6e9db3bb1e48dc3ec964b36ce0e5035c\
    1416e4f784c3051f1b36a7f917c18eea143625e85f74c51fc0";

/// How many of them are the sequence header.
const SEQUENCE_HEADER_BYTES: usize = 15;

/// A file whose container turns the house as this EXIF orientation would, and whose EXIF says the same.
pub fn avif(orientation: u8, exif: &[u8]) -> Result<Vec<u8>, String> {
    let digits = CODED.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    let coded: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(pair, 16))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    // Behind the distance to the block, which follows at once.
    let exif = [&[0; 4], exif].concat();
    let file_type = boxed(b"ftyp", b"avif\0\0\0\0avifmif1miaf");
    // The places of the data count from the start of the file: known once the length of what is before is.
    let length = file_type.len() + meta(orientation, &coded, &exif, 0).len() + 8;
    let meta = meta(orientation, &coded, &exif, length as u32);
    Ok([file_type, meta, boxed(b"mdat", &[coded, exif].concat())].concat())
}

fn meta(orientation: u8, coded: &[u8], exif: &[u8], data_at: u32) -> Vec<u8> {
    let full = |kind: &[u8; 4], body: &[u8]| boxed(kind, &[&[0; 4], body].concat());
    let entry =
        |id: u8, kind: &[u8; 4]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], &kind[..], &[0]].concat());
    let place = |id: u8, at: u32, length: usize| {
        [&[0, id, 0, 0, 0, 1][..], &at.to_be_bytes(), &(length as u32).to_be_bytes()].concat()
    };
    let header = coded.get(..SEQUENCE_HEADER_BYTES).unwrap_or_default();
    let mut properties = vec![
        full(b"ispe", &[SIZE.0.to_be_bytes(), SIZE.1.to_be_bytes()].concat()),
        full(b"pixi", &[3, 8, 8, 8]),
        // Main profile, level 2.0, 4:2:0 of eight bits.
        boxed(b"av1C", &[&[0x81, 0, 0x0C, 0], header].concat()),
        // BT.709 primaries and matrix, sRGB transfer, full range.
        boxed(b"colr", b"nclx\0\x01\0\x0D\0\x01\x80"),
    ];
    // Essential: that of the codec, and those that turn.
    let mut associated = vec![1, 2, 0x83, 4];
    for property in turn(orientation) {
        properties.push(property);
        associated.push(0x80 | properties.len() as u8);
    }
    let count = associated.len() as u8;
    let associations = [&[0, 0, 0, 1, 0, 1, count][..], &associated].concat();
    let body = [
        full(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        full(b"pitm", &[0, 1]),
        full(
            b"iloc",
            &[
                &[0x44, 0, 0, 2][..],
                &place(1, data_at, coded.len()),
                &place(2, data_at + coded.len() as u32, exif.len()),
            ]
            .concat(),
        ),
        full(b"iinf", &[&[0, 2][..], &entry(1, b"av01"), &entry(2, b"Exif")].concat()),
        full(b"iref", &boxed(b"cdsc", &[0, 2, 0, 1, 0, 1])),
        boxed(b"iprp", &[boxed(b"ipco", &properties.concat()), full(b"ipma", &associations)].concat()),
    ];
    full(b"meta", &body.concat())
}
