//! zlib streams (RFC 1950) of DEFLATE (RFC 1951), as PNG compresses text and colour profiles.
//!
//! Own code although there are good libraries: those are made to be fast over megabytes and would be a seventh
//! of the module every browser downloads, for some KiB in one PNG of many. The tests compare it with one.

/// A code has at most this many bits (RFC 1951, 3.2.1).
const MAX_BITS: usize = 15;

/// Lengths 257 to 285 stand for: the first and how many bits choose among those that follow (3.2.5).
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The order in which the lengths of the code-length code are written (3.2.7).
const CODE_LENGTH_ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Inflates a zlib stream, or nothing where it is damaged or would become larger than the cap.
pub(super) fn inflate(compressed: &[u8], cap_bytes: usize) -> Option<Vec<u8>> {
    let [method, flags, data @ ..] = compressed else { return None };
    // DEFLATE with a window of at most 32 KiB, and no dictionary agreed on beforehand.
    let header = u16::from_be_bytes([*method, *flags]);
    if method & 0x0F != 8 || method >> 4 > 7 || flags & 0x20 != 0 || header % 31 != 0 {
        return None;
    }
    let mut stream = Stream { data, bits: 0, count: 0, out: Vec::new(), cap_bytes };
    while !stream.block()? {}
    // Whole bytes that were read ahead belong to the checksum.
    stream.take(stream.count % 8)?;
    let mut checksum = 0;
    for _ in 0..4 {
        checksum = checksum << 8 | stream.take(8)?;
    }
    (checksum == adler32(&stream.out)).then_some(stream.out)
}

struct Stream<'a> {
    data: &'a [u8],
    /// Bits read but not taken, the next one lowest.
    bits: u32,
    count: u32,
    out: Vec<u8>,
    cap_bytes: usize,
}

impl Stream<'_> {
    /// The next bits, at most 16, the first one lowest.
    fn take(&mut self, count: u32) -> Option<u32> {
        while self.count < count {
            let (byte, rest) = self.data.split_first()?;
            self.bits |= u32::from(*byte) << self.count;
            self.count += 8;
            self.data = rest;
        }
        let taken = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.count -= count;
        Some(taken)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        if self.out.len() >= self.cap_bytes {
            return None;
        }
        self.out.push(byte);
        Some(())
    }

    /// Inflates one block; tells whether it was the last.
    fn block(&mut self) -> Option<bool> {
        let last = self.take(1)? == 1;
        match self.take(2)? {
            0 => self.stored()?,
            1 => {
                let mut lengths = [8; 288];
                lengths.get_mut(144..256)?.fill(9);
                lengths.get_mut(256..280)?.fill(7);
                self.coded(&Code::new(&lengths)?, &Code::new(&[5; 30])?)?;
            }
            2 => {
                let (literals, distances) = self.codes()?;
                self.coded(&literals, &distances)?;
            }
            _ => return None,
        }
        Some(last)
    }

    fn stored(&mut self) -> Option<()> {
        self.take(self.count % 8)?;
        let (length, complement) = (self.take(16)?, self.take(16)?);
        if length != complement ^ 0xFFFF {
            return None;
        }
        for _ in 0..length {
            let byte = self.take(8)? as u8;
            self.push(byte)?;
        }
        Some(())
    }

    /// The codes a block brings with it: of literals and lengths, and of distances (3.2.7).
    fn codes(&mut self) -> Option<(Code, Code)> {
        let literals = self.take(5)? as usize + 257;
        let distances = self.take(5)? as usize + 1;
        let mut lengths = [0; 19];
        for place in CODE_LENGTH_ORDER.iter().take(self.take(4)? as usize + 4) {
            *lengths.get_mut(usize::from(*place))? = self.take(3)? as u8;
        }
        let code = Code::new(&lengths)?;
        let mut lengths: Vec<u8> = Vec::with_capacity(literals + distances);
        while lengths.len() < literals + distances {
            let (length, times) = match self.symbol(&code)? {
                16 => (*lengths.last()?, 3 + self.take(2)?),
                17 => (0, 3 + self.take(3)?),
                18 => (0, 11 + self.take(7)?),
                length => (length as u8, 1),
            };
            lengths.resize(lengths.len() + times as usize, length);
        }
        if lengths.len() != literals + distances {
            return None;
        }
        let (literals, distances) = lengths.split_at_checked(literals)?;
        Some((Code::new(literals)?, Code::new(distances)?))
    }

    fn symbol(&mut self, code: &Code) -> Option<u16> {
        // Codes of one length are numbers that follow each other, each first one where the shorter ones end.
        let (mut bits, mut first, mut index) = (0, 0, 0);
        for count in code.counts {
            bits |= self.take(1)?;
            let count = u32::from(count);
            if bits < first + count {
                return code.symbols.get((index + bits - first) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            bits <<= 1;
        }
        None
    }

    /// Literals and repetitions up to the end of the block.
    fn coded(&mut self, literals: &Code, distances: &Code) -> Option<()> {
        loop {
            let symbol = self.symbol(literals)?;
            if let Ok(literal) = u8::try_from(symbol) {
                self.push(literal)?;
                continue;
            }
            if symbol == 256 {
                return Some(());
            }
            let (length, more) = *LENGTHS.get(usize::from(symbol - 257))?;
            let length = u32::from(length) + self.take(more.into())?;
            // Two distances for each number of further bits, but four that have none.
            let symbol = u32::from(self.symbol(distances)?);
            let distance = match symbol {
                0..4 => symbol + 1,
                4..30 => {
                    let more = symbol / 2 - 1;
                    ((2 + symbol % 2) << more) + 1 + self.take(more)?
                }
                _ => return None,
            };
            let start = self.out.len().checked_sub(distance as usize)?;
            for from in (start..).take(length as usize) {
                let byte = *self.out.get(from)?;
                self.push(byte)?;
            }
        }
    }
}

/// A canonical Huffman code (3.2.2).
struct Code {
    /// How many codes there are of each length, from one bit on.
    counts: [u16; MAX_BITS],
    /// The symbols, those with the shortest codes first.
    symbols: Vec<u16>,
}

impl Code {
    /// By the length of each symbol's code, zero for a symbol without one.
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0; MAX_BITS];
        let mut symbols = Vec::with_capacity(lengths.len());
        let mut free = 1_i32;
        for (count, length) in counts.iter_mut().zip(1..) {
            let of_length = (0_u16..).zip(lengths).filter(|(_, other)| **other == length);
            symbols.extend(of_length.map(|(symbol, _)| symbol));
            *count = lengths.iter().filter(|other| **other == length).count() as u16;
            // More codes of a length than there is room for.
            free = free * 2 - i32::from(*count);
            if free < 0 {
                return None;
            }
        }
        Some(Self { counts, symbols })
    }
}

/// The checksum at the end of a zlib stream (RFC 1950, 9).
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut low, mut high) = (1, 0);
    for byte in bytes {
        low = (low + u32::from(*byte)) % MODULUS;
        high = (high + low) % MODULUS;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;
    use proptest::prelude::*;

    use super::inflate;

    const CAP: usize = 1 << 20;

    /// Text, noise and repetitions near and far, so that every kind of block and of distance is there.
    fn contents() -> Vec<Vec<u8>> {
        let mut state = 0x9E37_79B9_u32;
        let mut noise = |length: usize| -> Vec<u8> {
            let next = || {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state as u8
            };
            std::iter::repeat_with(next).take(length).collect()
        };
        let far = noise(33_000);
        vec![
            Vec::new(),
            vec![7],
            vec![0; 300_000],
            b"exif\n     120\n45786966".repeat(500),
            noise(70_000),
            [&far[..], &far[..], &far[..200]].concat(),
            (0..40_000_u32).flat_map(|number| (number * number).to_be_bytes()).collect(),
        ]
    }

    #[test]
    fn what_a_library_deflates_comes_back_at_every_level() {
        for content in contents() {
            for level in 0..=10 {
                let deflated = compress_to_vec_zlib(&content, level);
                assert!(inflate(&deflated, CAP).as_ref() == Some(&content), "{} bytes", content.len());
            }
        }
    }

    #[test]
    fn codes_of_the_standard_come_back() {
        // Short content takes fewer bits without tables of its own.
        let deflated = compress_to_vec_zlib(b"abcabcabcabc", 9);
        assert_eq!(deflated[2] & 0b110, 0b010, "a block of fixed codes");
        assert_eq!(inflate(&deflated, CAP).as_deref(), Some(&b"abcabcabcabc"[..]));
    }

    #[test]
    fn nothing_larger_than_the_cap_is_made() {
        let deflated = compress_to_vec_zlib(&[0; 1001], 9);
        assert_eq!(inflate(&deflated, 1000), None);
        assert_eq!(inflate(&deflated, 1001), Some(vec![0; 1001]));
    }

    #[test]
    fn a_stream_cut_off_or_with_another_checksum_is_none() {
        let whole = compress_to_vec_zlib(&b"a photo of a job".repeat(20), 6);
        for length in 0..whole.len() {
            assert_eq!(inflate(&whole[..length], CAP), None, "{length} of {} bytes", whole.len());
        }
        for place in 0..4 {
            let mut other = whole.clone();
            let place = whole.len() - 1 - place;
            other[place] ^= 1;
            assert_eq!(inflate(&other, CAP), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_inflate_as_a_library_inflates_them(mut bytes: Vec<u8>, level in 0_u8..=10, at: usize, bit in 0_u8..8) {
            let mut deflated = compress_to_vec_zlib(&bytes, level);
            prop_assert_eq!(inflate(&deflated, CAP), Some(bytes.clone()));
            let at = at % deflated.len();
            deflated[at] ^= 1_u8 << bit;
            let ours = inflate(&deflated, CAP);
            let theirs = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&deflated, CAP);
            // What is taken here is what the library takes, too.
            if ours.is_some() {
                prop_assert_eq!(ours, theirs.ok());
            }
            bytes.insert(0, 0x78);
            bytes.insert(1, 0x9C);
            inflate(&bytes, CAP);
        }
    }
}
