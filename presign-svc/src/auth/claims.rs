//! From the claims of a token to who asks. Which claim says what is the operator's to configure: each
//! identity provider has its own words.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::str::FromStr;

use serde_json::Value;
use windlass_protocol::{ProjectId, TenantId};

use super::TokenError;
use super::caller::{Caller, ProjectAccess, Scope};
use crate::domain::upload_link::SUBJECT_PREFIX;

const MAX_SUBJECT_BYTES: usize = 255;

/// Where in a token something is: the name of a claim, or, where it begins with `/`, a JSON pointer
/// (RFC 6901) such as `/realm_access/roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(String);

/// Which claims say who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRules {
    /// The company.
    pub tenant: ClaimPath,
    /// The person or device.
    pub subject: ClaimPath,
    /// A list of ids, or one text of them with spaces between; `*` is all of the tenant's.
    pub projects: ClaimPath,
    /// A list of names, or one text of them with spaces between.
    pub scope: ClaimPath,
    /// The company of a token that names none.
    pub default_tenant: Option<TenantId>,
    /// The projects of a token that names none.
    pub default_projects: Option<ProjectAccess>,
    /// The scopes of a token that names none.
    pub default_scopes: Option<BTreeSet<Scope>>,
    /// What the provider calls the scopes; where it is empty, as Windlass does.
    pub scope_names: BTreeMap<String, Scope>,
}

impl ClaimPath {
    fn of<'c>(&self, claims: &'c Value) -> Option<&'c Value> {
        let found = if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) };
        found.filter(|value| !value.is_null())
    }
}

impl FromStr for ClaimPath {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Default for ClaimRules {
    fn default() -> Self {
        let path = |name: &str| ClaimPath(name.to_owned());
        Self {
            tenant: path("tenant"),
            subject: path("sub"),
            projects: path("projects"),
            scope: path("scope"),
            default_tenant: None,
            default_projects: None,
            default_scopes: None,
            scope_names: BTreeMap::new(),
        }
    }
}

impl ClaimRules {
    /// Who holds a token with these claims.
    pub(super) fn caller_of(&self, claims: &Value) -> Result<Caller, TokenError> {
        Ok(Caller {
            tenant: self.tenant_of(claims)?,
            subject: self.subject_of(claims)?,
            projects: self.projects_of(claims)?,
            scopes: self.scopes_of(claims)?,
            link: None,
        })
    }

    fn tenant_of(&self, claims: &Value) -> Result<TenantId, TokenError> {
        match (self.tenant.of(claims), &self.default_tenant) {
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(TokenError::Invalid("it names no tenant")),
            (Some(claim), _) => claim
                .as_str()
                .and_then(|tenant| tenant.parse().ok())
                .ok_or(TokenError::Invalid("its tenant is not a valid identifier")),
        }
    }

    fn subject_of(&self, claims: &Value) -> Result<String, TokenError> {
        let subject = self.subject.of(claims).and_then(Value::as_str);
        let subject = subject.ok_or(TokenError::Invalid("it names no subject"))?;
        let is_printable = !subject.is_empty() && !subject.chars().any(char::is_control);
        if !is_printable || subject.len() > MAX_SUBJECT_BYTES {
            return Err(TokenError::Invalid("its subject is not 1 to 255 printable bytes"));
        }
        if subject.starts_with(SUBJECT_PREFIX) {
            return Err(TokenError::Invalid("its subject is one of an upload link"));
        }
        Ok(subject.to_owned())
    }

    fn projects_of(&self, claims: &Value) -> Result<ProjectAccess, TokenError> {
        let Some(claim) = self.projects.of(claims) else {
            return self.default_projects.clone().ok_or(TokenError::Invalid("it names no projects"));
        };
        let names = words(claim).ok_or(TokenError::Invalid("its projects are not a list of texts"))?;
        if names.contains(&"*") {
            return Ok(ProjectAccess::All);
        }
        let ids: Result<BTreeSet<ProjectId>, _> = names.iter().map(|name| name.parse()).collect();
        ids.map(ProjectAccess::Only)
            .map_err(|_| TokenError::Invalid("one of its projects is not a valid identifier"))
    }

    fn scopes_of(&self, claims: &Value) -> Result<BTreeSet<Scope>, TokenError> {
        let Some(claim) = self.scope.of(claims) else {
            return self.default_scopes.clone().ok_or(TokenError::Invalid("it names no scope"));
        };
        let names = words(claim).ok_or(TokenError::Invalid("its scope is not a text or a list of texts"))?;
        // Scopes of other services may share the token.
        Ok(names.into_iter().filter_map(|name| self.scope_of(name)).collect())
    }

    fn scope_of(&self, name: &str) -> Option<Scope> {
        if self.scope_names.is_empty() { name.parse().ok() } else { self.scope_names.get(name).copied() }
    }
}

/// The texts of a list, or of one text with spaces between them.
fn words(claim: &Value) -> Option<Vec<&str>> {
    match claim {
        Value::String(text) => Some(text.split_whitespace().collect()),
        Value::Array(texts) => texts.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
