//! Whose tokens are accepted.

use std::fmt;

use clap::Args;

use super::{DataDir, DataDirError};
use crate::auth::{InvalidSecret, TokenKeys, TokenRules};

/// How tokens are checked.
#[derive(Clone, Args)]
pub struct AuthOptions {
    /// The secret HS256 tokens are signed with, at least 32 bytes. Without one, a development key is made
    /// in the data directory, and the demo page hands out tokens.
    #[arg(long, env = "WINDLASS_JWT_HS256_SECRET", hide_env_values = true)]
    pub jwt_hs256_secret: Option<String>,
    /// The issuer (iss) a token must name.
    #[arg(long, env = "WINDLASS_JWT_ISSUER", default_value = "windlass")]
    pub jwt_issuer: String,
    /// The audience (aud) a token must name.
    #[arg(long, env = "WINDLASS_JWT_AUDIENCE", default_value = "windlass")]
    pub jwt_audience: String,
}

/// Where the key came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// The operator's secret.
    Configured,
    /// The data directory: for development only.
    Development,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The operator's secret is too short.
    #[error(transparent)]
    Secret(#[from] InvalidSecret),
    /// The development key cannot be read or made.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}

impl AuthOptions {
    /// Where the key will come from.
    pub fn source(&self) -> TokenSource {
        match self.jwt_hs256_secret {
            Some(_) => TokenSource::Configured,
            None => TokenSource::Development,
        }
    }

    /// The key: the operator's, or the development key of the data directory.
    pub fn keys(&self, data: &DataDir) -> Result<TokenKeys, AuthError> {
        let secret = match &self.jwt_hs256_secret {
            Some(secret) => secret.clone(),
            None => data.token_secret()?,
        };
        let rules = TokenRules { issuer: self.jwt_issuer.clone(), audience: self.jwt_audience.clone() };
        Ok(TokenKeys::from_secret(secret.as_bytes(), rules)?)
    }
}

impl fmt::Debug for AuthOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOptions")
            .field("source", &self.source())
            .field("jwt_issuer", &self.jwt_issuer)
            .field("jwt_audience", &self.jwt_audience)
            .finish_non_exhaustive()
    }
}
