//! Who signs: an access key, its secret, and for temporary credentials the token and the end.

use std::fmt;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::error::InvalidCredentials;

/// AWS credentials. `Debug` shows neither secret nor token; the secret's memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Zeroizing<String>,
    pub(crate) session_token: Option<String>,
    pub(crate) expires_at: Option<OffsetDateTime>,
}

impl Credentials {
    /// Credentials without a token and without an end.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Result<Self, InvalidCredentials> {
        let access_key_id = access_key_id.into();
        let secret_access_key = Zeroizing::new(secret_access_key.into());
        if access_key_id.is_empty() {
            return Err(InvalidCredentials::NoAccessKeyId);
        }
        if secret_access_key.is_empty() {
            return Err(InvalidCredentials::NoSecret);
        }
        Ok(Self { access_key_id, secret_access_key, session_token: None, expires_at: None })
    }

    /// Adds the session token that temporary credentials come with.
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Says when they end: no URL signed with them outlives that.
    pub fn with_expiry(mut self, expires_at: OffsetDateTime) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// The public half: which key signs.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// When they stop working, for temporary ones.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Four characters tell a permanent key (AKIA) from a temporary one (ASIA), and no more.
        let kind: String = self.access_key_id.chars().take(4).collect();
        f.debug_struct("Credentials")
            .field("access_key_id", &format_args!("{kind}…"))
            .field("temporary", &self.session_token.is_some())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials::new("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG")
            .unwrap()
            .with_session_token("FwoGZXIvYXdzEBYaD");
        let shown = format!("{credentials:?}");
        for secret in ["wJalr", "K7MDENG", "FwoG", "IOSFODNN"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn half_of_a_key_pair_is_refused() {
        assert_eq!(Credentials::new("", "secret"), Err(InvalidCredentials::NoAccessKeyId));
        assert_eq!(Credentials::new("AKIA", ""), Err(InvalidCredentials::NoSecret));
    }
}
