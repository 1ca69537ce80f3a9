//! A capability for customers without an account: whoever holds its token may send files to one project,
//! so many of them, until it expires or is revoked, and see those alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, UploadLinkId};

use super::quota::Quota;

/// How a link's token begins: told apart from a JWT, and found by scanners of leaked secrets.
pub const PREFIX: &str = "wlk_";
/// What cannot be guessed has this many random bytes.
pub const SECRET_BYTES: usize = 32;
/// How the subject of a link's callers begins. No other token may have such a subject.
pub const SUBJECT_PREFIX: &str = "link:";

/// The subject of whoever uses a link.
pub fn subject_of(link: UploadLinkId) -> String {
    format!("{SUBJECT_PREFIX}{link}")
}

/// The link whose holder this subject is.
pub fn link_of(subject: &str) -> Option<UploadLinkId> {
    subject.strip_prefix(SUBJECT_PREFIX)?.parse().ok()
}

/// A link, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// Its id: no secret.
    pub id: UploadLinkId,
    /// The company.
    pub tenant: TenantId,
    /// Where its files go.
    pub project: ProjectId,
    /// What people call it.
    pub label: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// How many files it may bring.
    pub max_files: u64,
    /// How many bytes.
    pub max_bytes: u64,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// When somebody ended it.
    pub revoked_at: Option<OffsetDateTime>,
}

/// The secret of a link and, so that a page needs nothing else, the project it is for:
/// `wlk_`, 43 characters of base64, a full stop, the project's id. Shown once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken {
    secret: [u8; SECRET_BYTES],
    project: ProjectId,
}

/// What is kept of a secret. Guessing one of 256 random bits needs no slow hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

impl UploadLink {
    /// Whether it can be used.
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// The subject of whoever uses it.
    pub fn subject(&self) -> String {
        subject_of(self.id)
    }

    /// What it may bring.
    pub fn quota(&self) -> Quota {
        Quota { max_files: Some(self.max_files), max_bytes: Some(self.max_bytes) }
    }
}

impl LinkToken {
    /// A token of these random bytes.
    pub fn of(secret: [u8; SECRET_BYTES], project: ProjectId) -> Self {
        Self { secret, project }
    }

    /// A text that has the form of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (secret, project) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self { secret, project: project.parse().ok()? })
    }

    /// What is kept of its secret.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret).into())
    }

    /// The project it says it is for.
    pub fn project(&self) -> &ProjectId {
        &self.project
    }

    /// The token itself, for the one answer that shows it.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(self.secret), self.project)
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_by_the_subject_of_its_holder() {
        let id = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";
        assert_eq!(link_of(&format!("link:{id}")), id.parse().ok());
        for other in ["ann", "link:", "link:ann", id] {
            assert_eq!(link_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_token_is_read_back_and_never_printed() {
        let token = LinkToken::of([7; SECRET_BYTES], "job-7.b".parse().unwrap());
        assert!(!format!("{token:?}").contains("Bwc"));
        let text = token.reveal();
        assert_eq!(LinkToken::parse(&text), Some(token.clone()));
        assert_ne!(LinkToken::of([8; SECRET_BYTES], "job-7.b".parse().unwrap()).hash(), token.hash());
        let (secret, _) = text.split_once('.').unwrap();
        for bad in ["", "wlk_", "wlk_.job-7", &text[4..], secret, &text[..47], &text.to_uppercase()] {
            assert_eq!(LinkToken::parse(bad), None, "{bad:?}");
        }
        for bad in ["A.job-7", "=.job-7", ".", ".a/b", ".."] {
            assert_eq!(LinkToken::parse(&format!("{secret}{bad}")), None, "{bad:?}");
        }
    }
}
