//! `GET /s3/params`: one file in one form. Nobody tells the service when it has arrived: it looks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{Method, Uri};
use windlass_protocol::companion::{FormParams, Metadata};

use super::announce::{File, announce};
use crate::api::error::ApiError;
use crate::api::rates::Place;
use crate::api::seconds_left;
use crate::api::uploads::give_up_unbegun;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::SizeClaim;
use crate::domain::unplanned::Way;
use crate::ports::object_store::FormToSign;

/// A file that is to come in one form. Fields of `metadata` beside these are left alone.
#[derive(Debug, Default, PartialEq, Eq, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ParamsQuery {
    /// The name on the client.
    filename: String,
    /// The media type the client believes in.
    #[param(rename = "type", required = false)]
    content_type: String,
    /// The project it belongs to; may be left out where the token covers one project only.
    #[param(rename = "metadata[project_id]")]
    project_id: Option<String>,
    /// The file's size in bytes.
    #[param(rename = "metadata[size]")]
    size: Option<String>,
}

/// Signs a form.
#[utoipa::path(
    get,
    path = "/s3/params",
    operation_id = "companion_params",
    tag = "uppy",
    params(ParamsQuery),
    responses(
        (status = 200, body = FormParams),
    ),
    security(("token" = []))
)]
pub async fn params(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    method: Method,
    uri: Uri,
) -> Result<Response, ApiError> {
    // A look at the headers alone, which routes of GET take as well, is to change nothing.
    if method == Method::HEAD {
        // The router says this of the methods that it refuses, and it does not refuse this one.
        return Ok(([(ALLOW, "GET")], ApiError::MethodNotAllowed).into_response());
    }
    let query = ParamsQuery::read(uri.query().unwrap_or_default());
    let metadata = query.metadata()?;
    let file = File {
        filename: &query.filename,
        content_type: &query.content_type,
        metadata: &metadata,
        way: Way::Form,
    };
    let now = app.clock.now();
    let upload = announce(&app, &caller, &place, file).await?;
    let file = &upload.facts().file;
    let least_bytes = match file.size_claim {
        SizeClaim::Exactly => file.size_bytes,
        SizeClaim::AtMost => {
            app.settings.limits.for_kind(file.media_type.kind()).map_or(1, |accepted| *accepted.start())
        }
    };
    let form = FormToSign {
        key: &upload.original_key(),
        sizes_bytes: least_bytes..=file.size_bytes,
        content_type: file.media_type.mime(),
    };
    let signed = match app.store.sign_form(&form, app.settings.put_window(now)).await {
        Ok(signed) => signed,
        Err(error) => {
            give_up_unbegun(&app, &upload).await;
            return Err(error.into());
        }
    };
    app.awaited.add(&upload, now, app.settings.bytes_may_arrive_for(&upload));
    let params = FormParams {
        method: "POST".to_owned(),
        url: signed.url,
        fields: signed.fields,
        expires: seconds_left(signed.expires_at, now),
    };
    Ok(Json(params).into_response())
}

impl ParamsQuery {
    /// Reads what is known; of a name given twice the last one counts, as for Companion.
    fn read(query: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "filename" => read.filename = value.into_owned(),
                "type" => read.content_type = value.into_owned(),
                "metadata[project_id]" => read.project_id = Some(value.into_owned()),
                "metadata[size]" => read.size = Some(value.into_owned()),
                _ => {}
            }
        }
        read
    }

    fn metadata(&self) -> Result<Metadata, ApiError> {
        let wrong =
            |field: &str, reason: String| ApiError::InvalidRequest { field: Some(field.to_owned()), reason };
        let project_id = self.project_id.as_deref().map(str::parse).transpose();
        let size = self.size.as_deref().map(str::parse).transpose();
        Ok(Metadata {
            project_id: project_id.map_err(|error: windlass_protocol::ids::InvalidId| {
                wrong("metadata[project_id]", error.to_string())
            })?,
            size: size.map_err(|_| wrong("metadata[size]", "is not a number of bytes".to_owned()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_that_is_not_ours_is_left_alone() {
        let query = "filename=a+b.jpg&type=image%2Fjpeg&metadata%5Bname%5D=x&metadata[relativePath]=null\
                     &metadata%5Bproject_id%5D=job-7&metadata%5Bsize%5D=4096";
        let read = ParamsQuery::read(query);
        assert_eq!((read.filename.as_str(), read.content_type.as_str()), ("a b.jpg", "image/jpeg"));
        let metadata = read.metadata().unwrap();
        assert_eq!(metadata.project_id.unwrap().as_str(), "job-7");
        assert_eq!(metadata.size, Some(4096));
        for odd in ["metadata[size]=4e3", "metadata[size]=-1", "metadata[project_id]=..%2Fother"] {
            assert!(ParamsQuery::read(odd).metadata().is_err(), "{odd}");
        }
    }
}
