//! Writes tiny files of each container around given metadata. Their pixels are no pixels: nothing decodes
//! them.

/// JPEG: segments, a frame header, the beginning of a scan.
pub fn jpeg(segments: &[(u8, Vec<u8>)], width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.extend([1, 1, 0x11, 0]);
    for (marker, payload) in segments.iter().chain([&(0xC0, frame), &(0xDA, vec![1, 1, 0, 0, 63, 0])]) {
        file.extend([0xFF, *marker]);
        file.extend((payload.len() as u16 + 2).to_be_bytes());
        file.extend(payload);
    }
    file.extend([0x12, 0x34, 0xFF, 0xD9]);
    file
}

/// A JPEG's EXIF segment.
pub fn app1(block: &[u8]) -> (u8, Vec<u8>) {
    (0xE1, [b"Exif\0\0", block].concat())
}

/// A JPEG with this EXIF block.
pub fn jpeg_with(block: &[u8]) -> Vec<u8> {
    jpeg(&[app1(block)], 64, 48)
}

/// PNG: the header, chunks, the end. CRCs are not read and are zero.
pub fn png(chunks: &[(&[u8; 4], Vec<u8>)], width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 0]);
    for (name, data) in [&(b"IHDR", header)].into_iter().chain(chunks).chain([&(b"IEND", Vec::new())]) {
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(*name);
        file.extend(data);
        file.extend([0; 4]);
    }
    file
}

/// WebP: chunks.
pub fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in chunks {
        body.extend(*name);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        body.extend(vec![0; data.len() % 2]);
    }
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

/// WebP's extended header.
pub fn vp8x(width: u32, height: u32) -> (&'static [u8; 4], Vec<u8>) {
    let mut data = vec![0x08, 0, 0, 0];
    data.extend(&(width - 1).to_le_bytes()[..3]);
    data.extend(&(height - 1).to_le_bytes()[..3]);
    (b"VP8X", data)
}

/// The codes of the warnings.
pub fn codes(metadata: &windlass_core::metadata::PhotoMetadata) -> Vec<&str> {
    metadata.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

/// Reads a file by ranges; also says how many reads of how many bytes that took.
pub fn read_ranged(file: &[u8]) -> (windlass_core::metadata::PhotoMetadata, usize, usize) {
    let mut reader = windlass_core::metadata::MetadataReader::new(file.len() as u64);
    let (mut reads, mut read_bytes) = (0, 0);
    while let Some(range) = reader.next_read() {
        let bytes = &file[range.offset as usize..range.end() as usize];
        reader.supply(range.offset, bytes).expect("the range asked for is supplied");
        (reads, read_bytes) = (reads + 1, read_bytes + bytes.len());
    }
    (reader.finish().expect("the container is known"), reads, read_bytes)
}
