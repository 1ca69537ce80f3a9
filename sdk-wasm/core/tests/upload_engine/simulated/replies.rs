//! What the simulated service says: photos, problems, and the time.

use std::collections::BTreeMap;

use windlass_core::upload::{Refusal, ServiceFailure};
use windlass_protocol::create_uploads::FileToUpload;
use windlass_protocol::photo::MediaKind;
use windlass_protocol::{
    ErrorCode, PartNumber, Photo, Problem, ProjectId, Timestamp, UploadId, UploadStatus,
};

pub fn refusal(code: ErrorCode, missing_parts: Vec<PartNumber>) -> ServiceFailure {
    let problem = problem(code, missing_parts);
    ServiceFailure::Refused(Box::new(Refusal {
        problem,
        retry_after_ms: None,
        request_id: Some("req-1".to_owned()),
    }))
}

pub fn problem(code: ErrorCode, missing_parts: Vec<PartNumber>) -> Problem {
    let (kind, title) = ("urn:windlass:problem:test".to_owned(), code.title().to_owned());
    let detail = format!("{title}, says the test.");
    Problem {
        kind,
        title,
        status: 400,
        code,
        detail,
        field: None,
        file: None,
        missing_parts,
        request_id: None,
    }
}

pub fn photo(id: UploadId, file: &FileToUpload) -> Photo {
    Photo {
        photo_id: id.into(),
        project_id: "p".parse::<ProjectId>().unwrap(),
        filename: file.filename.clone(),
        content_type: file.content_type.clone(),
        size: file.size,
        status: UploadStatus::Uploaded,
        status_reason: None,
        kind: MediaKind::Photo,
        width: None,
        height: None,
        taken_at: None,
        location: None,
        metadata: None,
        url: Some(String::new()),
        variants: BTreeMap::new(),
        url_expires_at: Some(moment()),
        created_by: None,
        created_at: moment(),
        uploaded_at: None,
        caption: None,
        tags: Vec::new(),
        status_history: Vec::new(),
    }
}

/// The engine must not look at it: a client's clock may be a day off.
pub fn moment() -> Timestamp {
    Timestamp::from_unix_millis(0).unwrap()
}
