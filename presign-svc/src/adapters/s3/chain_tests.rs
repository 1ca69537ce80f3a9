//! Region and credentials from Amazon's default chain, here from profile files.

use std::io::Write as _;
use std::time::Duration;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use windlass_signing::Addressing;

use super::{CredentialsFrom, S3Settings, S3Store, client};
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{GetToSign, ObjectStore as _, SigningWindow};

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// A store whose region and credentials come from these two files alone.
async fn connect(region: Option<&str>, config: &NamedTempFile) -> S3Store {
    let settings = S3Settings {
        bucket: "photos".into(),
        region: region.map(str::to_owned),
        endpoint: None,
        public_endpoint: None,
        accelerate: false,
        addressing: Addressing::VirtualHost,
        credentials: CredentialsFrom::Chain,
    };
    let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Config, config.path()).build();
    let chain = || client::default_chain().empty_test_environment().profile_files(files);
    let (region, credentials) = client::region_and_credentials(&settings, chain).await.unwrap();
    S3Store::with_provider(&settings, &region, credentials).unwrap()
}

async fn signed_get(store: &S3Store) -> (String, OffsetDateTime) {
    let key = ObjectKey::try_from("acme/job/photo.jpg".to_owned()).unwrap();
    let get = GetToSign {
        key: &key,
        content_type: "image/jpeg",
        content_disposition: "inline",
        cache_control: None,
    };
    let window = SigningWindow::beginning_at(OffsetDateTime::now_utc(), Duration::from_secs(7200));
    let signed = store.get_signer(window).await.unwrap().sign(&get).unwrap();
    (signed.url, signed.expires_at)
}

#[tokio::test]
async fn f35_a_url_signed_with_the_chains_temporary_credentials_ends_before_they_do() {
    let end = OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let credentials = file(&format!(
        r#"{{"Version": 1, "AccessKeyId": "ASIACHAIN", "SecretAccessKey": "s", "SessionToken": "a/token+=",
            "Expiration": "{}"}}"#,
        end.format(&Rfc3339).unwrap()
    ));
    let config = file(&format!(
        "[default]\nregion = eu-west-1\ncredential_process = cat {}\n",
        credentials.path().display()
    ));
    let (url, expires_at) = signed_get(&connect(None, &config).await).await;
    assert!(url.starts_with("https://photos.s3.eu-west-1.amazonaws.com/acme/job/photo.jpg?"), "{url}");
    assert!(url.contains("X-Amz-Credential=ASIACHAIN%2F"), "{url}");
    assert!(url.contains("%2Feu-west-1%2Fs3%2Faws4_request"), "{url}");
    assert!(url.contains("X-Amz-Security-Token=a%2Ftoken%2B%3D&"), "{url}");
    assert!(expires_at <= end - Duration::from_secs(60), "{expires_at} is after {end}");
    assert!(expires_at > end - Duration::from_secs(120), "{expires_at} is long before {end}");
}

#[tokio::test]
async fn a_region_in_the_settings_counts_before_the_chains() {
    let config =
        file("[default]\nregion = eu-west-1\naws_access_key_id = AKIACHAIN\naws_secret_access_key = s\n");
    let (url, _) = signed_get(&connect(Some("us-west-2"), &config).await).await;
    assert!(url.starts_with("https://photos.s3.us-west-2.amazonaws.com/"), "{url}");
    assert!(url.contains("X-Amz-Credential=AKIACHAIN%2F") && url.contains("X-Amz-Expires=7200"), "{url}");
}
