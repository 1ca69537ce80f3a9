//! HS256 tokens (RFC 7519): read, and minted for development and tests.
//!
//! The algorithm is fixed by the key and never taken from the token. Claims: `tenant`, `sub`, `projects`
//! (list of ids, or `["*"]`), `scope` (space-separated), `iss`, `aud`, `exp`, and `nbf` where given.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::caller::{Caller, ProjectAccess, Scope};

/// How far clocks may differ.
const LEEWAY_SECONDS: f64 = 30.0;
/// HS256 keys shorter than the hash can be guessed (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;
const MAX_SUBJECT_BYTES: usize = 255;

/// Who must have made a token, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The `iss` a token must have.
    pub issuer: String,
    /// The `aud` a token must have, alone or among others.
    pub audience: String,
}

/// The key tokens are made and checked with.
#[derive(Clone)]
pub struct TokenKeys {
    decoding: DecodingKey,
    encoding: EncodingKey,
    validation: Validation,
    rules: TokenRules,
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
    /// It is not a token, not signed by us, or not for us.
    #[error("the token is not valid here: {0}")]
    Invalid(&'static str),
}

/// What is read from a token. Issuer and audience are checked before.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    tenant: String,
    projects: Vec<String>,
    scope: String,
    // RFC 7519's NumericDate may be a fraction.
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
}

impl TokenKeys {
    /// Keys from a secret of at least 32 bytes.
    pub fn from_secret(secret: &[u8], rules: TokenRules) -> Result<Self, InvalidSecret> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(InvalidSecret(secret.len()));
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are checked below against the service's own clock.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&rules.issuer]);
        validation.set_audience(&[&rules.audience]);
        Ok(Self {
            decoding: DecodingKey::from_secret(secret),
            encoding: EncodingKey::from_secret(secret),
            validation,
            rules,
        })
    }

    /// Who holds this token.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Caller, TokenError> {
        let read = decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| TokenError::Invalid(reason(error.kind())))?;
        // Whoever does not understand an extension named there must refuse the token (RFC 7515, 4.1.11).
        if read.header.crit.is_some() {
            return Err(TokenError::Invalid("its header asks for an extension (crit)"));
        }
        let claims = read.claims;
        let now = now.unix_timestamp() as f64;
        if claims.exp <= now - LEEWAY_SECONDS {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|not_before| not_before > now + LEEWAY_SECONDS) {
            return Err(TokenError::Invalid("it is not valid yet (nbf)"));
        }
        claims.into_caller()
    }

    /// Makes a token.
    pub fn mint(&self, grant: &TokenGrant, now: OffsetDateTime) -> Result<String, TokenError> {
        let caller = &grant.caller;
        let projects = match &caller.projects {
            ProjectAccess::All => vec!["*".to_owned()],
            ProjectAccess::Only(projects) => projects.iter().map(ToString::to_string).collect(),
        };
        let scopes: Vec<&str> = caller.scopes.iter().map(|scope| scope.as_str()).collect();
        let issued_at = now.unix_timestamp();
        let claims = json!({
            "iss": self.rules.issuer,
            "aud": self.rules.audience,
            "sub": caller.subject,
            "tenant": caller.tenant,
            "projects": projects,
            "scope": scopes.join(" "),
            "iat": issued_at,
            "exp": issued_at.saturating_add_unsigned(grant.lifetime.as_secs()),
        });
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| TokenError::Invalid(reason(error.kind())))
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Claims {
    fn into_caller(self) -> Result<Caller, TokenError> {
        let printable = !self.sub.is_empty() && !self.sub.chars().any(char::is_control);
        if !printable || self.sub.len() > MAX_SUBJECT_BYTES {
            return Err(TokenError::Invalid("its subject (sub) is not 1 to 255 printable bytes"));
        }
        let tenant =
            self.tenant.parse().map_err(|_| TokenError::Invalid("its tenant is not a valid identifier"))?;
        let projects = if self.projects.iter().any(|project| project == "*") {
            ProjectAccess::All
        } else {
            let ids: Result<BTreeSet<_>, _> = self.projects.iter().map(|project| project.parse()).collect();
            ProjectAccess::Only(
                ids.map_err(|_| TokenError::Invalid("one of its projects is not a valid identifier"))?,
            )
        };
        // Scopes of other services may share the token.
        let scopes = self.scope.split(' ').filter_map(|scope| scope.parse::<Scope>().ok()).collect();
        Ok(Caller { tenant, subject: self.sub, projects, scopes })
    }
}

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            "its algorithm is not the one expected"
        }
        ErrorKind::InvalidIssuer => "it was issued by somebody else (iss)",
        ErrorKind::InvalidAudience => "it was issued for somebody else (aud)",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => "a claim is missing or of the wrong type",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
