//! `GET /s3/multipart/{uploadId}/{partNumber}` and `…/batch`: signed URLs of parts. Uppy does not say how large
//! a part is, so its length is not signed; what the parts are together is checked when they are joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use windlass_protocol::companion::{BatchParams, MAX_BATCH, PartParams};
use windlass_protocol::sign_parts::PartToSign;
use windlass_protocol::{PartNumber, UploadId};

use super::{KeyQuery, find};
use crate::api::error::ApiError;
use crate::api::extract::{Id, QueryOf};
use crate::api::rates::Place;
use crate::api::seconds_left;
use crate::api::uploads::sign_some;
use crate::app::App;
use crate::auth::Caller;

/// Several parts of one upload.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct BatchQuery {
    /// The object's key, as it was answered.
    #[param(required = true)]
    key: Option<String>,
    /// Their numbers, separated by commas.
    #[param(required = true)]
    part_numbers: Option<String>,
}

/// Signs one part.
#[utoipa::path(
    get,
    path = "/s3/multipart/{upload_id}/{part_number}",
    operation_id = "companion_sign_part",
    tag = "uppy",
    params(
        ("upload_id" = UploadId, Path, description = "The upload"),
        ("part_number" = PartNumber, Path, description = "The part"),
        KeyQuery
    ),
    responses(
        (status = 200, body = PartParams),
    ),
    security(("token" = []))
)]
pub async fn sign_one(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id((id, part_number)): Id<(UploadId, PartNumber)>,
    QueryOf(query): QueryOf<KeyQuery>,
) -> Result<Json<PartParams>, ApiError> {
    find(&app, &caller, id, &query).await?;
    let wanted = [PartToSign { part_number, checksum: None }];
    let now = app.clock.now();
    let (parts, expires_at) = sign_some(&app, &caller, &place, id, &wanted).await?;
    let [part] = <[_; 1]>::try_from(parts)
        .map_err(|parts| ApiError::Internal(format!("{} URLs for one part", parts.len())))?;
    Ok(Json(PartParams { url: part.url, expires: seconds_left(expires_at, now) }))
}

/// Signs several parts.
#[utoipa::path(
    get,
    path = "/s3/multipart/{upload_id}/batch",
    operation_id = "companion_sign_batch",
    tag = "uppy",
    params(("upload_id" = UploadId, Path, description = "The upload"), BatchQuery),
    responses(
        (status = 200, body = BatchParams),
    ),
    security(("token" = []))
)]
pub async fn sign_batch(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<UploadId>,
    QueryOf(query): QueryOf<BatchQuery>,
) -> Result<Json<BatchParams>, ApiError> {
    let BatchQuery { key, part_numbers } = query;
    find(&app, &caller, id, &KeyQuery { key }).await?;
    let wanted = read_numbers(part_numbers.as_deref().unwrap_or_default())?;
    let (parts, _) = sign_some(&app, &caller, &place, id, &wanted).await?;
    let presigned_urls = parts.into_iter().map(|part| (part.part_number.to_string(), part.url)).collect();
    Ok(Json(BatchParams { presigned_urls }))
}

/// `4,6,7,21`; a number that is named twice is signed once.
fn read_numbers(text: &str) -> Result<Vec<PartToSign>, ApiError> {
    let wrong = |reason: &str| ApiError::InvalidRequest {
        field: Some("partNumbers".to_owned()),
        reason: reason.to_owned(),
    };
    let numbers: BTreeSet<PartNumber> = text
        .split(',')
        .map(|number| number.trim().parse::<u32>().ok().and_then(|number| number.try_into().ok()))
        .collect::<Option<_>>()
        .ok_or_else(|| wrong("must be numbers from 1 to 10000, separated by commas"))?;
    if numbers.len() > MAX_BATCH {
        return Err(wrong(&format!("may be {MAX_BATCH} at once")));
    }
    Ok(numbers.into_iter().map(|part_number| PartToSign { part_number, checksum: None }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_companion_reads_them() {
        let read = |text| {
            let numbers = read_numbers(text).ok()?;
            Some(numbers.iter().map(|part| part.part_number.get()).collect::<Vec<_>>())
        };
        assert_eq!(read("4,6, 7,21,6"), Some(vec![4, 6, 7, 21]));
        for odd in ["", ",", "1,", "0", "10001", "one", "1;2", "-1"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        let many: Vec<String> = (1..=1001).map(|number| number.to_string()).collect();
        assert_eq!(read(&many.join(",")), None);
    }
}
