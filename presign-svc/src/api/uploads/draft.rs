//! From a file's description to an upload that can be recorded.

use time::OffsetDateTime;
use windlass_protocol::create_uploads::{FileToUpload, MAX_VARIANTS, VariantToUpload};
use windlass_protocol::{ClientRef, PhotoId, ProjectId};

use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::{AnnouncedFile, FileClaim, TransferChoice, accept_file};
use crate::domain::object_key::NoFolder;
use crate::domain::upload::{Announcement, Upload};
use crate::domain::variant::{VariantClaim, accept_variants};

/// What is to be recorded for one file.
pub struct Draft<'a> {
    /// Who announces it.
    pub caller: &'a Caller,
    /// For which project.
    pub project: &'a ProjectId,
    /// The file.
    pub file: FileClaim,
    /// Its smaller pictures.
    pub variants: Vec<VariantClaim>,
    /// The idempotency key.
    pub client_ref: ClientRef,
}

/// Checks a file and makes an upload of it, not recorded yet.
pub fn draft(app: &App, draft: Draft<'_>, now: OffsetDateTime) -> Result<Upload, ApiError> {
    let Draft { caller, project, file, variants, client_ref } = draft;
    let file = accept_file(file, &app.settings.limits, TransferChoice::BySize).map_err(ApiError::Refused)?;
    let variants = accept_variants(variants, MAX_VARIANTS).map_err(ApiError::Refused)?;
    let facts = announcement(app, caller, project, file, now)?;
    let client_ref = within_link(caller, client_ref)?;
    Ok(Upload::announce(facts, Some(client_ref), variants, now + app.settings.upload_deadline))
}

/// What is settled of a file that is taken.
pub fn announcement(
    app: &App,
    caller: &Caller,
    project: &ProjectId,
    file: AnnouncedFile,
    now: OffsetDateTime,
) -> Result<Announcement, ApiError> {
    let id = app.ids.upload_id(now);
    let folder = app.settings.key_template.folder(&caller.tenant, project, PhotoId::from(id), now).map_err(
        |error| match error {
            NoFolder::Reserved => {
                let reason = format!("cannot hold files for {}: its folder {error}", caller.tenant);
                ApiError::InvalidRequest { field: Some("project_id".to_owned()), reason }
            }
            NoFolder::NotAKey(error) => ApiError::Internal(error.to_string()),
        },
    )?;
    Ok(Announcement {
        id,
        tenant: caller.tenant.clone(),
        project: project.clone(),
        created_by: caller.subject.clone(),
        file,
        folder,
        created_at: now,
    })
}

/// The name as it is recorded: holders of upload links name files among their own only.
fn within_link(caller: &Caller, name: ClientRef) -> Result<ClientRef, ApiError> {
    let Some((link, _)) = &caller.link else { return Ok(name) };
    ClientRef::try_from(format!("{link}/{name}")).map_err(|_| ApiError::InvalidRequest {
        field: Some("client_ref".to_owned()),
        reason: "may have 163 bytes through an upload link".to_owned(),
    })
}

impl From<VariantToUpload> for VariantClaim {
    fn from(wire: VariantToUpload) -> Self {
        let VariantToUpload { name, content_type, size, width, height, checksum } = wire;
        Self { name, content_type, size_bytes: size, width, height, checksum }
    }
}

impl Draft<'_> {
    /// A file of a batch.
    pub fn of_batch<'a>(caller: &'a Caller, project: &'a ProjectId, wire: FileToUpload) -> Draft<'a> {
        let FileToUpload {
            client_ref,
            filename,
            content_type,
            size,
            checksum,
            metadata,
            preferred_part_size,
            unless_stored: _,
            variants,
        } = wire;
        Draft {
            caller,
            project,
            file: FileClaim {
                filename,
                content_type,
                size_bytes: size,
                checksum,
                metadata,
                preferred_part_size_bytes: preferred_part_size,
            },
            variants: variants.into_iter().map(VariantClaim::from).collect(),
            client_ref,
        }
    }
}
