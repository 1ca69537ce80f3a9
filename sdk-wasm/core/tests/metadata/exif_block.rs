//! Writes EXIF blocks: independent of the core's own writer, so that neither hides the other's mistakes.

/// One entry of a directory.
#[derive(Debug, Clone)]
pub struct Field {
    pub tag: u16,
    pub kind: u16,
    pub values: Values,
}

/// Values of one entry, not yet in a byte order.
#[derive(Debug, Clone)]
pub enum Values {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    LongLongs(Vec<u64>),
}

pub fn ascii(tag: u16, text: &str) -> Field {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    Field { tag, kind: 2, values: Values::Bytes(bytes) }
}

pub fn byte(tag: u16, value: u8) -> Field {
    Field { tag, kind: 1, values: Values::Bytes(vec![value]) }
}

pub fn undefined(tag: u16, bytes: &[u8]) -> Field {
    Field { tag, kind: 7, values: Values::Bytes(bytes.to_vec()) }
}

pub fn short(tag: u16, value: u16) -> Field {
    Field { tag, kind: 3, values: Values::Shorts(vec![value]) }
}

pub fn long(tag: u16, value: u32) -> Field {
    Field { tag, kind: 4, values: Values::Longs(vec![value]) }
}

pub fn rationals(tag: u16, values: &[(u32, u32)]) -> Field {
    let longs = values.iter().flat_map(|(num, denom)| [*num, *denom]).collect();
    Field { tag, kind: 5, values: Values::Longs(longs) }
}

pub fn signed_rationals(tag: u16, values: &[(i32, i32)]) -> Field {
    let longs = values.iter().flat_map(|(num, denom)| [*num as u32, *denom as u32]).collect();
    Field { tag, kind: 10, values: Values::Longs(longs) }
}

pub fn signed_longs(tag: u16, values: &[i32]) -> Field {
    Field { tag, kind: 9, values: Values::Longs(values.iter().map(|value| *value as u32).collect()) }
}

/// An EXIF block to be written.
#[derive(Debug, Clone, Default)]
pub struct ExifBlock {
    pub big_endian: bool,
    /// BigTIFF: offsets of 8 bytes.
    pub big_tiff: bool,
    pub image: Vec<Field>,
    pub exif: Vec<Field>,
    pub gps: Vec<Field>,
    /// A JPEG in IFD1.
    pub thumbnail: Option<Vec<u8>>,
}

impl ExifBlock {
    pub fn bytes(&self) -> Vec<u8> {
        let mut block = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        self.u16(&mut block, if self.big_tiff { 43 } else { 42 });
        if self.big_tiff {
            self.u16(&mut block, 8);
            self.u16(&mut block, 0);
        }
        let header_bytes = block.len() + self.offset_bytes();
        self.offset(&mut block, header_bytes as u64);

        let mut image = self.image.clone();
        let links = [(0x8769, &self.exif), (0x8825, &self.gps)];
        for (tag, _) in links.iter().filter(|(_, fields)| !fields.is_empty()) {
            image.push(long(*tag, 0));
        }
        image.sort_by_key(|field| field.tag);
        self.directory(&mut block, &image);
        let next_link = header_bytes + self.count_bytes() + image.len() * self.entry_bytes();
        for (tag, fields) in links.iter().filter(|(_, fields)| !fields.is_empty()) {
            let at = block.len() as u32;
            self.directory(&mut block, fields);
            let index = image.iter().position(|field| field.tag == *tag).expect("the link was added");
            let value_at =
                header_bytes + self.count_bytes() + (index + 1) * self.entry_bytes() - self.offset_bytes();
            self.patch_u32(&mut block, value_at, at);
        }
        if let Some(picture) = &self.thumbnail {
            let at = block.len() as u32;
            self.patch_u32(&mut block, next_link, at);
            // The directory has two entries; the picture follows it.
            let picture_at = at + 2 + 2 * 12 + 4;
            self.directory(&mut block, &[long(0x0201, picture_at), long(0x0202, picture.len() as u32)]);
            block.extend(picture);
        }
        block
    }

    fn count_bytes(&self) -> usize {
        if self.big_tiff { 8 } else { 2 }
    }

    fn offset_bytes(&self) -> usize {
        if self.big_tiff { 8 } else { 4 }
    }

    fn entry_bytes(&self) -> usize {
        if self.big_tiff { 20 } else { 12 }
    }

    fn directory(&self, block: &mut Vec<u8>, fields: &[Field]) {
        let mut values_at =
            block.len() + self.count_bytes() + fields.len() * self.entry_bytes() + self.offset_bytes();
        let mut values = Vec::new();
        match self.big_tiff {
            true => self.offset(block, fields.len() as u64),
            false => self.u16(block, fields.len() as u16),
        }
        for field in fields {
            let (value, count) = self.value(&field.values);
            self.u16(block, field.tag);
            self.u16(block, field.kind);
            let count = if matches!(field.kind, 5 | 10) { count / 2 } else { count };
            self.offset(block, count as u64);
            if value.len() <= self.offset_bytes() {
                block.extend(&value);
                block.extend(vec![0; self.offset_bytes() - value.len()]);
            } else {
                self.offset(block, values_at as u64);
                values_at += value.len();
                values.extend(value);
            }
        }
        self.offset(block, 0);
        block.extend(values);
    }

    fn value(&self, values: &Values) -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        match values {
            Values::Bytes(values) => bytes.extend(values),
            Values::Shorts(values) => values.iter().for_each(|value| self.u16(&mut bytes, *value)),
            Values::Longs(values) => values.iter().for_each(|value| self.u32(&mut bytes, *value)),
            Values::LongLongs(values) => values.iter().for_each(|value| self.u64(&mut bytes, *value)),
        }
        let count = match values {
            Values::Bytes(values) => values.len(),
            Values::Shorts(values) => values.len(),
            Values::Longs(values) => values.len(),
            Values::LongLongs(values) => values.len(),
        };
        (bytes, count)
    }

    fn offset(&self, block: &mut Vec<u8>, offset: u64) {
        match self.big_tiff {
            true => self.u64(block, offset),
            false => self.u32(block, offset as u32),
        }
    }

    fn u16(&self, block: &mut Vec<u8>, value: u16) {
        block.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn u32(&self, block: &mut Vec<u8>, value: u32) {
        block.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn u64(&self, block: &mut Vec<u8>, value: u64) {
        block.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn patch_u32(&self, block: &mut [u8], at: usize, value: u32) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        block[at..at + 4].copy_from_slice(&bytes);
    }
}

/// What a phone writes: all the fields that are read.
pub fn phone_photo() -> ExifBlock {
    ExifBlock {
        big_endian: true,
        image: vec![
            ascii(0x010F, "Tester"),
            ascii(0x0110, "Phone 1 "),
            short(0x0112, 6),
            ascii(0x0131, "17.5"),
        ],
        exif: vec![
            rationals(0x829A, &[(1, 250)]),
            rationals(0x829D, &[(9, 5)]),
            short(0x8827, 100),
            ascii(0x9003, "2024:02:29 23:59:58"),
            ascii(0x9011, "+02:00"),
            short(0x9209, 0x19),
            rationals(0x920A, &[(42, 10)]),
            undefined(0x927C, b"Tester maker note with 1234 inside"),
            ascii(0x9291, "125"),
            short(0xA002, 4000),
            short(0xA003, 3000),
            ascii(0xA434, "Lens f/1.8"),
        ],
        gps: vec![
            ascii(0x0001, "S"),
            rationals(0x0002, &[(33, 1), (51, 1), (3540, 100)]),
            ascii(0x0003, "W"),
            rationals(0x0004, &[(70, 1), (30, 1), (0, 1)]),
            byte(0x0005, 1),
            rationals(0x0006, &[(125, 10)]),
            rationals(0x0007, &[(21, 1), (59, 1), (585, 10)]),
            ascii(0x0010, "T"),
            rationals(0x0011, &[(2705, 10)]),
            ascii(0x001D, "2024:02:29"),
        ],
        ..ExifBlock::default()
    }
}
