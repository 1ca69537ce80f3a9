//! Amazon's client, set up for a service that must answer soon or say why not.

use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient};
use aws_smithy_http_client::tls;
use windlass_signing::Addressing;

use super::answer_limit::AnswerLimit;
use super::clock::StoreClock;
use super::settings::{CredentialsFrom, S3Settings, S3SettingsError};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// One try of one call; none of ours carries more than a few megabytes.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(15);
/// All tries of one call.
const CALL_LIMIT: Duration = Duration::from_secs(40);
const ATTEMPTS: u32 = 4;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// How Amazon's tools find out who they are and where: from environment, profile and metadata service.
pub(super) fn default_chain() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client(true))
}

/// Which region, and who gives out credentials. The chain is asked only for what the settings leave open.
pub(super) async fn region_and_credentials(
    settings: &S3Settings,
    chain: impl FnOnce() -> ConfigLoader,
) -> Result<(String, SharedCredentialsProvider), S3SettingsError> {
    let fixed = match &settings.credentials {
        CredentialsFrom::Chain => None,
        CredentialsFrom::Fixed { access_key_id, secret_access_key } => Some(SharedCredentialsProvider::new(
            Credentials::new(access_key_id, secret_access_key, None, None, "settings"),
        )),
    };
    if let (Some(region), Some(fixed)) = (&settings.region, &fixed) {
        return Ok((region.clone(), fixed.clone()));
    }
    let mut chain = chain();
    if let Some(region) = &settings.region {
        chain = chain.region(Region::new(region.clone()));
    }
    let found = chain.load().await;
    let region = found.region().ok_or(S3SettingsError::NoRegion)?.to_string();
    let credentials = fixed.or_else(|| found.credentials_provider()).ok_or(S3SettingsError::NoCredentials)?;
    Ok((region, credentials))
}

/// A client for the bucket of the settings.
pub(super) fn connect(
    settings: &S3Settings,
    region: &str,
    credentials: SharedCredentialsProvider,
    clock: StoreClock,
) -> Client {
    let mut config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .force_path_style(settings.addressing == Addressing::Path)
        .credentials_provider(credentials)
        .http_client(http_client(settings.needs_tls()))
        .interceptor(clock)
        .interceptor(AnswerLimit)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_LIMIT)
                .operation_attempt_timeout(ATTEMPT_LIMIT)
                .operation_timeout(CALL_LIMIT)
                .build(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        // Stores other than Amazon's refuse the trailers that the client would add on its own.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    config.set_endpoint_url(settings.endpoint.clone());
    Client::from_conf(config.build())
}

/// With TLS the system's certificates are read, which takes a while: not for a store on this machine.
fn http_client(tls: bool) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    if tls {
        builder.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https()
    } else {
        builder.build_http()
    }
}
