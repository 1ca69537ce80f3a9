//! Tokens that were accepted: while the keys of that moment are in use, their signatures and claims need not be read
//! again, which for ES256 and RS256 is most of what a small request costs. Times are compared each time. Known by
//! SHA-256, so that no token is kept.
//!
//! Two generations: who has not come while one filled is forgotten with the older one, and nobody else is.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::TokenError;
use super::caller::{Caller, ProjectAccess};
use super::jwks::KeySet;
use super::token::Secret;

/// How much one generation may take: two thousand people of some five projects each.
const GENERATION_BYTES: usize = 1 << 20;
/// About what a token takes here, and each of its projects beside that.
const TOKEN_BYTES: usize = 320;
const PROJECT_BYTES: usize = 48;

/// Those of one service.
#[derive(Default)]
pub(super) struct AcceptedTokens {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    young: HashMap<TokenDigest, Arc<Accepted>>,
    /// What the young ones take.
    young_bytes: usize,
    old: HashMap<TokenDigest, Arc<Accepted>>,
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

impl Accepted {
    /// About what it takes.
    fn size_bytes(&self) -> usize {
        let projects = match &self.caller.projects {
            ProjectAccess::All => 0,
            ProjectAccess::Only(projects) => projects.len(),
        };
        TOKEN_BYTES + projects * PROJECT_BYTES
    }
}

impl AcceptedTokens {
    pub(super) fn find(&self, token: TokenDigest) -> Option<Arc<Accepted>> {
        let known = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = kept.young.get(&token) {
                return Some(known.clone());
            }
            kept.old.get(&token)?.clone()
        };
        self.write().add(token, known.clone());
        Some(known)
    }

    /// Keeps one.
    pub(super) fn keep(&self, token: TokenDigest, accepted: Accepted) {
        self.write().add(token, Arc::new(accepted));
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, token: TokenDigest, accepted: Arc<Accepted>) {
        let bytes = accepted.size_bytes();
        if self.young_bytes + bytes > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        let replaced = self.young.insert(token, accepted);
        self.young_bytes += bytes;
        self.young_bytes -= replaced.map_or(0, |replaced| replaced.size_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(projects: usize) -> Accepted {
        let caller = Caller {
            tenant: "acme".parse().unwrap(),
            subject: "ann".to_owned(),
            projects: ProjectAccess::only(
                (0..projects).map(|number| format!("job-{number}").parse().unwrap()),
            ),
            scopes: [].into(),
            link: None,
        };
        let times = Times { expires: 1.0, not_before: None };
        Accepted { keys: Keys::Secrets(Arc::default()), times, caller }
    }

    fn digest(number: usize) -> TokenDigest {
        TokenDigest::of(&number.to_string())
    }

    #[test]
    fn who_comes_often_is_known_while_ten_thousand_others_come_and_go() {
        let tokens = AcceptedTokens::default();
        tokens.keep(digest(0), accepted(5));
        for number in 1..=10_000 {
            tokens.keep(digest(number), accepted(5));
            assert!(tokens.find(digest(number)).is_some());
            assert!(tokens.find(digest(0)).is_some(), "after {number}");
        }
        assert!(tokens.find(digest(1)).is_none(), "who did not come again is forgotten");
    }

    #[test]
    fn tokens_of_many_projects_take_no_more_room_than_others() {
        let tokens = AcceptedTokens::default();
        for number in 0..200 {
            tokens.keep(digest(number), accepted(1000));
            let kept = tokens.kept.read().unwrap();
            let all = kept.young.values().chain(kept.old.values());
            let bytes: usize = all.map(|accepted| accepted.size_bytes()).sum();
            assert!(bytes <= 2 * GENERATION_BYTES, "{bytes} after {number}");
            assert_eq!(
                kept.young_bytes,
                kept.young.values().map(|accepted| accepted.size_bytes()).sum::<usize>()
            );
        }
    }

    #[test]
    fn a_token_that_is_kept_again_counts_once() {
        let tokens = AcceptedTokens::default();
        tokens.keep(digest(0), accepted(1));
        tokens.keep(digest(1), accepted(5));
        tokens.keep(digest(1), accepted(7));
        let kept = tokens.kept.read().unwrap();
        assert_eq!(kept.young_bytes, accepted(1).size_bytes() + accepted(7).size_bytes());
    }
}
