//! What an operator says about the bucket.

use std::fmt;

use windlass_signing::{Addressing, Endpoint, InvalidEndpoint};

/// Where the bucket is and who we are there.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// The bucket's name.
    pub bucket: String,
    /// Such as `eu-central-1`; `None` asks the environment and the profile, as Amazon's tools do.
    pub region: Option<String>,
    /// Scheme, host and port the service reaches the store at; `None` is Amazon's own for the region.
    pub endpoint: Option<String>,
    /// The same for browsers, where they reach it at another address, as outside a container's network.
    pub public_endpoint: Option<String>,
    /// Whether browsers bring bytes by S3 Transfer Acceleration; they fetch them as otherwise.
    pub accelerate: bool,
    /// Where addresses name the bucket: Amazon prefers the host, most other stores the path.
    pub addressing: Addressing,
    /// Who we are.
    pub credentials: CredentialsFrom,
}

/// Where credentials come from.
#[derive(Clone)]
pub enum CredentialsFrom {
    /// Amazon's default chain: environment, profile, SSO, web identity, container, instance. Temporary
    /// ones are renewed before they end.
    Chain,
    /// Fixed ones, as of the embedded store.
    Fixed {
        /// The public half.
        access_key_id: String,
        /// The secret half.
        secret_access_key: String,
    },
}

impl fmt::Debug for CredentialsFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "Chain",
            Self::Fixed { .. } => "Fixed(redacted)",
        })
    }
}

/// Settings no store can be made from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3SettingsError {
    /// Neither the settings nor the environment name a region.
    #[error("no region is set for the bucket: name one, or set AWS_REGION")]
    NoRegion,
    /// The default chain of credentials could not be set up.
    #[error("Amazon's default chain of credentials could not be set up")]
    NoCredentials,
    /// The bucket's address cannot be made from them.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
}

/// Amazon's edge that takes uploads (Amazon S3 User Guide, "Getting started with Amazon S3 Transfer
/// Acceleration"); the bucket is in the host.
const ACCELERATED: &str = "https://s3-accelerate.amazonaws.com";

impl S3Settings {
    /// Where browsers are sent to bring bytes.
    pub(super) fn signing_endpoint(&self, region: &str) -> Result<Endpoint, S3SettingsError> {
        if self.accelerate {
            return Ok(Endpoint::new(ACCELERATED, region, &self.bucket, Addressing::VirtualHost)?);
        }
        self.plain_endpoint(region)
    }

    /// Where browsers are sent to fetch, where that is elsewhere.
    pub(super) fn reading_endpoint(&self, region: &str) -> Result<Option<Endpoint>, S3SettingsError> {
        self.accelerate.then(|| self.plain_endpoint(region)).transpose()
    }

    fn plain_endpoint(&self, region: &str) -> Result<Endpoint, S3SettingsError> {
        let amazons = || amazon_endpoint(region);
        let origin = self.public_endpoint.clone().or_else(|| self.endpoint.clone()).unwrap_or_else(amazons);
        Ok(Endpoint::new(&origin, region, &self.bucket, self.addressing)?)
    }

    /// Whether any request of ours may need TLS: to the store, or to where credentials come from.
    pub(super) fn needs_tls(&self) -> bool {
        let plain_store = self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        !plain_store || matches!(self.credentials, CredentialsFrom::Chain)
    }
}

/// Amazon's endpoint of a region; the regions in China have a domain of their own.
fn amazon_endpoint(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://s3.{region}.amazonaws.com{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> S3Settings {
        S3Settings {
            bucket: "photos".into(),
            region: None,
            endpoint: None,
            public_endpoint: None,
            accelerate: false,
            addressing: Addressing::VirtualHost,
            credentials: CredentialsFrom::Chain,
        }
    }

    #[test]
    fn without_an_endpoint_it_is_amazons_of_the_region() {
        let origin = |region| settings().signing_endpoint(region).unwrap().origin().to_owned();
        assert_eq!(origin("eu-central-1"), "https://photos.s3.eu-central-1.amazonaws.com");
        assert_eq!(origin("cn-north-1"), "https://photos.s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn browsers_are_sent_to_the_public_endpoint() {
        let inside = S3Settings {
            endpoint: Some("http://garage:3900".into()),
            addressing: Addressing::Path,
            ..settings()
        };
        assert_eq!(inside.signing_endpoint("garage").unwrap().origin(), "http://garage:3900");
        let outside = S3Settings { public_endpoint: Some("https://photos.example".into()), ..inside };
        assert_eq!(outside.signing_endpoint("garage").unwrap().origin(), "https://photos.example");
    }

    #[test]
    fn acceleration_takes_uploads_and_leaves_the_rest_where_it_is() {
        let fast = S3Settings { accelerate: true, addressing: Addressing::Path, ..settings() };
        let host = |endpoint: Endpoint| endpoint.origin().to_owned();
        assert_eq!(
            host(fast.signing_endpoint("us-east-1").unwrap()),
            "https://photos.s3-accelerate.amazonaws.com"
        );
        let reading = fast.reading_endpoint("us-east-1").unwrap().unwrap();
        assert_eq!(host(reading), "https://s3.us-east-1.amazonaws.com");
        assert_eq!(settings().reading_endpoint("us-east-1"), Ok(None));
        let dotted = S3Settings { bucket: "my.photos".into(), ..fast };
        assert!(dotted.signing_endpoint("us-east-1").is_err(), "no certificate covers it");
    }

    #[test]
    fn printed_settings_hold_no_secret() {
        let credentials =
            CredentialsFrom::Fixed { access_key_id: "canary-id".into(), secret_access_key: "canary".into() };
        assert!(!format!("{:?}", S3Settings { credentials, ..settings() }).contains("canary"));
    }
}
