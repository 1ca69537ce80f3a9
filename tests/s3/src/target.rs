//! Where a server is and how to talk to it.

use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};

use crate::capabilities::Capabilities;

/// An S3 server with one bucket to use.
#[derive(Clone)]
pub struct S3Target {
    /// `http://127.0.0.1:port`, path-style.
    pub endpoint: String,
    /// The region signatures must name.
    pub region: String,
    /// A bucket that exists and is empty at first.
    pub bucket: String,
    /// The access key id of an identity that may do everything in the bucket.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Where this server differs from others.
    pub capabilities: Capabilities,
}

impl fmt::Debug for S3Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Target")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl S3Target {
    /// Amazon's own client for it: plain HTTP, no retries, no checksums it was not asked for.
    pub fn client(&self) -> Client {
        let credentials =
            Credentials::new(&self.access_key_id, &self.secret_access_key, None, None, "s3-suite");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .force_path_style(true)
            .retry_config(RetryConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }

    /// `http://host:port/bucket/key`, without a signature.
    pub fn object_url(&self, key: &str) -> String {
        format!("{}/{}/{key}", self.endpoint, self.bucket)
    }
}
