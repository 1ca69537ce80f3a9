//! SHA-256 and HMAC with states that can be kept: what many messages begin with is hashed once, and each
//! continues from there. The compression function is `sha2`'s (with the CPU's own instructions where
//! there are some); only padding and bookkeeping are here, because through `sha2`'s and `hmac`'s
//! streaming types the three short hashes of one signature cost a third more.

use sha2::block_api::compress256;
use zeroize::Zeroizing;

/// A block of SHA-256, in bytes.
const BLOCK_BYTES: usize = 64;

/// The state of SHA-256 after a whole number of blocks.
#[derive(Clone, Copy)]
pub(crate) struct Midstate {
    state: [u32; 8],
    hashed_bytes: u64,
}

impl Midstate {
    /// Before the first block (FIPS 180-4, 5.3.3).
    pub(crate) const START: Self = Self {
        state: [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ],
        hashed_bytes: 0,
    };

    /// Hashes the whole blocks of `text`; what is left over is for whoever continues.
    pub(crate) fn absorb<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
        compress256(&mut self.state, blocks);
        self.hashed_bytes += (blocks.len() * BLOCK_BYTES) as u64;
        rest
    }

    /// The digest of everything absorbed and `text` (FIPS 180-4, 5.1.1: a one bit, zeros, the length).
    pub(crate) fn finish(mut self, text: &[u8]) -> [u8; 32] {
        let bits = 8 * (self.hashed_bytes + text.len() as u64);
        let rest = self.absorb(text);
        let mut padded = [[0; BLOCK_BYTES]; 2];
        let bytes = padded.as_flattened_mut();
        // `rest` is shorter than one of the two blocks.
        bytes[..rest.len()].copy_from_slice(rest);
        bytes[rest.len()] = 0x80;
        let blocks = if rest.len() + 1 + 8 <= BLOCK_BYTES { 1 } else { 2 };
        bytes[blocks * BLOCK_BYTES - 8..blocks * BLOCK_BYTES].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, &padded[..blocks]);
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        digest
    }
}

/// HMAC-SHA256 (RFC 2104) whose key, and perhaps the beginning of the message, is absorbed already.
#[derive(Clone, Copy)]
pub(crate) struct Hmac {
    inner: Midstate,
    outer: Midstate,
}

impl Hmac {
    /// With a key of any length: one that is longer than a block is hashed first.
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => block[..32].copy_from_slice(&Midstate::START.finish(key)),
        }
        let padded = |pad: u8| {
            let mut state = Midstate::START;
            state.absorb(&Zeroizing::new(block.map(|byte| byte ^ pad))[..]);
            state
        };
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    /// Absorbs the whole blocks of the message's beginning; the rest of it has to be given to `finish`.
    pub(crate) fn absorb<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        self.inner.absorb(text)
    }

    /// The code of everything absorbed and `text`.
    pub(crate) fn finish(&self, text: &[u8]) -> [u8; 32] {
        self.outer.finish(&self.inner.finish(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{KeyInit, Mac};
    use sha2::{Digest, Sha256};

    #[test]
    fn every_length_and_every_split_gives_sha256() {
        let text: Vec<u8> = (0..=255).cycle().take(400).collect();
        for length in 0..text.len() {
            let text = &text[..length];
            assert_eq!(Midstate::START.finish(text)[..], Sha256::digest(text)[..], "{length} bytes");
            let mut state = Midstate::START;
            let rest = state.absorb(text);
            assert!(rest.len() < BLOCK_BYTES);
            assert_eq!(state.finish(rest)[..], Sha256::digest(text)[..], "{length} bytes, absorbed");
        }
    }

    #[test]
    fn keys_and_messages_of_any_length_give_hmac() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for key_bytes in 0..140 {
            for message_bytes in [0, 1, 55, 56, 63, 64, 65, 138, 256] {
                let (key, message) = (&bytes[..key_bytes], &bytes[..message_bytes]);
                let mut theirs = hmac::Hmac::<Sha256>::new_from_slice(key).unwrap();
                theirs.update(message);
                let mut ours = Hmac::new(key);
                let rest = ours.absorb(message);
                assert_eq!(
                    ours.finish(rest)[..],
                    theirs.finalize().into_bytes()[..],
                    "{key_bytes} {message_bytes}"
                );
            }
        }
    }
}
