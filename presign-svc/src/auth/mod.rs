//! From a bearer token to a [`Caller`]. Nothing else in the service knows JWT.

mod accepted;
mod caller;
mod claims;
mod jwks;
mod jws;
mod key_cache;
mod membership;
mod token;

pub use caller::{Caller, MissingScope, ProjectAccess, Scope, UnknownScope};
pub use claims::{ClaimPath, ClaimRules};
pub use jwks::{InvalidKeySet, KeySet};
pub use jws::{Jws, VerifyingKey};
pub use key_cache::{FIRST_LOOK_PAUSE, FRESH, KeyCache, LOOK_PAUSE, STALE_IF_ERROR};
pub use membership::{Membership, MembershipError};
pub use token::{DEFAULT_LEEWAY, InvalidSecret, TokenError, TokenGrant, TokenRules, Tokens};

#[cfg(test)]
mod wycheproof_tests;
