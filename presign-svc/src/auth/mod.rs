//! From a bearer token to a [`Caller`]. Nothing else in the service knows JWT.

mod caller;
mod token;

pub use caller::{Caller, MissingScope, ProjectAccess, Scope, UnknownScope};
pub use token::{InvalidSecret, TokenError, TokenGrant, TokenKeys, TokenRules};
