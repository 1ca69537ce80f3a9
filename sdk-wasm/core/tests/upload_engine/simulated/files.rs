//! Files made of noise, the same for the same seed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use windlass_core::upload::backoff::Chance;
use windlass_core::upload::checksum::crc64_nvme;
use windlass_core::upload::{Answer, BlobRef, CommandId, Input, NewUpload, NewVariant};
use windlass_protocol::ClientRef;

use super::{Happening, World};

/// How often it is told that more of a file was read, where it is, in milliseconds.
const TELLING_MS: u64 = 30_000;

/// A file's bytes, and those of its variants.
#[derive(Clone)]
pub struct SimulatedFile {
    pub upload: NewUpload,
    pub original: Arc<Vec<u8>>,
    pub variants: Vec<Arc<Vec<u8>>>,
}

/// A file of that size in bytes, with variants of those.
pub fn file(client_ref: &str, size: usize, variant_sizes: &[usize]) -> SimulatedFile {
    let variants: Vec<Arc<Vec<u8>>> = variant_sizes.iter().map(|size| noise(*size, 77)).collect();
    SimulatedFile {
        upload: NewUpload {
            client_ref: reference(client_ref),
            filename: format!("{client_ref}.jpg"),
            content_type: "image/jpeg".to_owned(),
            size_bytes: size as u64,
            metadata: None,
            variants: variants
                .iter()
                .enumerate()
                .map(|(index, bytes)| NewVariant {
                    name: format!("v_{index}"),
                    content_type: "image/jpeg".to_owned(),
                    size_bytes: bytes.len() as u64,
                    width: 10,
                    height: 10,
                })
                .collect(),
            resumed: false,
            again: true,
        },
        original: noise(size, size as u64),
        variants,
    }
}

pub fn reference(text: &str) -> ClientRef {
    text.parse().expect("a valid client_ref")
}

/// By size and seed.
type Noises = BTreeMap<(usize, u64), Arc<Vec<u8>>>;

/// Bytes without a pattern, made once.
pub fn noise(size: usize, seed: u64) -> Arc<Vec<u8>> {
    static MADE: Mutex<Noises> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().expect("no test panics while it makes noise");
    Arc::clone(made.entry((size, seed)).or_insert_with(|| {
        let mut chance = Chance::from_seed(seed);
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            bytes.extend_from_slice(&chance.next_u64().to_le_bytes());
        }
        bytes.truncate(size);
        Arc::new(bytes)
    }))
}

impl World {
    /// A file is read: what it is now is known a moment later, or whenever reading it ends.
    pub(super) fn begin_reading(&mut self, id: CommandId, blob: &BlobRef, range: &Range<u64>) {
        self.read_bytes += range.end - range.start;
        let read = self.reads_fail.pop().map_or_else(|| self.read(blob, range), Err);
        let answer = Answer::Hashed(read.map(|bytes| crc64_nvme(&bytes)));
        let takes_ms = self.reads_take_ms.get(blob).copied().unwrap_or(1);
        if self.reads_tell {
            for after_ms in (TELLING_MS..takes_ms).step_by(TELLING_MS as usize) {
                self.later(self.now_ms + after_ms, Happening::Input(Input::Read { id }));
            }
        }
        self.later(self.now_ms + takes_ms, Happening::Answer(id, answer));
    }
}
