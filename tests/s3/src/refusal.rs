//! What a server says when it refuses.

use anyhow::{Result, anyhow, bail};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Status and S3 code of a refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `NoSuchKey` and the like; empty when the answer has no body (HEAD).
    pub code: String,
}

/// The refusal in an SDK's answer; an error when the request was granted or never answered.
///
/// # Errors
/// When there is no refusal.
pub fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Refusal> {
    match answer {
        Ok(granted) => bail!("the server granted what it should refuse: {granted:?}"),
        Err(error) => {
            let status = error.raw_response().map(|response| response.status().as_u16());
            let status = status.ok_or_else(|| anyhow!("the server did not answer: {error:?}"))?;
            Ok(Refusal { status, code: error.code().unwrap_or_default().to_owned() })
        }
    }
}
