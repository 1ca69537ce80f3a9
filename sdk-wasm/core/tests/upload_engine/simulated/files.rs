//! Files made of noise, the same for the same seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use windlass_core::upload::backoff::Chance;
use windlass_core::upload::{NewUpload, NewVariant};
use windlass_protocol::ClientRef;

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
