//! A set of public keys as identity providers publish it (RFC 7517): of all that may be in it, those with
//! which tokens are signed here, RS256, ES256 and EdDSA (Ed25519). A key of any other kind is left out; a
//! shared secret (`oct`) in a public document is no secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::jws::{Jws, VerifyingKey};

/// RSA keys shorter than 2048 bits are not to be used (RFC 7518, section 3.3); longer than 4096 bits the
/// library does not take, and each check would cost too much.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
const RSA_EXPONENT_BYTES: std::ops::RangeInclusive<usize> = 1..=4;
/// A coordinate of P-256 (RFC 7518, section 6.2.1.2), and an Ed25519 key (RFC 8037, section 2).
const POINT_BYTES: usize = 32;
/// More keys than any provider has in use at once.
const MAX_KEYS: usize = 100;

/// The keys of one provider.
#[derive(Debug, Clone)]
pub struct KeySet(Vec<VerifyingKey>);

/// A document that is no set of keys, or holds none that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeySet {
    /// It is not a JSON Web Key Set.
    #[error("it is not a JSON Web Key Set: {0}")]
    Unreadable(String),
    /// It holds no key that can check a token.
    #[error("it holds no RSA (2048 to 4096 bits), P-256 or Ed25519 key for signatures")]
    NoUsableKey,
    /// It holds more keys than are read.
    #[error("it holds {0} keys, more than the {MAX_KEYS} that are read")]
    TooManyKeys(usize),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// A key as it is written down (RFC 7517, 7518, 8037).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

impl KeySet {
    /// Reads a document.
    pub fn parse(document: &[u8]) -> Result<Self, InvalidKeySet> {
        let document: Document =
            serde_json::from_slice(document).map_err(|error| InvalidKeySet::Unreadable(error.to_string()))?;
        if document.keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooManyKeys(document.keys.len()));
        }
        let readable = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let keys: Vec<_> = readable.filter_map(Jwk::into_key).collect();
        if keys.is_empty() { Err(InvalidKeySet::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// The key a token names; where it names none, the only one of its algorithm.
    pub(super) fn key_of(&self, token: &Jws<'_>) -> Option<&VerifyingKey> {
        let mut candidates = self.0.iter().filter(|key| key.algorithm == token.algorithm);
        match &token.key_id {
            Some(id) => candidates.find(|key| key.id.as_ref() == Some(id)),
            None => candidates.next().filter(|_| candidates.next().is_none()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none; a set that was read has some.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Jwk {
    /// The key, where it is one for signatures of an algorithm that is taken here.
    fn into_key(self) -> Option<VerifyingKey> {
        let is_for_signatures = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let (algorithm, name) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => (Algorithm::RS256, "RS256"),
            ("EC", Some("P-256")) => (Algorithm::ES256, "ES256"),
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA"),
            _ => return None,
        };
        // RFC 9864 calls EdDSA with this curve by the curve's name.
        let is_ours = |alg: &str| alg == name || (alg == "Ed25519" && name == "EdDSA");
        if !is_for_signatures || !self.alg.as_deref().is_none_or(is_ours) {
            return None;
        }
        let key = match algorithm {
            Algorithm::RS256 => {
                let (n, e) = (decoded(self.n.as_deref())?, decoded(self.e.as_deref())?);
                // Leading zeros would let a short key look long.
                let is_strong = RSA_MODULUS_BYTES.contains(&n.len()) && n.first() != Some(&0);
                let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
                let is_exponent = RSA_EXPONENT_BYTES.contains(&e.len()) && is_odd(&e) && e != [1];
                (is_strong && is_odd(&n) && is_exponent)
                    .then(|| DecodingKey::from_rsa_raw_components(&n, &e))?
            }
            Algorithm::ES256 => {
                let (x, y) = (point(self.x.as_deref())?, point(self.y.as_deref())?);
                DecodingKey::from_ec_components(x, y).ok()?
            }
            _ => DecodingKey::from_ed_components(point(self.x.as_deref())?).ok()?,
        };
        Some(VerifyingKey { id: self.kid, algorithm, key })
    }
}

fn decoded(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

/// The text of a coordinate of the right length: the library trusts it to be.
fn point(text: Option<&str>) -> Option<&str> {
    let bytes = decoded(text)?;
    text.filter(|_| bytes.len() == POINT_BYTES)
}
