//! The marker segments of a JPEG file, one after another (T.81, B.1.1).

/// Why there is no next segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentError {
    /// The file ends before the end-of-image marker.
    Ends,
    /// A segment claims to be shorter than its own length field.
    Length,
}

/// Marker codes (T.81, table B.1), the byte after `0xFF`.
pub mod marker {
    /// Baseline frame.
    pub const SOF0: u8 = 0xC0;
    /// Extended sequential frame, Huffman.
    pub const SOF1: u8 = 0xC1;
    /// Progressive frame, Huffman.
    pub const SOF2: u8 = 0xC2;
    /// The last of the frame headers.
    pub const SOF15: u8 = 0xCF;
    /// Reserved, amid the frame headers.
    pub const JPG: u8 = 0xC8;
    /// Arithmetic coding conditioning, amid the frame headers.
    pub const DAC: u8 = 0xCC;
    /// Huffman tables.
    pub const DHT: u8 = 0xC4;
    /// First restart marker.
    pub const RST0: u8 = 0xD0;
    /// Last restart marker.
    pub const RST7: u8 = 0xD7;
    /// Start of image.
    pub const SOI: u8 = 0xD8;
    /// End of image.
    pub const EOI: u8 = 0xD9;
    /// Start of scan.
    pub const SOS: u8 = 0xDA;
    /// Quantisation tables.
    pub const DQT: u8 = 0xDB;
    /// Number of lines, for a frame that did not say its height.
    pub const DNL: u8 = 0xDC;
    /// Restart interval.
    pub const DRI: u8 = 0xDD;
    /// JFIF.
    pub const APP0: u8 = 0xE0;
    /// Adobe's colour transform.
    pub const APP14: u8 = 0xEE;
    /// For temporary private use in arithmetic coding, without a payload.
    pub const TEM: u8 = 0x01;
}

/// One marker and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Its code, the byte after `0xFF`.
    pub marker: u8,
    /// Without the length field; empty for markers that have none.
    pub payload: &'a [u8],
}

/// Steps from segment to segment. Entropy-coded data after `SOS` is the caller's to pass over.
#[derive(Debug, Clone)]
pub struct Segments<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Segments<'a> {
    /// From the start of a file.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// What follows the last segment given out.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// Passes over entropy-coded data.
    pub fn advance(&mut self, length: usize) {
        self.position = self.position.saturating_add(length);
    }

    /// The next segment. Stray bytes before a marker are passed over, as every decoder does.
    ///
    /// # Errors
    /// [`SegmentError`].
    #[allow(clippy::should_implement_trait, reason = "it fails, and goes on after being advanced")]
    pub fn next(&mut self) -> Result<Segment<'a>, SegmentError> {
        let marker = loop {
            match self.rest() {
                [0xFF, 0x00 | 0xFF, ..] => self.position += 1,
                [0xFF, marker, ..] => break *marker,
                [_, _, ..] => self.position += 1,
                _ => return Err(SegmentError::Ends),
            }
        };
        self.position += 2;
        let stands_alone =
            matches!(marker, marker::SOI | marker::EOI | marker::TEM | marker::RST0..=marker::RST7);
        if stands_alone {
            return Ok(Segment { marker, payload: &[] });
        }
        let [high, low, ..] = self.rest() else {
            return Err(SegmentError::Ends);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let payload = match self.rest().get(2..length) {
            Some(payload) => payload,
            None if length < 2 => return Err(SegmentError::Length),
            None => return Err(SegmentError::Ends),
        };
        self.position += length;
        Ok(Segment { marker, payload })
    }
}
