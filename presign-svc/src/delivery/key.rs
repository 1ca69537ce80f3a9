//! The private half of a CloudFront key pair. CloudFront takes RSA of 2048 bits and ECDSA over P-256, both over
//! SHA-1 of the policy (Amazon CloudFront Developer Guide, "Specify signers"): it fixes the hash, not we. What
//! is signed is a policy of our own making, so that nobody can choose two with one hash.

use std::fmt;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha1::{Digest as _, Sha1};

/// The size CloudFront takes.
const RSA_BITS: usize = 2048;

/// A private key.
#[derive(Clone)]
pub enum SigningKey {
    /// RSA, 2048 bits.
    Rsa(Box<RsaPrivateKey>),
    /// ECDSA over P-256.
    P256(p256::ecdsa::SigningKey),
}

/// A text that is no key CloudFront takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// Nothing that could be read.
    #[error(
        "it is no private key in PEM: neither RSA (PKCS#1 or PKCS#8) nor ECDSA over P-256 (SEC1 or PKCS#8)"
    )]
    Unreadable,
    /// RSA, but of another size.
    #[error("it is an RSA key of {0} bits, and CloudFront takes keys of 2048 bits")]
    Bits(usize),
}

impl SigningKey {
    /// Reads a key in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidSigningKey> {
        let rsa = RsaPrivateKey::from_pkcs8_pem(pem).ok().or_else(|| RsaPrivateKey::from_pkcs1_pem(pem).ok());
        if let Some(key) = rsa {
            let bits = key.size() * 8;
            return if bits == RSA_BITS {
                Ok(Self::Rsa(Box::new(key)))
            } else {
                Err(InvalidSigningKey::Bits(bits))
            };
        }
        let p256 =
            p256::SecretKey::from_pkcs8_pem(pem).ok().or_else(|| p256::SecretKey::from_sec1_pem(pem).ok());
        p256.map(|key| Self::P256(key.into())).ok_or(InvalidSigningKey::Unreadable)
    }

    /// The signature of a text; the reason for the log where it cannot be made.
    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let digest = Sha1::digest(text);
        match self {
            // Blinded by chance, so that the time it takes tells nothing.
            Self::Rsa(key) => key
                .sign_with_rng(&mut OsRng, Pkcs1v15Sign::new::<Sha1>(), &digest)
                .map_err(|error| error.to_string()),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(&digest).map_err(|error| error.to_string())?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "SigningKey(RSA, redacted)",
            Self::P256(_) => "SigningKey(P-256, redacted)",
        })
    }
}
