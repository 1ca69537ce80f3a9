//! Signed texts (RFC 7515, compact serialisation) and the keys they are checked with.
//!
//! A key has one algorithm and checks nothing else; what a header says about keys (`jku`, `x5u`, `jwk`,
//! `x5c`) is never looked at. The cryptography is jsonwebtoken's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::TokenError;

/// No identity provider's token is longer; a longer one is not even read.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// What a token may call itself (RFC 7519 `typ`, RFC 9068). Others, such as logout tokens, are not for here.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// A text in the form of a signed one. Nothing of it is believed yet.
#[derive(Debug)]
pub struct Jws<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    signed: &'t str,
    payload: &'t str,
    signature: &'t str,
}

/// What is read of a header. All else in it is ignored.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// A key that checks signatures of one algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    /// Its name in its set.
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl<'t> Jws<'t> {
    /// Takes a token apart.
    pub fn parse(token: &'t str) -> Result<Self, TokenError> {
        let unreadable = || TokenError::Invalid("it cannot be read");
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid("it is longer than any token"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(unreadable)?;
        let (header, payload) = signed.split_once('.').ok_or_else(unreadable)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(unreadable());
        }
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable())?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| unreadable())?;
        // Whoever does not understand an extension named there must refuse the token (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(TokenError::Invalid("its header asks for an extension (crit)"));
        }
        if header.typ.is_some_and(|typ| !TYPES.contains(&typ.to_ascii_lowercase().as_str())) {
            return Err(TokenError::Invalid("it is another kind of token (typ)"));
        }
        let algorithm = match header.alg.as_str() {
            "HS256" => Algorithm::HS256,
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            // RFC 9864 calls it by the name of its curve, the only one there is here.
            "EdDSA" | "Ed25519" => Algorithm::EdDSA,
            _ => {
                return Err(TokenError::Invalid("its algorithm is not one of HS256, RS256, ES256 and EdDSA"));
            }
        };
        Ok(Self { algorithm, key_id: header.kid, signed, payload, signature })
    }

    /// What was signed with this key.
    pub fn payload(&self, key: &VerifyingKey) -> Result<Vec<u8>, TokenError> {
        let wrong = TokenError::Invalid("its signature is wrong");
        if self.algorithm != key.algorithm {
            return Err(TokenError::Invalid("its algorithm is not that of its key"));
        }
        match crypto::verify(self.signature, self.signed.as_bytes(), &key.key, key.algorithm) {
            Ok(true) => URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| wrong),
            Ok(false) | Err(_) => Err(wrong),
        }
    }
}

#[cfg(test)]
impl VerifyingKey {
    /// A secret as JWK writes it down; only test vectors have such.
    pub(super) fn of_secret_in(jwk: &serde_json::Value) -> Option<Self> {
        let is_for_signatures = jwk.get("use").is_none_or(|purpose| purpose == "sig");
        let secret = URL_SAFE_NO_PAD.decode(jwk["k"].as_str()?).ok()?;
        let id = jwk["kid"].as_str().map(str::to_owned);
        (is_for_signatures && jwk["alg"] == "HS256").then(|| Self {
            id,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(&secret),
        })
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
