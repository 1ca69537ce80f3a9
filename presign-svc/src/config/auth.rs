//! Whose tokens are accepted, what their claims mean, and who else is asked about projects.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use windlass_protocol::TenantId;

use super::{DataDir, DataDirError};
use crate::adapters::outbound::{KeyDocument, OutboundUrl, ProjectWebhook};
use crate::auth::{
    ClaimPath, ClaimRules, InvalidSecret, KeyCache, Membership, ProjectAccess, Scope, TokenRules, Tokens,
    UnknownScope,
};
use crate::ports::project_check::ProjectCheck;

/// The issuer and the audience of tokens that Windlass makes itself.
const OWN_NAME: &str = "windlass";

/// How tokens are checked.
#[derive(Clone, Args)]
pub struct AuthOptions {
    /// The secret HS256 tokens are signed with, at least 32 bytes. Without any key, a development key is
    /// made in the data directory, and the demo page hands out tokens.
    #[arg(
        long,
        env = "WINDLASS_JWT_HS256_SECRET",
        hide_env_values = true,
        conflicts_with = "jwt_hs256_secret_file"
    )]
    pub jwt_hs256_secret: Option<String>,
    /// A file with such secrets, one a line; it is read again when it changes. The first one makes tokens,
    /// all are accepted.
    #[arg(long, env = "WINDLASS_JWT_HS256_SECRET_FILE")]
    pub jwt_hs256_secret_file: Option<PathBuf>,
    /// Where the identity provider publishes its keys (JWKS), for RS256, ES256 and EdDSA tokens.
    #[arg(long, env = "WINDLASS_JWT_JWKS_URL")]
    pub jwt_jwks_url: Option<OutboundUrl>,
    /// The issuer (iss) a token must name; "windlass" unless an identity provider is configured.
    #[arg(long, env = "WINDLASS_JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// The audience (aud) a token must name, one of these.
    #[arg(long, env = "WINDLASS_JWT_AUDIENCE", value_delimiter = ',', default_value = OWN_NAME, value_parser = trimmed)]
    pub jwt_audience: Vec<String>,
    /// The claim with the audience: client_id for Cognito's access tokens.
    #[arg(long, env = "WINDLASS_JWT_AUDIENCE_CLAIM", default_value = "aud")]
    pub jwt_audience_claim: String,
    /// How far the clocks of the provider and of this machine may differ, in seconds.
    #[arg(long, env = "WINDLASS_JWT_LEEWAY_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub jwt_leeway_seconds: u64,
    /// Which claims say who asks.
    #[command(flatten)]
    pub claims: ClaimOptions,
    /// An address that is asked whether a subject may touch a project, beside what the token says.
    #[arg(long, env = "WINDLASS_PROJECT_CHECK_URL")]
    pub project_check_url: Option<OutboundUrl>,
    /// What is sent there as bearer token.
    #[arg(
        long,
        env = "WINDLASS_PROJECT_CHECK_SECRET",
        hide_env_values = true,
        requires = "project_check_url"
    )]
    pub project_check_secret: Option<String>,
}

/// People write a blank behind a comma.
fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

/// Which claims say who asks: a claim's name, or a JSON pointer such as /realm_access/roles.
#[derive(Debug, Clone, Args)]
pub struct ClaimOptions {
    /// The claim with the company.
    #[arg(long, env = "WINDLASS_JWT_TENANT_CLAIM", default_value = "tenant")]
    pub jwt_tenant_claim: ClaimPath,
    /// The claim with the person or device.
    #[arg(long, env = "WINDLASS_JWT_SUBJECT_CLAIM", default_value = "sub")]
    pub jwt_subject_claim: ClaimPath,
    /// The claim with the projects: a list, or a text with spaces between.
    #[arg(long, env = "WINDLASS_JWT_PROJECTS_CLAIM", default_value = "projects")]
    pub jwt_projects_claim: ClaimPath,
    /// The claim with the scopes: a list, or a text with spaces between.
    #[arg(long, env = "WINDLASS_JWT_SCOPE_CLAIM", default_value = "scope")]
    pub jwt_scope_claim: ClaimPath,
    /// What the provider calls the scopes, such as crew=upload+read,office=read+delete+links. A name may be given
    /// several times: it stands for all of them.
    #[arg(long, env = "WINDLASS_JWT_SCOPE_NAMES", value_delimiter = ',')]
    pub jwt_scope_names: Vec<ScopeName>,
    /// The company of tokens that name none.
    #[arg(long, env = "WINDLASS_JWT_DEFAULT_TENANT")]
    pub jwt_default_tenant: Option<TenantId>,
    /// The projects of tokens that name none, such as *.
    #[arg(long, env = "WINDLASS_JWT_DEFAULT_PROJECTS", value_delimiter = ',')]
    pub jwt_default_projects: Vec<String>,
    /// The scopes of tokens that name none.
    #[arg(long, env = "WINDLASS_JWT_DEFAULT_SCOPES", value_delimiter = ',')]
    pub jwt_default_scopes: Vec<Scope>,
}

/// The scopes that a provider's name stands for: `crew=upload+read`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeName(String, BTreeSet<Scope>);

impl FromStr for ScopeName {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let (name, scopes) = text.rsplit_once('=').ok_or_else(|| UnknownScope(text.to_owned()))?;
        let scopes = scopes.split('+').map(|scope| scope.trim().parse()).collect::<Result<_, _>>()?;
        Ok(Self(name.trim().to_owned(), scopes))
    }
}

/// Where the keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// The operator's secrets or the identity provider.
    Configured,
    /// The data directory: for development only.
    Development,
}

/// Why tokens cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// One of the operator's secrets is too short.
    #[error(transparent)]
    Secret(#[from] InvalidSecret),
    /// The file of secrets cannot be read.
    #[error("the file of secrets {path} (WINDLASS_JWT_HS256_SECRET_FILE) cannot be read: {source}")]
    SecretFile {
        /// Which file.
        path: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The file of secrets holds none.
    #[error("the file of secrets {0} (WINDLASS_JWT_HS256_SECRET_FILE) holds none; write one a line")]
    NoSecret(String),
    /// An identity provider without the name it goes by.
    #[error("WINDLASS_JWT_JWKS_URL needs WINDLASS_JWT_ISSUER: the issuer (iss) in the provider's tokens")]
    NoIssuer,
    /// A default project that is none.
    #[error("WINDLASS_JWT_DEFAULT_PROJECTS: {0}")]
    DefaultProjects(windlass_protocol::InvalidId),
    /// HTTPS cannot be spoken.
    #[error("HTTPS cannot be used: {0}")]
    Outbound(std::io::Error),
    /// The development key cannot be read or made.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}

impl AuthOptions {
    /// Where the keys will come from.
    pub fn source(&self) -> TokenSource {
        let is_configured = self.jwt_hs256_secret.is_some()
            || self.jwt_hs256_secret_file.is_some()
            || self.jwt_jwks_url.is_some();
        if is_configured { TokenSource::Configured } else { TokenSource::Development }
    }

    /// The keys and the rules: the operator's, or the development key of the data directory.
    pub fn tokens(&self, data: &DataDir) -> Result<Tokens, AuthError> {
        let secrets = match (&self.jwt_hs256_secret, &self.jwt_hs256_secret_file) {
            (Some(secret), _) => vec![secret.clone()],
            (None, Some(path)) => read_secret_file(path)?,
            (None, None) if self.jwt_jwks_url.is_some() => Vec::new(),
            (None, None) => vec![data.token_secret()?],
        };
        let provider = match &self.jwt_jwks_url {
            Some(url) => {
                let source = KeyDocument::at(url.clone()).map_err(AuthError::Outbound)?;
                Some(Arc::new(KeyCache::of(Arc::new(source))))
            }
            None => None,
        };
        Ok(Tokens::new(&secrets, provider, self.rules()?)?)
    }

    /// Who is asked about projects.
    pub fn membership(&self) -> Result<Membership, AuthError> {
        let check = match &self.project_check_url {
            Some(url) => {
                let webhook = ProjectWebhook::at(url.clone(), self.project_check_secret.as_deref());
                Some(Arc::new(webhook.map_err(AuthError::Outbound)?) as Arc<dyn ProjectCheck>)
            }
            None => None,
        };
        Ok(Membership::of(check))
    }

    fn rules(&self) -> Result<TokenRules, AuthError> {
        let issuer = match (&self.jwt_issuer, &self.jwt_jwks_url) {
            (Some(issuer), _) => issuer.clone(),
            (None, Some(_)) => return Err(AuthError::NoIssuer),
            (None, None) => OWN_NAME.to_owned(),
        };
        Ok(TokenRules {
            issuer,
            audiences: self.jwt_audience.clone(),
            audience_claim: self.jwt_audience_claim.clone(),
            leeway: Duration::from_secs(self.jwt_leeway_seconds),
            claims: self.claims.rules()?,
        })
    }
}

impl ClaimOptions {
    fn rules(&self) -> Result<ClaimRules, AuthError> {
        let projects = &self.jwt_default_projects;
        let default_projects = if projects.iter().any(|project| project == "*") {
            Some(ProjectAccess::All)
        } else {
            let ids = projects.iter().map(|project| project.parse()).collect::<Result<Vec<_>, _>>();
            let ids = ids.map_err(AuthError::DefaultProjects)?;
            (!projects.is_empty()).then(|| ProjectAccess::only(ids))
        };
        let scopes = &self.jwt_default_scopes;
        let mut scope_names = BTreeMap::<String, BTreeSet<Scope>>::new();
        for ScopeName(name, scopes) in &self.jwt_scope_names {
            scope_names.entry(name.clone()).or_default().extend(scopes);
        }
        Ok(ClaimRules {
            tenant: self.jwt_tenant_claim.clone(),
            subject: self.jwt_subject_claim.clone(),
            projects: self.jwt_projects_claim.clone(),
            scope: self.jwt_scope_claim.clone(),
            default_tenant: self.jwt_default_tenant.clone(),
            default_projects,
            default_scopes: (!scopes.is_empty()).then(|| scopes.iter().copied().collect()),
            scope_names,
        })
    }
}

/// The secrets of a file, one a line.
pub fn read_secret_file(path: &Path) -> Result<Vec<String>, AuthError> {
    let name = || path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|source| AuthError::SecretFile { path: name(), source })?;
    let secrets: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if secrets.is_empty() { Err(AuthError::NoSecret(name())) } else { Ok(secrets) }
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        claims: ClaimOptions,
    }

    #[derive(Parser)]
    struct AuthLine {
        #[command(flatten)]
        auth: AuthOptions,
    }

    #[test]
    fn blanks_around_an_audience_are_not_part_of_it() {
        let line = AuthLine::try_parse_from(["windlass", "--jwt-audience", "site, office "]).unwrap();
        assert_eq!(line.auth.rules().unwrap().audiences, ["site", "office"]);
    }

    #[test]
    fn a_secret_for_a_project_check_that_is_at_no_address_is_refused() {
        let alone = ["windlass", "--project-check-secret", "canary"];
        let refused = AuthLine::try_parse_from(alone).err().unwrap().to_string();
        assert!(refused.contains("--project-check-url"), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
        let address = ["--project-check-url", "https://erp.example.com/may-touch"];
        assert!(AuthLine::try_parse_from(alone.into_iter().chain(address)).is_ok());
    }

    #[test]
    fn a_name_stands_for_every_scope_it_is_given() {
        let names = |text: &str| {
            let line = Line::try_parse_from(["windlass", "--jwt-scope-names", text]);
            line.map(|line| line.claims.rules().unwrap().scope_names)
        };
        let crew = |scopes: &[Scope]| BTreeMap::from([("crew".to_owned(), scopes.iter().copied().collect())]);
        let both = crew(&[Scope::Upload, Scope::Read]);
        assert_eq!(names("crew=upload+read").unwrap(), both);
        assert_eq!(names("crew=upload,crew=read").unwrap(), both, "the last one does not replace the first");
        assert_eq!(names("crew=read").unwrap(), crew(&[Scope::Read]));
        for bad in ["crew", "crew=", "crew=admin", "crew=upload read", "crew=upload+"] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }
}
