//! Reading an announcement, so that a file whose name or checksum is not well formed does not refuse the others.
//!
//! Almost every announcement is read at once. Only where that fails over such a text is it read file by file.
//! What else is wrong, such as a field nobody knows, is the program's mistake: the request is refused.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde_json::Value;
use windlass_protocol::ProjectId;
use windlass_protocol::create_uploads::{CreateUploadsRequest, FileToUpload};

use crate::api::error::ApiError;
use crate::api::extract::{read_json, read_json_body, wrong_field};
use crate::app::App;

/// The body of `POST /uploads`, as far as it can be read.
pub struct AnnouncedFiles {
    /// The project the files belong to.
    pub project_id: ProjectId,
    /// In the order of the request.
    pub files: Vec<ReadFile>,
}

/// A file of an announcement.
pub enum ReadFile {
    /// It can be read.
    Sound(Box<FileToUpload>),
    /// One of its texts is not well formed.
    Malformed {
        /// As in the request.
        client_ref: String,
        /// What is wrong.
        error: ApiError,
    },
}

/// The same without a look at the files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnreadFiles {
    project_id: ProjectId,
    files: Vec<Value>,
}

impl FromRequest<Arc<App>> for AnnouncedFiles {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        read_announcement(&read_json_body(request, app).await?)
    }
}

fn read_announcement(body: &[u8]) -> Result<AnnouncedFiles, ApiError> {
    let whole = match read_json::<CreateUploadsRequest>(body) {
        Ok(request) => {
            let files = request.files.into_iter().map(|file| ReadFile::Sound(Box::new(file))).collect();
            return Ok(AnnouncedFiles { project_id: request.project_id, files });
        }
        Err(error) => error,
    };
    let ApiError::InvalidRequest { field: Some(field), .. } = &whole else { return Err(whole) };
    if !is_text_of_a_file(field) {
        return Err(whole);
    }
    let request: UnreadFiles = read_json(body)?;
    let files = request.files.into_iter().enumerate().map(|(index, file)| read_file(index, file));
    Ok(AnnouncedFiles { project_id: request.project_id, files: files.collect::<Result<_, _>>()? })
}

/// A file that can be read or that is refused by itself; an error refuses the request.
fn read_file(index: usize, file: Value) -> Result<ReadFile, ApiError> {
    let error = match serde_path_to_error::deserialize::<_, FileToUpload>(&file) {
        Ok(file) => return Ok(ReadFile::Sound(Box::new(file))),
        Err(error) => error,
    };
    let path = error.path().to_string();
    let is_malformed_text = is_text_of_a_file(&path) && text_at(&file, &path).is_some();
    match text_at(&file, "client_ref") {
        Some(client_ref) if is_malformed_text => Ok(ReadFile::Malformed {
            client_ref: client_ref.to_owned(),
            error: wrong_field(&path, error.inner()),
        }),
        _ => {
            // What the file itself lacks has the path `.`.
            let file = format!("files[{index}]");
            let place = if path == "." { file } else { format!("{file}.{path}") };
            Err(wrong_field(&place, error.inner()))
        }
    }
}

/// Whether a path such as `variants[1].checksum` leads to a text with a form of its own.
fn is_text_of_a_file(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("client_ref" | "checksum" | "unless_stored"))
}

/// The text at such a path.
fn text_at<'v>(file: &'v Value, path: &str) -> Option<&'v str> {
    let pointer = path.replace(['.', '['], "/").replace(']', "");
    file.pointer(&format!("/{pointer}"))?.as_str()
}
