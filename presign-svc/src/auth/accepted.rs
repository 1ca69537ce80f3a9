//! Tokens that were accepted: while the keys of that moment are in use, their signatures and claims need not be read
//! again, which for ES256 and RS256 is most of what a small request costs. Times are compared each time. Known by
//! SHA-256, so that no token is kept.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::TokenError;
use super::caller::Caller;
use super::jwks::KeySet;
use super::token::Secret;

/// More are not kept: some 2 MiB.
const MAX_KEPT: usize = 4096;

/// Those of one service.
#[derive(Default)]
pub(super) struct AcceptedTokens {
    kept: RwLock<HashMap<TokenDigest, Arc<Accepted>>>,
}

/// A token's SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; 32]);

/// What is known of a token.
pub(super) struct Accepted {
    /// The keys one of which signed it.
    pub keys: Keys,
    pub times: Times,
    pub caller: Caller,
}

/// Keys as they were at one moment; others that are the same are others.
pub(super) enum Keys {
    /// The operator's.
    Secrets(Arc<Vec<Secret>>),
    /// The identity provider's.
    Provider(Arc<KeySet>),
}

/// When a token is valid, in seconds since 1970 UTC. RFC 7519's NumericDate may be a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    pub expires: f64,
    pub not_before: Option<f64>,
}

impl TokenDigest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl Times {
    /// Refuses before and after.
    pub(super) fn check(self, now: OffsetDateTime, leeway: Duration) -> Result<(), TokenError> {
        let (now, leeway) = (now.unix_timestamp() as f64, leeway.as_secs_f64());
        if self.expires <= now - leeway {
            return Err(TokenError::Expired);
        }
        match self.not_before {
            Some(not_before) if not_before > now + leeway => {
                Err(TokenError::Invalid("it is not valid yet (nbf)"))
            }
            _ => Ok(()),
        }
    }
}

impl AcceptedTokens {
    pub(super) fn find(&self, token: TokenDigest) -> Option<Arc<Accepted>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).get(&token).cloned()
    }

    /// Keeps one. Where there are too many all others are read again when they come.
    pub(super) fn keep(&self, token: TokenDigest, accepted: Accepted) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(token, Arc::new(accepted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::ProjectAccess;

    #[test]
    fn no_more_are_kept_than_fit() {
        let tokens = AcceptedTokens::default();
        let caller = Caller {
            tenant: "acme".parse().unwrap(),
            subject: "ann".to_owned(),
            projects: ProjectAccess::All,
            scopes: [].into(),
            link: None,
        };
        for number in 0..=MAX_KEPT {
            let digest = TokenDigest::of(&number.to_string());
            let times = Times { expires: 1.0, not_before: None };
            tokens.keep(
                digest,
                Accepted { keys: Keys::Secrets(Arc::default()), times, caller: caller.clone() },
            );
            assert!(tokens.find(digest).is_some());
            assert!(tokens.kept.read().unwrap().len() <= MAX_KEPT);
        }
    }
}
