//! The fast path, from a file's bytes to a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_planar::{EncodeOptions, Header, Sampling, Scale, Target, Turn, encode, resample};

/// Planes of more than this take too long to be worth a run.
const MAX_BYTES: u64 = 4 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = Header::parse(bytes) else { return };
    for scale in Scale::ALL {
        if header.memory_bytes(&[scale; 3]) > MAX_BYTES {
            break;
        }
        let Ok(picture) = header.decode(&[scale]) else { continue };
        let target = Target {
            width: header.width().div_ceil(3),
            height: header.height().div_ceil(2),
            sampling: if header.width() % 2 == 0 { Sampling::Half } else { Sampling::Full },
        };
        let turn = Turn::from_exif((header.height() % 8) as u8 + 1);
        let turned = resample(&picture, target, turn).expect("memory for a few megabytes");
        let options = EncodeOptions { quality: (header.width() % 100) as u8 + 1, segments: &[] };
        let file = encode(&turned, &options).expect("a picture of our own");
        let again = Header::parse(&file).and_then(|header| header.decode(&[Scale::Full]));
        assert_eq!(again.expect("a file of our own").planes.len(), turned.planes.len());
    }
});
