//! What handlers are given: the caller, ids and bodies, each already checked. Failures are [`ApiError`]s.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request};
use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use windlass_protocol::API_PREFIX;

use super::access::holder_of_link;
use super::error::ApiError;
use super::scopes;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload_link;

/// How long a body may take to arrive: the largest one this service reads, on a bad network.
const BODY_LIMIT: Duration = Duration::from_secs(30);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(ApiError::NoToken) };
        let token = value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(ApiError::NoToken)?;
        let caller = if token.starts_with(upload_link::PREFIX) {
            holder_of_link(app, token).await?
        } else {
            app.tokens.identify(token, app.clock.now()).await?
        };
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let rule = scopes::of(&parts.method, route.strip_prefix(API_PREFIX).unwrap_or(route));
        let rule =
            rule.ok_or_else(|| ApiError::Internal(format!("{route} is not in the table of scopes")))?;
        caller.require_any(rule)?;
        Ok(caller)
    }
}

/// An id in the path. What is no id names nothing: 404.
pub struct Id<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, app).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(ApiError::NotFound("There is nothing of this id")),
        }
    }
}

/// The query string.
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
            .map(Self)
            .map_err(|error| wrong_field(&error.path().to_string(), error.inner()))
    }
}

/// A JSON body.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        read_json(&read_json_body(request, app).await?).map(Self)
    }
}

/// The bytes of a body that may be JSON by what is said of it.
pub async fn read_json_body(request: Request, app: &App) -> Result<Bytes, ApiError> {
    if !may_be_json(&request, app.settings.plain_clients) {
        return Err(not_sent_as_json());
    }
    read(request).await
}

/// A JSON body that may be absent altogether. One that is `null` is absent as well: so the description has it, and so some
/// clients write one that they do not have.
pub struct OptionalJsonBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for OptionalJsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let may_be_json = may_be_json(&request, app.settings.plain_clients);
        let body = read(request).await?;
        match (body.is_empty(), may_be_json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => read_json::<Option<T>>(&body).map(|read| Self(read.unwrap_or_default())),
            (false, false) => Err(not_sent_as_json()),
        }
    }
}

/// Whether the client has this version (RFC 9110, section 13.1.2).
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let etag = etag.trim_start_matches("W/");
    known_etags(headers).any(|known| known == etag || known == "*")
}

/// What the client has, by ETags as they are compared: without the mark of weak ones.
pub fn known_etags(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|candidate| candidate.trim().trim_start_matches("W/"))
}

/// Whether a body is read as JSON. A plain client's `fetch` names no type, and browsers then say `text/plain`.
fn may_be_json(request: &Request, is_plain_client: bool) -> bool {
    let Some(content_type) = request.headers().get(CONTENT_TYPE) else { return is_plain_client };
    let essence = content_type.to_str().ok().and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| {
        essence.eq_ignore_ascii_case("application/json")
            || (is_plain_client && essence.eq_ignore_ascii_case("text/plain"))
    })
}

fn not_sent_as_json() -> ApiError {
    ApiError::InvalidJson("the body must be sent as Content-Type: application/json".to_owned())
}

async fn read(request: Request) -> Result<Bytes, ApiError> {
    let arriving = tokio::time::timeout(BODY_LIMIT, Bytes::from_request(request, &())).await;
    arriving.map_err(|_| ApiError::RequestTimeout)?.map_err(|rejection: BytesRejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::RequestTooLarge
        } else {
            ApiError::InvalidJson("the body did not arrive whole".to_owned())
        }
    })
}

/// The object a body holds.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // A struct would be read from a list of its values as well.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::InvalidRequest {
            field: None,
            reason: "the body must be an object".to_owned(),
        });
    }
    // To know where a mistake is costs as much as reading, and mistakes are rare.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => wrong_field(&path, &inner),
            Category::Syntax | Category::Eof | Category::Io => ApiError::InvalidJson(inner.to_string()),
        }
    })?;
    json.end().map_err(|error| ApiError::InvalidJson(error.to_string()))?;
    Ok(value)
}

/// A value that does not fit, at a path such as `files[2].size`. Of a field that is missing serde knows the name only in words, and the path
/// only of what lacks it.
pub fn wrong_field(path: &str, error: &impl fmt::Display) -> ApiError {
    let reason = error.to_string();
    let missing = reason.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match (missing, path) {
        (Some((name, _)), ".") => missing_field(name.to_owned()),
        (Some((name, _)), path) => missing_field(format!("{path}.{name}")),
        (None, ".") => ApiError::InvalidRequest { field: None, reason },
        (None, path) => ApiError::InvalidRequest { field: Some(path.to_owned()), reason },
    }
}

fn missing_field(field: String) -> ApiError {
    ApiError::InvalidRequest { field: Some(field), reason: "is missing".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures::StreamExt as _;
    use futures::stream;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_not_waited_for() {
        let drip = stream::iter([Ok::<_, std::io::Error>("{")]).chain(stream::pending());
        let request = Request::new(Body::from_stream(drip));
        assert!(matches!(read(request).await, Err(ApiError::RequestTimeout)));
    }
}
