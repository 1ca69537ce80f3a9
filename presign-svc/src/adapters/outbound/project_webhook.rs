//! The project check by HTTPS: `POST {"tenant", "subject", "project_id"}` with the shared secret as bearer
//! token; the answer is 200 and `{"allowed": true}` or `{"allowed": false}`.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::json;
use windlass_protocol::{ProjectId, TenantId};

use super::{Outbound, OutboundUrl};
use crate::ports::key_source::FetchError;
use crate::ports::project_check::ProjectCheck;

/// Somebody waits for this with a phone in the hand.
const LIMIT: Duration = Duration::from_secs(3);
const MAX_BYTES: usize = 4096;

/// A company's own system behind one fixed address.
pub struct ProjectWebhook {
    url: OutboundUrl,
    authorization: Option<HeaderValue>,
    outbound: Outbound,
}

#[derive(Deserialize)]
struct Answer {
    allowed: bool,
}

impl ProjectWebhook {
    /// At that address; `secret` proves that it is Windlass who asks.
    pub fn at(url: OutboundUrl, secret: Option<&str>) -> io::Result<Self> {
        let authorization =
            secret.map(|secret| HeaderValue::try_from(format!("Bearer {secret}"))).transpose();
        let mut authorization = authorization.map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "the secret has characters no header may have")
        })?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self { url, authorization, outbound: Outbound::new(LIMIT, MAX_BYTES)? })
    }
}

#[async_trait]
impl ProjectCheck for ProjectWebhook {
    async fn may_touch(
        &self,
        tenant: &TenantId,
        subject: &str,
        project: &ProjectId,
    ) -> Result<bool, FetchError> {
        let question = json!({"tenant": tenant, "subject": subject, "project_id": project}).to_string();
        let mut request = Request::post(self.url.0.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let request =
            request.body(Full::new(Bytes::from(question))).map_err(|error| FetchError(error.to_string()))?;
        let body = self.outbound.send(request).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| FetchError("the answer is not {\"allowed\": true} or false".to_owned()))?;
        Ok(answer.allowed)
    }
}
