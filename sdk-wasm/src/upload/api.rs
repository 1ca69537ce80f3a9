//! Requests to the service, by `fetch`, with the token, its answers and its problems.

use gloo_net::http::{Method, RequestBuilder, Response};
use js_sys::{JSON, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, RequestCache};
use windlass_core::upload::verdict::nearest_code;
use windlass_core::upload::{Refusal, ServiceFailure, retry_after_ms};
use windlass_protocol::complete_upload::CompleteUploadRequest;
use windlass_protocol::create_uploads::{CreateUploadsRequest, CreateUploadsResponse};
use windlass_protocol::list_parts::ListPartsResponse;
use windlass_protocol::report_previews::ReportPreviewsRequest;
use windlass_protocol::sign_parts::{SignPartsRequest, SignPartsResponse};
use windlass_protocol::sign_pieces::{SignPiecesRequest, SignPiecesResponse};
use windlass_protocol::{API_PREFIX, Photo, Problem, UploadId};

/// One caller's way to the service: for one request, with the token of the moment.
pub(super) struct Api {
    pub endpoint: String,
    pub token: String,
    pub signal: AbortSignal,
}

impl Api {
    pub async fn create(
        &self,
        request: &CreateUploadsRequest,
    ) -> Result<CreateUploadsResponse, ServiceFailure> {
        parse(self.send(Method::POST, "/uploads", Some(json(request)?)).await?).await
    }

    pub async fn sign_parts(
        &self,
        id: UploadId,
        request: &SignPartsRequest,
    ) -> Result<SignPartsResponse, ServiceFailure> {
        parse(self.send(Method::POST, &format!("/uploads/{id}/parts"), Some(json(request)?)).await?).await
    }

    pub async fn sign_pieces(
        &self,
        id: UploadId,
        request: &SignPiecesRequest,
    ) -> Result<SignPiecesResponse, ServiceFailure> {
        parse(self.send(Method::POST, &format!("/uploads/{id}/pieces"), Some(json(request)?)).await?).await
    }

    pub async fn list_parts(&self, id: UploadId) -> Result<ListPartsResponse, ServiceFailure> {
        parse(self.send(Method::GET, &format!("/uploads/{id}/parts"), None).await?).await
    }

    pub async fn complete(
        &self,
        id: UploadId,
        request: &CompleteUploadRequest,
    ) -> Result<Box<Photo>, ServiceFailure> {
        let answer =
            self.send(Method::POST, &format!("/uploads/{id}/complete"), Some(json(request)?)).await?;
        parse(answer).await
    }

    pub async fn report_previews(&self, request: &ReportPreviewsRequest) -> Result<(), ServiceFailure> {
        self.send(Method::POST, "/uploads/previews", Some(json(request)?)).await.map(|_| ())
    }

    pub async fn abort(&self, id: UploadId) -> Result<(), ServiceFailure> {
        self.send(Method::DELETE, &format!("/uploads/{id}"), None).await.map(|_| ())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Response, ServiceFailure> {
        let request = RequestBuilder::new(&format!("{}{API_PREFIX}{path}", self.endpoint))
            .method(method)
            .cache(RequestCache::NoStore)
            .header("authorization", &format!("Bearer {}", self.token))
            .abort_signal(Some(&self.signal));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request.build(),
        };
        let request = request.map_err(|_| ServiceFailure::NoAnswer)?;
        let answer = request.send().await.map_err(|_| ServiceFailure::NoAnswer)?;
        if answer.ok() { Ok(answer) } else { Err(refusal(answer).await) }
    }
}

async fn refusal(answer: Response) -> ServiceFailure {
    let header = |name| answer.headers().get(name);
    let status = answer.status();
    let retry_after_ms = header("retry-after").as_deref().and_then(retry_after_ms);
    let request_id = header("x-request-id");
    match answer.text().await.ok().and_then(|body| problem(&body, status)) {
        Some(problem) => ServiceFailure::Refused(Box::new(Refusal { problem, retry_after_ms, request_id })),
        // A body that is not the contract's was not written by the service.
        None => ServiceFailure::Unintelligible { status, retry_after_ms },
    }
}

/// The problem that a body is, also one whose code this build does not know.
fn problem(body: &str, status: u16) -> Option<Problem> {
    let value = JSON::parse(body).ok()?;
    if let Ok(problem) = serde_wasm_bindgen::from_value(value.clone()) {
        return Some(problem);
    }
    let text = |name: &str| Reflect::get(&value, &name.into()).ok()?.as_string();
    text("code").and(text("detail")).map(|detail| Problem {
        kind: String::new(),
        title: String::new(),
        status,
        code: nearest_code(status),
        detail,
        field: None,
        file: None,
        missing_parts: Vec::new(),
        request_id: None,
    })
}

/// The browser's own JSON parser: fast, and no second one to download.
async fn parse<T: DeserializeOwned>(answer: Response) -> Result<T, ServiceFailure> {
    let status = answer.status();
    let text = answer.text().await.map_err(|_| ServiceFailure::NoAnswer)?;
    let value = JSON::parse(&text).ok().and_then(|value| serde_wasm_bindgen::from_value(value).ok());
    value.ok_or(ServiceFailure::Unintelligible { status, retry_after_ms: None })
}

fn json(body: &impl Serialize) -> Result<String, ServiceFailure> {
    let value = body.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::UNDEFINED);
    let text = JSON::stringify(&value).ok().and_then(|text| text.as_string());
    text.ok_or(ServiceFailure::NoAnswer)
}
