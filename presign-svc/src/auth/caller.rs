//! Who asks, and what they may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use windlass_protocol::{ProjectId, TenantId, UploadLinkId};

use crate::domain::quota::Quota;

/// Somebody whose token was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The company: every question to the record carries it.
    pub tenant: TenantId,
    /// The person or device.
    pub subject: String,
    /// The projects it may touch.
    pub projects: ProjectAccess,
    /// What it may do there.
    pub scopes: BTreeSet<Scope>,
    /// The upload link it came by, and what that may bring: such a caller has only what it brought itself.
    pub link: Option<(UploadLinkId, Quota)>,
}

/// Which projects of its tenant a caller may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectAccess {
    /// All of them: `*`.
    All,
    /// These, which may be a thousand: each request of theirs has its own caller.
    Only(Arc<BTreeSet<ProjectId>>),
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Announce, send, complete and abort uploads.
    Upload,
    /// List and fetch photos.
    Read,
    /// Delete photos.
    Delete,
    /// Change a photo's status on behalf of the pipeline.
    Pipeline,
    /// Make, list and end upload links.
    Links,
}

/// The token does not allow this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token lacks the scope {0}")]
pub struct MissingScope(pub Scope);

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope; there are upload, read, delete, pipeline and links")]
pub struct UnknownScope(pub String);

impl Caller {
    /// Refuses unless the token has the scope.
    pub fn require(&self, scope: Scope) -> Result<(), MissingScope> {
        self.require_any(&[scope])
    }

    /// Refuses unless the token has one of the scopes; the first one is named as lacking.
    pub fn require_any(&self, scopes: &[Scope]) -> Result<(), MissingScope> {
        match scopes.first() {
            Some(first) if !scopes.iter().any(|scope| self.scopes.contains(scope)) => {
                Err(MissingScope(*first))
            }
            _ => Ok(()),
        }
    }

    /// Whether the token covers a project of its tenant. Whether the caller may touch it is
    /// [`Membership`](super::Membership)'s to say.
    pub(super) fn covers(&self, project: &ProjectId) -> bool {
        match &self.projects {
            ProjectAccess::All => true,
            ProjectAccess::Only(projects) => projects.contains(project),
        }
    }
}

impl ProjectAccess {
    /// These alone.
    pub fn only(projects: impl IntoIterator<Item = ProjectId>) -> Self {
        Self::Only(Arc::new(projects.into_iter().collect()))
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Upload, Self::Read, Self::Delete, Self::Pipeline, Self::Links];

    /// Its name in tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Read => "read",
            Self::Delete => "delete",
            Self::Pipeline => "pipeline",
            Self::Links => "links",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
