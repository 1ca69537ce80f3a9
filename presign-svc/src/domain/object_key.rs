//! Where an object lives in the bucket. Keys are made here, from ids the service trusts, and nowhere
//! else: a client never names one, and the name of its file never enters one.

use std::fmt;

use time::OffsetDateTime;
use windlass_protocol::{PhotoId, ProjectId, TenantId};

use super::media_type::MediaType;
use super::staging::STAGING_PREFIX;
use super::variant::VariantName;

/// S3's limit for a key, in bytes.
const MAX_KEY_BYTES: usize = 1024;
/// More than a slash, the longest variant name, a dot and the longest extension.
const MAX_NAME_BYTES: usize = 64;
/// What the doctor tries things out with.
pub const DOCTOR_PREFIX: &str = "windlass-doctor/";
/// A UUID with its hyphens.
const UUID_BYTES: usize = 36;

/// A key in the bucket: segments of letters, digits, `.`, `_`, `-`, `=`, joined by `/`; none is empty,
/// `.` or `..`. At most 1,024 bytes. Safe in URLs, in file systems and in logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

/// A text that is not a key of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an object key is 1 to 1,024 bytes of letters, digits, '.', '_', '-', '=' and '/', without empty or dot segments"
)]
pub struct InvalidObjectKey;

impl ObjectKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key of a prefix that ends in a slash, and of a name, both made of ids of ours.
    pub(super) fn below(prefix: &str, name: &str) -> Self {
        Self(format!("{prefix}{name}"))
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = InvalidObjectKey;
    fn try_from(text: String) -> Result<Self, InvalidObjectKey> {
        let charset = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'=' | b'/');
        let well_formed = text.len() <= MAX_KEY_BYTES
            && text.bytes().all(charset)
            && text.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
        if well_formed { Ok(Self(text)) } else { Err(InvalidObjectKey) }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The shape of all keys, such as `{tenant}/{project}/{yyyy}/{mm}/{dd}/{photo_id}/{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Tenant,
    Project,
    Year,
    Month,
    Day,
    PhotoId,
    Name,
}

/// A template that could not make keys that are safe and distinct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyTemplate {
    /// A placeholder nobody knows.
    #[error(
        "the key template has an unknown placeholder {{{0}}}; known are tenant, project, yyyy, mm, dd, photo_id and name"
    )]
    UnknownPlaceholder(String),
    /// A brace without its partner.
    #[error("the key template has a brace that is not closed or not opened")]
    Unbalanced,
    /// Without these two objects of different tenants or photos could share a key.
    #[error("the key template must hold {{tenant}} and {{photo_id}}, and end in /{{name}}")]
    NotDistinct,
    /// Keys among those that are cleared away.
    #[error(
        "the key template must not begin with windlass-staging/ or windlass-doctor/: what is there is cleared away"
    )]
    Reserved,
    /// Text a key may not hold.
    #[error("the key template makes keys that are not allowed: {0}")]
    NotAKey(#[from] InvalidObjectKey),
}

/// Why a photo can have no folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFolder {
    /// A tenant or project of that name would have its photos among what is cleared away.
    #[error(
        "is {STAGING_PREFIX} or {DOCTOR_PREFIX} with this service's key template, and what is there is cleared away"
    )]
    Reserved,
    /// Too long, as the ids are.
    #[error(transparent)]
    NotAKey(#[from] InvalidObjectKey),
}

/// Whether keys that begin so are no photos'.
pub fn is_reserved(beginning: &str) -> bool {
    [STAGING_PREFIX, DOCTOR_PREFIX].iter().any(|reserved| beginning.starts_with(reserved))
}

impl KeyTemplate {
    /// The template used when nobody says otherwise.
    pub const DEFAULT: &'static str = "{tenant}/{project}/{yyyy}/{mm}/{dd}/{photo_id}/{name}";

    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyTemplate> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (placeholder, after) = after.split_once('}').ok_or(InvalidKeyTemplate::Unbalanced)?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(match placeholder {
                "tenant" => Piece::Tenant,
                "project" => Piece::Project,
                "yyyy" => Piece::Year,
                "mm" => Piece::Month,
                "dd" => Piece::Day,
                "photo_id" => Piece::PhotoId,
                "name" => Piece::Name,
                other => return Err(InvalidKeyTemplate::UnknownPlaceholder(other.to_owned())),
            });
            rest = after;
        }
        if rest.contains('}') {
            return Err(InvalidKeyTemplate::Unbalanced);
        }
        let distinct =
            text.ends_with("/{name}") && pieces.contains(&Piece::Tenant) && pieces.contains(&Piece::PhotoId);
        if !distinct {
            return Err(InvalidKeyTemplate::NotDistinct);
        }
        // As a folder is made: a name elsewhere than at the end leaves nothing in it.
        let literal = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Name => "",
            _ => "x",
        });
        let literal: String = literal.collect();
        if is_reserved(&literal) {
            return Err(InvalidKeyTemplate::Reserved);
        }
        ObjectKey::try_from(literal.strip_suffix('/').unwrap_or_default().to_owned())?;
        Ok(Self(pieces))
    }

    /// The folder of one photo: what its keys have in common.
    pub fn folder(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        photo_id: PhotoId,
        created_at: OffsetDateTime,
    ) -> Result<PhotoFolder, NoFolder> {
        let date = created_at.to_offset(time::UtcOffset::UTC).date();
        let mut prefix = String::with_capacity(160);
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => prefix.push_str(text),
                Piece::Tenant => prefix.push_str(tenant.as_str()),
                Piece::Project => prefix.push_str(project.as_str()),
                Piece::Year => prefix.push_str(&format!("{:04}", date.year())),
                Piece::Month => prefix.push_str(&format!("{:02}", u8::from(date.month()))),
                Piece::Day => prefix.push_str(&format!("{:02}", date.day())),
                Piece::PhotoId => prefix.push_str(&photo_id.to_string()),
                Piece::Name => {}
            }
        }
        if is_reserved(&prefix) {
            return Err(NoFolder::Reserved);
        }
        Ok(PhotoFolder::try_from(prefix.trim_end_matches('/').to_owned())?)
    }

    /// What all keys begin with.
    pub fn prefix(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// What a key says that this template may have made; `None` for any other, and for one that can be read in two
    /// ways: `{tenant}-{project}` does not say whose `acme-west-roofs` is.
    pub fn read(&self, key: &str) -> Option<KeyParts> {
        let mut readings = Vec::new();
        ReadKey::default().readings(&self.0, key, &mut readings);
        let mut readings = readings.into_iter().filter_map(|read| read.parts(key));
        readings.next().filter(|_| readings.next().is_none())
    }
}

/// What was read of a key so far.
#[derive(Debug, Clone, Copy, Default)]
struct ReadKey<'k> {
    tenant: Option<&'k str>,
    project: Option<&'k str>,
    photo: Option<&'k str>,
    name: Option<&'k str>,
}

impl<'k> ReadKey<'k> {
    /// All ways in which the rest of a key can be made of these pieces.
    fn readings(self, pieces: &[Piece], rest: &'k str, found: &mut Vec<Self>) {
        let Some((piece, pieces)) = pieces.split_first() else {
            found.extend(rest.is_empty().then_some(self));
            return;
        };
        let mut go_on = |read: Option<Self>, rest: Option<&'k str>| {
            if let (Some(read), Some(rest)) = (read, rest) {
                read.readings(pieces, rest, found);
            }
        };
        let digits = |count| {
            let (date, rest) = rest.split_at_checked(count)?;
            date.bytes().all(|b| b.is_ascii_digit()).then_some(rest)
        };
        match piece {
            Piece::Text(text) => go_on(Some(self), rest.strip_prefix(text.as_str())),
            Piece::Year => go_on(Some(self), digits(4)),
            Piece::Month | Piece::Day => go_on(Some(self), digits(2)),
            Piece::PhotoId => {
                if let Some((photo, rest)) = rest.split_at_checked(UUID_BYTES)
                    && photo.parse::<PhotoId>().is_ok()
                {
                    go_on(self.with(piece, photo), Some(rest));
                }
            }
            Piece::Tenant | Piece::Project => {
                let end = rest.find('/').unwrap_or(rest.len());
                for (name, rest) in (1..=end).filter_map(|length| rest.split_at_checked(length)) {
                    go_on(self.with(piece, name), Some(rest));
                }
            }
            Piece::Name => {
                let is_name = !rest.is_empty() && !rest.contains('/');
                go_on(Some(Self { name: Some(rest), ..self }), is_name.then_some(""));
            }
        }
    }

    /// What was read, where it is made of ids.
    fn parts(self, key: &str) -> Option<KeyParts> {
        let name = self.name?;
        let folder = key.strip_suffix(name)?.trim_end_matches('/').to_owned();
        Some(KeyParts {
            tenant: self.tenant?.parse().ok()?,
            project: self.project.map(str::parse).transpose().ok()?,
            photo: self.photo?.parse().ok()?,
            folder: PhotoFolder::try_from(folder).ok()?,
            name: name.to_owned(),
        })
    }

    /// The same with one more piece read; `None` where it was read before and was another.
    fn with(self, piece: &Piece, text: &'k str) -> Option<Self> {
        let mut read = self;
        let slot = match piece {
            Piece::Tenant => &mut read.tenant,
            Piece::Project => &mut read.project,
            _ => &mut read.photo,
        };
        if slot.is_some_and(|before| before != text) {
            return None;
        }
        *slot = Some(text);
        Some(read)
    }
}

/// What a key under the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyParts {
    /// Whose.
    pub tenant: TenantId,
    /// Of which project, where the template names it.
    pub project: Option<ProjectId>,
    /// Which photo's.
    pub photo: PhotoId,
    /// All of it before the name.
    pub folder: PhotoFolder,
    /// `original.jpg`, `thumb_200.jpg` …
    pub name: String,
}

impl KeyTemplate {
    /// What the keys of a project's photos begin with, and no other project's: whole segments and a slash.
    /// `None` where the template sets no project apart so, or made this folder otherwise.
    pub fn project_scope(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        folder: &PhotoFolder,
    ) -> Option<String> {
        let apart = match self.0.as_slice() {
            [Piece::Text(first), rest @ ..] if first.ends_with('/') => (first.as_str(), rest),
            all => ("", all),
        };
        let (first, [Piece::Tenant, Piece::Text(slash), Piece::Project, Piece::Text(next), ..]) = apart
        else {
            return None;
        };
        let scope = format!("{first}{tenant}/{project}/");
        let is_apart = slash == "/" && next.starts_with('/') && folder.as_str().starts_with(&scope);
        is_apart.then_some(scope)
    }
}

/// The part of a photo's keys before the name: kept with its row, so that a changed template never
/// loses an object. Short enough that every name fits behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoFolder(ObjectKey);

impl PhotoFolder {
    /// The folder as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the photo's keys begin with, and no other photo's.
    pub fn scope(&self) -> String {
        format!("{}/", self.0)
    }

    /// The key of the file as captured: `original.jpg`.
    pub fn original(&self, media_type: MediaType) -> ObjectKey {
        self.object("original", media_type)
    }

    /// The key of a smaller picture: `thumb_200.jpg`.
    pub fn variant(&self, name: &VariantName, media_type: MediaType) -> ObjectKey {
        self.object(name.as_str(), media_type)
    }

    fn object(&self, stem: &str, media_type: MediaType) -> ObjectKey {
        ObjectKey(format!("{}/{stem}.{}", self.0, media_type.extension()))
    }
}

impl TryFrom<String> for PhotoFolder {
    type Error = InvalidObjectKey;
    fn try_from(text: String) -> Result<Self, InvalidObjectKey> {
        if text.len() > MAX_KEY_BYTES - MAX_NAME_BYTES {
            return Err(InvalidObjectKey);
        }
        ObjectKey::try_from(text).map(Self)
    }
}

#[cfg(test)]
#[path = "object_key_tests.rs"]
mod tests;
