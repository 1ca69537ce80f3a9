//! JPEG files made for tests: a true head with EXIF, and noise where the picture would be.

/// What the photo's EXIF says.
pub struct PhotoSpec {
    pub width: u16,
    pub height: u16,
    pub orientation: u16,
    pub make: &'static str,
    pub taken_at: &'static str,
    pub size_bytes: usize,
}

impl Default for PhotoSpec {
    fn default() -> Self {
        Self {
            width: 4048,
            height: 3036,
            orientation: 6,
            make: "Windlass",
            taken_at: "2026:11:20 16:34:23",
            size_bytes: 20_000,
        }
    }
}

/// A JPEG of these facts.
pub fn jpeg(spec: &PhotoSpec) -> Vec<u8> {
    let exif = [b"Exif\0\0".to_vec(), tiff(spec)].concat();
    let mut file = vec![0xFF, 0xD8];
    segment(&mut file, 0xE1, &exif);
    let [h1, h0] = spec.height.to_be_bytes();
    let [w1, w0] = spec.width.to_be_bytes();
    segment(&mut file, 0xC0, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]);
    segment(&mut file, 0xDA, &[1, 1, 0, 0, 63, 0]);
    let noise = spec.size_bytes.saturating_sub(file.len() + 2);
    file.extend(random_bytes(noise, 7).into_iter().map(|byte| byte & 0x7F));
    file.extend([0xFF, 0xD9]);
    file
}

/// Bytes that are the same for the same seed.
pub fn random_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        // xorshift64 (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length.div_ceil(8)).flat_map(|_| next()).take(length).collect()
}

fn segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend((payload.len() as u16 + 2).to_be_bytes());
    file.extend(payload);
}

/// IFD0 with Make, Orientation and a pointer to an Exif IFD with DateTimeOriginal (EXIF 2.32, 4.6).
fn tiff(spec: &PhotoSpec) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: usize, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &(count as u32).to_le_bytes(), &value.to_le_bytes()]
            .concat()
    };
    let make = [spec.make.as_bytes(), b"\0"].concat();
    let taken_at = [spec.taken_at.as_bytes(), b"\0"].concat();
    let exif_ifd = 8 + 2 + 3 * 12 + 4;
    let texts = exif_ifd + 2 + 12 + 4;
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(3u16.to_le_bytes());
    tiff.extend(entry(0x010F, 2, make.len(), texts));
    tiff.extend(entry(0x0112, 3, 1, spec.orientation.into()));
    tiff.extend(entry(0x8769, 4, 1, exif_ifd));
    tiff.extend(0u32.to_le_bytes());
    tiff.extend(1u16.to_le_bytes());
    tiff.extend(entry(0x9003, 2, taken_at.len(), texts + make.len() as u32));
    tiff.extend(0u32.to_le_bytes());
    tiff.extend(make);
    tiff.extend(taken_at);
    tiff
}
