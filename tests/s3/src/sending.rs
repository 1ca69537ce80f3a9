//! Presigned requests, sent by a plain HTTP client as a browser would send them.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use bytes::Bytes;

use crate::refusal::Refusal;

/// How long a URL is to live.
///
/// # Errors
/// Over a week.
pub fn for_minutes(minutes: u64) -> Result<PresigningConfig> {
    Ok(PresigningConfig::expires_in(Duration::from_secs(60 * minutes))?)
}

/// A URL that was signed an hour ago for a minute.
///
/// # Errors
/// Never with a sane clock.
pub fn long_expired() -> Result<PresigningConfig> {
    let then = SystemTime::now() - Duration::from_secs(3600);
    Ok(PresigningConfig::builder().start_time(then).expires_in(Duration::from_secs(60)).build()?)
}

/// What a browser would send: the signed headers but for `content-length`, which follows from
/// the body, and whatever the test changes.
pub struct Sending {
    /// The HTTP method.
    pub method: reqwest::Method,
    /// The whole URL, signature and all.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Sent with PUT only.
    pub body: Bytes,
}

impl Sending {
    /// A presigned request as it should be sent.
    ///
    /// # Errors
    /// When its method is none.
    pub fn of(presigned: &PresignedRequest, body: &Bytes) -> Result<Self> {
        Ok(Self {
            method: presigned.method().parse()?,
            url: presigned.uri().to_owned(),
            headers: presigned
                .headers()
                .filter(|(name, _)| *name != "content-length")
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.clone(),
        })
    }

    /// With a header set or replaced.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a header left out.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    /// Sends it on a connection of its own.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(self) -> Result<reqwest::Response> {
        let mut request =
            reqwest::Client::builder().no_proxy().build()?.request(self.method.clone(), &self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if self.method == reqwest::Method::PUT {
            request = request.body(self.body);
        }
        request.send().await.context("the server did not answer")
    }

    /// Sends it and expects success.
    ///
    /// # Errors
    /// With the server's words, when it refuses.
    pub async fn accepted(self) -> Result<reqwest::Response> {
        let response = self.send().await?;
        let status = response.status();
        ensure!(status.is_success(), "expected success, got {status}: {}", response.text().await?);
        Ok(response)
    }

    /// Sends it and expects a refusal.
    ///
    /// # Errors
    /// When the server grants it.
    pub async fn refused(self) -> Result<Refusal> {
        let response = self.send().await?;
        let status = response.status().as_u16();
        let body = response.text().await?;
        ensure!((400..500).contains(&status), "expected a refusal, got {status}: {body}");
        let code = body.split_once("<Code>").and_then(|(_, rest)| Some(rest.split_once("</Code>")?.0));
        Ok(Refusal { status, code: code.unwrap_or_default().to_owned() })
    }
}
