//! Tokens (RFC 7519): whose they are, and new ones for development, scripts and tests.
//!
//! HS256 is checked with the operator's secrets and nothing else, RS256, ES256 and EdDSA with the keys of
//! the identity provider and nothing else: a public key is never taken for a secret.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::accepted::{Accepted, AcceptedTokens, Keys, Times, TokenDigest};
use super::caller::Caller;
use super::claims::{ClaimRules, shown};
use super::jws::{Jws, VerifyingKey};
use super::key_cache::KeyCache;

/// How far clocks may differ, unless the operator says otherwise.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
/// HS256 keys shorter than the hash can be guessed (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Who must have made a token, for whom, and what its claims mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The `iss` a token must have.
    pub issuer: String,
    /// One of these must be the token's audience, alone or among others.
    pub audiences: Vec<String>,
    /// The claim that names the audience: `aud`, or `client_id` for access tokens of providers that have
    /// no other.
    pub audience_claim: String,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Which claims say who asks.
    pub claims: ClaimRules,
}

/// The keys tokens are made and checked with.
#[derive(Clone)]
pub struct Tokens {
    rules: TokenRules,
    secrets: Arc<RwLock<Arc<Vec<Secret>>>>,
    provider: Option<Arc<KeyCache>>,
    accepted: Arc<AcceptedTokens>,
}

/// One of the operator's.
pub(super) struct Secret {
    decoding: VerifyingKey,
    encoding: EncodingKey,
}

/// What a new token is to allow.
#[derive(Debug, Clone)]
pub struct TokenGrant {
    /// Who, and what.
    pub caller: Caller,
    /// For how long.
    pub lifetime: Duration,
}

/// A secret that is too short to keep anything secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HS256 secret has {0} bytes; it needs at least 32. Make one with: openssl rand -hex 32")]
pub struct InvalidSecret(pub usize);

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was valid once.
    #[error("the token has expired; get a new one and try again")]
    Expired,
    /// It is not a token, not signed by whom it should be, or not for us.
    #[error("the token is not valid here: {0}")]
    Invalid(&'static str),
    /// One of its claims is not what the operator's settings ask for. The caller is told which rule it breaks, not
    /// what this service expects.
    #[error("the token is not valid here: {says}")]
    Claim {
        /// Which rule.
        says: &'static str,
        /// The claim and the setting that names it, and what was found: for the log and `windlass doctor`.
        looked_for: String,
    },
    /// It was, or would have been, an upload link's. Read by a customer, who knows no tokens.
    #[error("this link has ended. Ask whoever sent it to you for a new one")]
    LinkEnded,
    /// Whether it is valid cannot be said now: for the log.
    #[error("the token cannot be checked: {0}")]
    Unverifiable(String),
    /// What it is to allow has no name that the operator's settings know.
    #[error(
        "WINDLASS_JWT_SCOPE_NAMES has no names for exactly these scopes: {scopes}. It has {names}: choose what one or \
         more of them stand for"
    )]
    NoScopeName {
        /// The scopes.
        scopes: String,
        /// Those that have names.
        names: String,
    },
    /// Read by these settings it would stand for somebody else, or for nothing.
    #[error("no token can say this here: two of the settings WINDLASS_JWT_*_CLAIM name one claim")]
    SharedClaim,
    /// There is no key to make one with.
    #[error("there is no HS256 secret to sign a token with; tokens come from the identity provider")]
    NoSecret,
}

impl TokenRules {
    /// The rules of an issuer and an audience with the usual claims.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            audience_claim: "aud".to_owned(),
            leeway: DEFAULT_LEEWAY,
            claims: ClaimRules::default(),
        }
    }
}

impl Tokens {
    /// Tokens signed with one of these secrets, the first of which also makes new ones, or by an identity
    /// provider. With neither, none is accepted.
    pub fn new(
        secrets: &[impl AsRef<[u8]>],
        provider: Option<Arc<KeyCache>>,
        rules: TokenRules,
    ) -> Result<Self, InvalidSecret> {
        let secrets = Arc::new(RwLock::new(Arc::new(read_secrets(secrets)?)));
        Ok(Self { rules, secrets, provider, accepted: Arc::default() })
    }

    /// Tokens signed with one secret of at least 32 bytes.
    pub fn from_secret(secret: &[u8], rules: TokenRules) -> Result<Self, InvalidSecret> {
        Self::new(&[secret], None, rules)
    }

    /// From now on these are the secrets.
    pub fn replace_secrets(&self, secrets: &[impl AsRef<[u8]>]) -> Result<(), InvalidSecret> {
        let read = read_secrets(secrets)?;
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }

    /// The identity provider's keys, where one is configured.
    pub fn provider(&self) -> Option<&Arc<KeyCache>> {
        self.provider.as_ref()
    }

    /// Who holds this token.
    pub async fn identify(&self, token: &str, now: OffsetDateTime) -> Result<Caller, TokenError> {
        let digest = TokenDigest::of(token);
        if let Some(known) = self.accepted.find(digest).filter(|known| self.are_in_use(&known.keys, now)) {
            known.times.check(now, self.rules.leeway)?;
            return Ok(known.caller.clone());
        }
        let token = Jws::parse(token)?;
        let (payload, keys) = match (token.algorithm, &self.provider) {
            (Algorithm::HS256, _) => self.signed_with_secret(&token)?,
            (_, Some(provider)) => {
                let (key, keys) = provider.key_of(&token, now).await?;
                (token.payload(&key)?, Keys::Provider(keys))
            }
            (_, None) => return Err(TokenError::Invalid("its algorithm is not the one expected")),
        };
        let claims: Value =
            serde_json::from_slice(&payload).map_err(|_| TokenError::Invalid("its claims cannot be read"))?;
        let times = self.check(&claims, now)?;
        let caller = self.rules.claims.caller_of(&claims)?;
        self.accepted.keep(digest, Accepted { keys, times, caller: caller.clone() });
        Ok(caller)
    }

    /// Whether a token that was signed with one of these keys could be so now.
    fn are_in_use(&self, keys: &Keys, now: OffsetDateTime) -> bool {
        match keys {
            Keys::Secrets(secrets) => Arc::ptr_eq(secrets, &self.secrets()),
            Keys::Provider(keys) => {
                self.provider.as_ref().is_some_and(|provider| provider.are_current(keys, now))
            }
        }
    }

    fn secrets(&self) -> Arc<Vec<Secret>> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a token with the claims that the rules ask for.
    pub fn mint(&self, grant: &TokenGrant, now: OffsetDateTime) -> Result<String, TokenError> {
        let secrets = self.secrets();
        let secret = secrets.first().ok_or(TokenError::NoSecret)?;
        let issued_at = now.unix_timestamp();
        let mut claims = Map::new();
        self.rules.claims.add_claims_of(&grant.caller, &mut claims)?;
        claims.insert(self.rules.audience_claim.clone(), json!(self.rules.audiences.first()));
        claims.insert("iss".to_owned(), json!(self.rules.issuer));
        claims.insert("iat".to_owned(), json!(issued_at));
        claims.insert("exp".to_owned(), json!(issued_at.saturating_add_unsigned(grant.lifetime.as_secs())));
        let claims = Value::Object(claims);
        if self.rules.claims.caller_of(&claims)? != grant.caller {
            return Err(TokenError::SharedClaim);
        }
        encode(&Header::new(Algorithm::HS256), &claims, &secret.encoding)
            .map_err(|_| TokenError::Invalid("it cannot be signed"))
    }

    fn signed_with_secret(&self, token: &Jws<'_>) -> Result<(Vec<u8>, Keys), TokenError> {
        let secrets = self.secrets();
        let mut refused = TokenError::Invalid("its algorithm is not the one expected");
        for secret in secrets.iter() {
            match token.payload(&secret.decoding) {
                Ok(payload) => return Ok((payload, Keys::Secrets(secrets.clone()))),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Issuer, audience and times, by the service's own clock.
    fn check(&self, claims: &Value, now: OffsetDateTime) -> Result<Times, TokenError> {
        let issuer = claims.get("iss");
        if issuer.and_then(Value::as_str) != Some(self.rules.issuer.as_str()) {
            return Err(TokenError::Claim {
                says: "it was issued by somebody else (iss)",
                looked_for: format!(
                    "the claim \"iss\" is {}, expected is {:?} (WINDLASS_JWT_ISSUER)",
                    shown(issuer),
                    self.rules.issuer
                ),
            });
        }
        let is_ours = |audience: &Value| {
            audience.as_str().is_some_and(|name| self.rules.audiences.iter().any(|ours| ours == name))
        };
        let claim = &self.rules.audience_claim;
        let is_for_us = match claims.get(claim) {
            Some(Value::Array(audiences)) => audiences.iter().any(is_ours),
            Some(audience) => is_ours(audience),
            None => false,
        };
        if !is_for_us {
            return Err(TokenError::Claim {
                says: "it was issued for somebody else (aud)",
                looked_for: format!(
                    "the claim {claim:?} (WINDLASS_JWT_AUDIENCE_CLAIM) is {}, expected is one of {:?} \
                     (WINDLASS_JWT_AUDIENCE)",
                    shown(claims.get(claim)),
                    self.rules.audiences
                ),
            });
        }
        let Some(expires) = claims.get("exp").and_then(Value::as_f64) else {
            return Err(TokenError::Invalid("it does not say when it expires (exp)"));
        };
        let not_before = match claims.get("nbf") {
            None => None,
            Some(claim) => Some(claim.as_f64().ok_or(TokenError::Invalid("it is not valid yet (nbf)"))?),
        };
        let times = Times { expires, not_before };
        times.check(now, self.rules.leeway)?;
        Ok(times)
    }
}

fn read_secrets(secrets: &[impl AsRef<[u8]>]) -> Result<Vec<Secret>, InvalidSecret> {
    let read = |secret: &[u8]| {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(InvalidSecret(secret.len()));
        }
        let key = DecodingKey::from_secret(secret);
        Ok(Secret {
            decoding: VerifyingKey { id: None, algorithm: Algorithm::HS256, key },
            encoding: EncodingKey::from_secret(secret),
        })
    };
    secrets.iter().map(|secret| read(secret.as_ref())).collect()
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("rules", &self.rules)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
