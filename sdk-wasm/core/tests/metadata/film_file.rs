//! Writes films as phones do, without pictures or sound in them (ISO/IEC 14496-12; QuickTime File Format).

use crate::heif_file::{boxed, full};

/// The unit matrix of a track, in its 16.16 numbers: a, b, c, d.
pub const UPRIGHT: [i32; 4] = [1, 0, 0, 1];

/// A moment in seconds since 1904.
pub fn since_1904(unix_seconds: u64) -> u64 {
    unix_seconds + 2_082_844_800
}

pub struct FilmFile {
    pub brand: &'static [u8; 4],
    /// Seconds since 1904, 0 for unknown; in 64 bits where they do not fit into 32.
    pub created: u64,
    /// Kind of handler, size in pixels, matrix.
    pub tracks: Vec<(&'static [u8; 4], u16, u16, [i32; 4])>,
    /// Boxes of the user data.
    pub user_data: Vec<Vec<u8>>,
    /// Metadata items of QuickTime, by their keys.
    pub keys: Vec<(&'static str, &'static str)>,
    /// How long the samples are; they stand before all that is read.
    pub samples_bytes: usize,
}

impl Default for FilmFile {
    fn default() -> Self {
        Self {
            brand: b"mp42",
            created: since_1904(1_532_529_263),
            tracks: vec![(b"soun", 0, 0, UPRIGHT), (b"vide", 1920, 1080, UPRIGHT)],
            user_data: Vec::new(),
            keys: Vec::new(),
            samples_bytes: 100,
        }
    }
}

/// A text of QuickTime's user data, in English.
pub fn user_text(kind: &[u8; 4], text: &str) -> Vec<u8> {
    boxed(kind, &[&(text.len() as u16).to_be_bytes()[..], &[0x15, 0xC7], text.as_bytes()].concat())
}

/// A QuickTime metadata atom: keys, then what stands under them.
pub fn metadata_items(is_full: bool, keys: &[(&str, &str)]) -> Vec<u8> {
    let handler = full(b"hdlr", 0, b"\0\0\0\0mdta\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let mut names = (keys.len() as u32).to_be_bytes().to_vec();
    let mut items = Vec::new();
    for (index, (name, text)) in keys.iter().enumerate() {
        names.extend((name.len() as u32 + 8).to_be_bytes());
        names.extend([b"mdta", name.as_bytes()].concat());
        // UTF-8, of no country.
        let data = boxed(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], text.as_bytes()].concat());
        items.extend(boxed(&(index as u32 + 1).to_be_bytes(), &data));
    }
    let body = [handler, full(b"keys", 0, &names), boxed(b"ilst", &items)].concat();
    if is_full { full(b"meta", 0, &body) } else { boxed(b"meta", &body) }
}

fn movie_header(created: u64) -> Vec<u8> {
    let rest = [0; 80];
    match u32::try_from(created) {
        Ok(created) => {
            full(b"mvhd", 0, &[&created.to_be_bytes()[..], &[0, 0, 0, 0], &[0; 8], &rest].concat())
        }
        Err(_) => full(b"mvhd", 1, &[&created.to_be_bytes()[..], &[0; 8], &[0; 12], &rest].concat()),
    }
}

fn track(handler: &[u8; 4], width: u16, height: u16, [a, b, c, d]: [i32; 4]) -> Vec<u8> {
    let fixed = |whole: i32| whole << 16;
    let matrix = [fixed(a), fixed(b), 0, fixed(c), fixed(d), 0, 0, 0, 1 << 30];
    // Times, id, length; then layer, group, volume.
    let mut header = vec![0; 20 + 16];
    header.extend(matrix.iter().flat_map(|cell| cell.to_be_bytes()));
    header.extend([width.to_be_bytes(), [0; 2], height.to_be_bytes(), [0; 2]].concat());
    let media = [
        full(b"mdhd", 0, &[0; 20]),
        full(b"hdlr", 0, &[&[0; 4][..], handler, &[0; 13]].concat()),
        boxed(b"minf", &[0; 200]),
    ];
    boxed(b"trak", &[full(b"tkhd", 0, &header), boxed(b"mdia", &media.concat())].concat())
}

impl FilmFile {
    pub fn bytes(&self) -> Vec<u8> {
        let mut movie = movie_header(self.created);
        for (handler, width, height, matrix) in &self.tracks {
            movie.extend(track(handler, *width, *height, *matrix));
        }
        if !self.user_data.is_empty() {
            movie.extend(boxed(b"udta", &self.user_data.concat()));
        }
        if !self.keys.is_empty() {
            movie.extend(metadata_items(false, &self.keys));
        }
        let ftyp = boxed(b"ftyp", &[*self.brand, [0; 4], *b"isom", *self.brand].concat());
        [ftyp, boxed(b"mdat", &vec![0xAA; self.samples_bytes]), boxed(b"moov", &movie)].concat()
    }
}
