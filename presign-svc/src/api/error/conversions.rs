//! What fails in the rooms below, as the API's error.

use super::ApiError;
use crate::auth::{MissingScope, TokenError};
use crate::domain::description::InvalidDescription;
use crate::domain::upload::InvalidTransition;
use crate::jobs::NotFinished;
use crate::ports::object_store::StoreError;
use crate::ports::uploads::RepositoryError;

impl From<MissingScope> for ApiError {
    fn from(missing: MissingScope) -> Self {
        Self::Scope(missing)
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        Self::Record(error)
    }
}

impl From<InvalidTransition> for ApiError {
    fn from(refused: InvalidTransition) -> Self {
        Self::UploadClosed(refused.from)
    }
}

impl From<InvalidDescription> for ApiError {
    fn from(InvalidDescription { field, reason }: InvalidDescription) -> Self {
        Self::InvalidRequest { field: Some(field), reason }
    }
}

impl From<NotFinished> for ApiError {
    fn from(error: NotFinished) -> Self {
        match error {
            NotFinished::NotFound => Self::NotFound("There is no such upload"),
            NotFinished::PartsMissing(parts) => Self::PartsMissing(parts),
            NotFinished::BytesMissing => Self::BytesMissing,
            NotFinished::Assembling => Self::Assembling,
            NotFinished::Refused(failure) => Self::Failure(failure),
            NotFinished::Closed(status) => Self::UploadClosed(status),
            NotFinished::Unverifiable(error) => {
                Self::InvalidRequest { field: Some("checksum".to_owned()), reason: error.to_string() }
            }
            NotFinished::Store(error) => Self::Store(error),
            NotFinished::Record(error) => Self::Record(error),
            NotFinished::Panicked(words) => Self::Internal(words),
        }
    }
}
