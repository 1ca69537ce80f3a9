//! From the claims of a token to who asks. Which claim says what is the operator's to configure: each
//! identity provider has its own words.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value, json};
use windlass_protocol::{ProjectId, TenantId};

use super::TokenError;
use super::caller::{Caller, ProjectAccess, Scope};
use crate::domain::subject::is_subject;
use crate::domain::upload_link::SUBJECT_PREFIX;

/// How much of a claim's value the log shows.
const MAX_SHOWN_CHARS: usize = 200;

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
    /// What the provider calls the scopes, each name standing for one or more; where it is empty, as Windlass does.
    pub scope_names: BTreeMap<String, BTreeSet<Scope>>,
}

impl ClaimPath {
    fn of<'c>(&self, claims: &'c Value) -> Option<&'c Value> {
        let found = if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) };
        found.filter(|value| !value.is_null())
    }

    /// Makes it say that.
    fn set(&self, claims: &mut Map<String, Value>, says: Value) {
        let Some(pointer) = self.0.strip_prefix('/') else {
            claims.insert(self.0.clone(), says);
            return;
        };
        let mut steps: Vec<String> =
            pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let last = steps.pop().unwrap_or_default();
        let mut inside = claims;
        for step in steps {
            let deeper = inside.entry(step).or_insert_with(|| Value::Object(Map::new()));
            if !deeper.is_object() {
                *deeper = Value::Object(Map::new());
            }
            let Value::Object(deeper) = deeper else { return };
            inside = deeper;
        }
        inside.insert(last, says);
    }
}

impl FromStr for ClaimPath {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

    /// Adds the claims with which a token stands for this caller.
    pub(super) fn add_claims_of(
        &self,
        caller: &Caller,
        claims: &mut Map<String, Value>,
    ) -> Result<(), TokenError> {
        let projects = match &caller.projects {
            ProjectAccess::All => json!(["*"]),
            ProjectAccess::Only(projects) => json!(**projects),
        };
        self.tenant.set(claims, json!(caller.tenant));
        self.subject.set(claims, json!(caller.subject));
        self.projects.set(claims, projects);
        self.scope.set(claims, self.names_of(&caller.scopes)?);
        Ok(())
    }

    /// The names that stand for these scopes and no others.
    fn names_of(&self, scopes: &BTreeSet<Scope>) -> Result<Value, TokenError> {
        if self.scope_names.is_empty() {
            return Ok(json!(listed(scopes)));
        }
        let fitting = || self.scope_names.iter().filter(|(_, named)| named.is_subset(scopes));
        let covered: BTreeSet<Scope> = fitting().flat_map(|(_, named)| named).copied().collect();
        if covered == *scopes {
            return Ok(json!(fitting().map(|(name, _)| name).collect::<Vec<_>>()));
        }
        let named = self.scope_names.iter().map(|(name, named)| format!("{name} ({})", listed(named)));
        Err(TokenError::NoScopeName { scopes: listed(scopes), names: named.collect::<Vec<_>>().join(", ") })
    }

    fn tenant_of(&self, claims: &Value) -> Result<TenantId, TokenError> {
        match (self.tenant.of(claims), &self.default_tenant) {
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(absent("it names no tenant", &self.tenant, "TENANT", claims)),
            (Some(claim), _) => claim
                .as_str()
                .and_then(|tenant| tenant.parse().ok())
                .ok_or_else(|| wrong("its tenant is not a valid identifier", &self.tenant, "TENANT", claim)),
        }
    }

    fn subject_of(&self, claims: &Value) -> Result<String, TokenError> {
        let claim = self.subject.of(claims);
        let claim = claim.ok_or_else(|| absent("it names no subject", &self.subject, "SUBJECT", claims))?;
        // Many a user table counts: the number has to become a text first.
        let subject = claim
            .as_str()
            .ok_or_else(|| wrong("its subject is not a text", &self.subject, "SUBJECT", claim))?;
        if !is_subject(subject) {
            return Err(TokenError::Invalid("its subject is not 1 to 255 printable bytes"));
        }
        if subject.starts_with(SUBJECT_PREFIX) {
            return Err(TokenError::Invalid("its subject is one of an upload link"));
        }
        Ok(subject.to_owned())
    }

    fn projects_of(&self, claims: &Value) -> Result<ProjectAccess, TokenError> {
        let path = &self.projects;
        let Some(claim) = path.of(claims) else {
            let default = self.default_projects.clone();
            return default.ok_or_else(|| absent("it names no projects", path, "PROJECTS", claims));
        };
        let names = words(claim)
            .ok_or_else(|| wrong("its projects are not a list of texts", path, "PROJECTS", claim))?;
        if names.contains(&"*") {
            return Ok(ProjectAccess::All);
        }
        let ids: Result<Vec<ProjectId>, _> = names.iter().map(|name| name.parse()).collect();
        ids.map(ProjectAccess::only)
            .map_err(|_| wrong("one of its projects is not a valid identifier", path, "PROJECTS", claim))
    }

    fn scopes_of(&self, claims: &Value) -> Result<BTreeSet<Scope>, TokenError> {
        let path = &self.scope;
        let Some(claim) = path.of(claims) else {
            let default = self.default_scopes.clone();
            return default.ok_or_else(|| absent("it names no scope", path, "SCOPE", claims));
        };
        let names = words(claim)
            .ok_or_else(|| wrong("its scope is not a text or a list of texts", path, "SCOPE", claim))?;
        // Scopes of other services may share the token.
        Ok(names.into_iter().flat_map(|name| self.scopes_named(name)).collect())
    }

    fn scopes_named(&self, name: &str) -> BTreeSet<Scope> {
        if self.scope_names.is_empty() {
            name.parse().ok().into_iter().collect()
        } else {
            self.scope_names.get(name).cloned().unwrap_or_default()
        }
    }
}

fn listed(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// A claim that is not there. Those that are say in the log how the provider calls it.
fn absent(says: &'static str, path: &ClaimPath, setting: &str, claims: &Value) -> TokenError {
    let names: Vec<&str> = claims.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let looked_for = format!(
        "no claim {:?} (WINDLASS_JWT_{setting}_CLAIM) among those of the token: {}",
        path.0,
        short(&names.join(", "))
    );
    TokenError::Claim { says, looked_for }
}

/// A claim that is there and cannot be used.
fn wrong(says: &'static str, path: &ClaimPath, setting: &str, found: &Value) -> TokenError {
    let looked_for =
        format!("the claim {:?} (WINDLASS_JWT_{setting}_CLAIM) is {}", path.0, shown(Some(found)));
    TokenError::Claim { says, looked_for }
}

/// What a claim holds, as JSON on one line.
pub(super) fn shown(claim: Option<&Value>) -> String {
    claim.map_or_else(|| "absent".to_owned(), |value| short(&value.to_string()))
}

fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
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
