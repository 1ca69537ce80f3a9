//! An EXIF block as a phone writes it (CIPA DC-008): IFD0, Exif IFD, GPS IFD and a thumbnail in IFD1.

/// What the camera knew.
#[derive(Debug, Clone, Default)]
pub struct CameraNotes {
    pub make: String,
    pub model: String,
    pub orientation: u16,
    pub width: u32,
    pub height: u32,
    /// `2026-11-21T09:12:58.120`, the fraction may be missing.
    pub taken: Option<String>,
    /// `+01:00`.
    pub offset: Option<String>,
    /// Degrees, south and west negative.
    pub latitude_longitude: Option<(f64, f64)>,
    /// Metres, below the sea negative.
    pub altitude_m: Option<f64>,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
}

/// Types of entries and their sizes in bytes (TIFF 6.0, section 2).
#[derive(Clone, Copy)]
enum Kind {
    Byte = 1,
    Ascii = 2,
    Short = 3,
    Long = 4,
    Rational = 5,
    Undefined = 7,
}

struct Entry {
    tag: u16,
    kind: Kind,
    count: u32,
    value: Vec<u8>,
}

#[derive(Default)]
struct Directory(Vec<Entry>);

impl Directory {
    fn put(&mut self, tag: u16, kind: Kind, count: u32, value: Vec<u8>) {
        self.0.push(Entry { tag, kind, count, value });
    }

    fn ascii(&mut self, tag: u16, text: &str) {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.put(tag, Kind::Ascii, value.len() as u32, value);
    }

    fn short(&mut self, tag: u16, value: u16) {
        self.put(tag, Kind::Short, 1, value.to_le_bytes().to_vec());
    }

    fn long(&mut self, tag: u16, value: u32) {
        self.put(tag, Kind::Long, 1, value.to_le_bytes().to_vec());
    }

    fn rationals(&mut self, tag: u16, values: &[(u32, u32)]) {
        let bytes = values.iter().flat_map(|(n, d)| [n.to_le_bytes(), d.to_le_bytes()].concat()).collect();
        self.put(tag, Kind::Rational, values.len() as u32, bytes);
    }

    /// Length with the values that do not fit their entries.
    fn length(&self) -> u32 {
        let outside = |entry: &Entry| if entry.value.len() > 4 { padded(entry.value.len()) } else { 0 };
        2 + 12 * self.0.len() as u32 + 4 + self.0.iter().map(outside).sum::<u32>()
    }

    fn write(&mut self, block: &mut Vec<u8>, next: u32) {
        self.0.sort_by_key(|entry| entry.tag);
        let mut outside_at = block.len() as u32 + 2 + 12 * self.0.len() as u32 + 4;
        let mut outside = Vec::new();
        block.extend((self.0.len() as u16).to_le_bytes());
        for entry in &self.0 {
            block.extend(entry.tag.to_le_bytes());
            block.extend((entry.kind as u16).to_le_bytes());
            block.extend(entry.count.to_le_bytes());
            if entry.value.len() <= 4 {
                let mut inside = entry.value.clone();
                inside.resize(4, 0);
                block.extend(inside);
            } else {
                block.extend(outside_at.to_le_bytes());
                outside.extend(&entry.value);
                outside.resize(outside.len() + outside.len() % 2, 0);
                outside_at += padded(entry.value.len());
            }
        }
        block.extend(next.to_le_bytes());
        block.extend(outside);
    }
}

fn padded(length: usize) -> u32 {
    (length + length % 2) as u32
}

/// The TIFF block, little-endian, without the `Exif\0\0` before it.
pub fn exif_block(notes: &CameraNotes) -> Vec<u8> {
    let mut exif = exif_directory(notes);
    let mut gps = gps_directory(notes);
    let mut main = Directory::default();
    main.ascii(0x010F, &notes.make);
    main.ascii(0x0110, &notes.model);
    main.short(0x0112, notes.orientation);
    main.rationals(0x011A, &[(72, 1)]);
    main.rationals(0x011B, &[(72, 1)]);
    main.short(0x0128, 2);
    main.ascii(0x0131, "Windlass make_photo");
    if let Some((date_time, _)) = notes.taken.as_deref().map(date_and_fraction) {
        main.ascii(0x0132, &date_time);
    }
    main.long(0x8769, 0);
    if gps.is_some() {
        main.long(0x8825, 0);
    }
    let exif_at = 8 + main.length();
    let gps_at = exif_at + exif.length();
    let thumbnail_at = gps_at + gps.as_ref().map_or(0, Directory::length);
    for entry in &mut main.0 {
        match entry.tag {
            0x8769 => entry.value = exif_at.to_le_bytes().to_vec(),
            0x8825 => entry.value = gps_at.to_le_bytes().to_vec(),
            _ => {}
        }
    }
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    main.write(&mut block, if notes.thumbnail.is_some() { thumbnail_at } else { 0 });
    exif.write(&mut block, 0);
    if let Some(gps) = &mut gps {
        gps.write(&mut block, 0);
    }
    if let Some(thumbnail) = &notes.thumbnail {
        let mut directory = Directory::default();
        directory.short(0x0103, 6);
        directory.long(0x0201, 0);
        directory.long(0x0202, thumbnail.len() as u32);
        let data_at = thumbnail_at + directory.length();
        directory.0[1].value = data_at.to_le_bytes().to_vec();
        directory.write(&mut block, 0);
        block.extend(thumbnail);
    }
    block
}

fn exif_directory(notes: &CameraNotes) -> Directory {
    let mut exif = Directory::default();
    exif.rationals(0x829A, &[(1, 250)]);
    exif.rationals(0x829D, &[(18, 10)]);
    exif.short(0x8827, 64);
    exif.put(0x9000, Kind::Undefined, 4, b"0232".to_vec());
    if let Some((date_time, fraction)) = notes.taken.as_deref().map(date_and_fraction) {
        for tag in [0x9003, 0x9004] {
            exif.ascii(tag, &date_time);
        }
        if let Some(fraction) = fraction {
            for tag in [0x9290, 0x9291, 0x9292] {
                exif.ascii(tag, &fraction);
            }
        }
    }
    if let Some(offset) = &notes.offset {
        for tag in [0x9010, 0x9011, 0x9012] {
            exif.ascii(tag, offset);
        }
    }
    exif.short(0x9209, 16);
    exif.rationals(0x920A, &[(4442, 1000)]);
    exif.short(0xA001, 1);
    exif.long(0xA002, notes.width);
    exif.long(0xA003, notes.height);
    exif.ascii(0xA434, "Windlass Lens 4.4mm f/1.8");
    exif
}

fn gps_directory(notes: &CameraNotes) -> Option<Directory> {
    let (latitude, longitude) = notes.latitude_longitude?;
    let mut gps = Directory::default();
    gps.put(0x0000, Kind::Byte, 4, vec![2, 3, 0, 0]);
    gps.ascii(0x0001, if latitude < 0.0 { "S" } else { "N" });
    gps.rationals(0x0002, &degrees_minutes_seconds(latitude));
    gps.ascii(0x0003, if longitude < 0.0 { "W" } else { "E" });
    gps.rationals(0x0004, &degrees_minutes_seconds(longitude));
    if let Some(altitude) = notes.altitude_m {
        gps.put(0x0005, Kind::Byte, 1, vec![u8::from(altitude < 0.0)]);
        gps.rationals(0x0006, &[((altitude.abs() * 100.0).round() as u32, 100)]);
    }
    Some(gps)
}

/// To a ten-thousandth of a second, which is three millimetres.
fn degrees_minutes_seconds(degrees: f64) -> [(u32, u32); 3] {
    let total = (degrees.abs() * 3600.0 * 10_000.0).round() as u64;
    let (minutes, seconds) = (total / 600_000, total % 600_000);
    [((minutes / 60) as u32, 1), ((minutes % 60) as u32, 1), (seconds as u32, 10_000)]
}

/// `2026:11:21 09:12:58` and `120` of `2026-11-21T09:12:58.120`.
fn date_and_fraction(taken: &str) -> (String, Option<String>) {
    let (whole, fraction) = match taken.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction.to_owned())),
        None => (taken, None),
    };
    (whole.replace('-', ":").replace('T', " "), fraction)
}
