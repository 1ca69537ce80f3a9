//! Credentials that rotate: which are used when, and that no URL outlives them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use time::OffsetDateTime;
use tokio::time::{Instant, timeout};
use windlass_signing::{Addressing, Endpoint};

use super::sign;
use super::signer_source::SignerSource;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{GetToSign, PutToSign, SigningWindow, StoreError, StoreResult};

const MINUTE: Duration = Duration::from_secs(60);

/// Gives what it was told to, in order, and then nothing; each time after a while.
#[derive(Debug, Clone)]
struct Provider {
    given: Arc<Mutex<VecDeque<provider::Result>>>,
    takes: Duration,
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            tokio::time::sleep(self.takes).await;
            self.given.lock().unwrap().pop_front().unwrap_or_else(unreachable_metadata)
        })
    }
}

fn unreachable_metadata() -> provider::Result {
    Err(CredentialsError::provider_error("the metadata service does not answer"))
}

fn temporary(id: &str, left: Duration) -> provider::Result {
    Ok(Credentials::new(id, "secret", Some("token".into()), Some(SystemTime::now() + left), "test"))
}

fn source(given: impl IntoIterator<Item = provider::Result>) -> SignerSource {
    slow_source(Duration::ZERO, given)
}

fn slow_source(takes: Duration, given: impl IntoIterator<Item = provider::Result>) -> SignerSource {
    let endpoint = Endpoint::new("https://s3.example", "eu-central-1", "photos", Addressing::Path).unwrap();
    let provider = Provider { given: Arc::new(Mutex::new(given.into_iter().collect())), takes };
    SignerSource::new(endpoint, SharedCredentialsProvider::new(provider))
}

async fn id(source: &SignerSource) -> StoreResult<String> {
    Ok(source.signer().await?.credentials().access_key_id().to_owned())
}

/// That which is had once the provider has been asked, where it is time to.
async fn newest_id(source: &SignerSource) -> StoreResult<String> {
    let _ = id(source).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    id(source).await
}

async fn sign_for_a_quarter_hour(source: &SignerSource) -> StoreResult<(String, OffsetDateTime)> {
    let key = ObjectKey::try_from("acme/job/photo.jpg".to_owned()).unwrap();
    let put = PutToSign {
        key: &key,
        size_bytes: 4096,
        content_type: "image/jpeg",
        checksum: None,
        only_if_absent: true,
    };
    let window = SigningWindow::beginning_at(OffsetDateTime::now_utc(), 15 * MINUTE);
    let signed = sign::put(source, &put, window).await?;
    Ok((signed.url, signed.expires_at))
}

#[tokio::test(start_paused = true)]
async fn credentials_are_asked_for_once_while_they_last() {
    let source = source([temporary("FIRST", 6 * 60 * MINUTE)]);
    for _ in 0..3 {
        assert_eq!(id(&source).await.unwrap(), "FIRST");
    }
}

#[tokio::test(start_paused = true)]
async fn f35_credentials_near_their_end_are_replaced_before_it() {
    let source = source([temporary("FIRST", 10 * MINUTE), temporary("SECOND", 360 * MINUTE)]);
    assert_eq!(id(&source).await.unwrap(), "FIRST");
    tokio::time::advance(MINUTE).await;
    assert_eq!(newest_id(&source).await.unwrap(), "SECOND");
}

#[tokio::test(start_paused = true)]
async fn the_same_credentials_keep_their_signer() {
    let lasting = || Ok(Credentials::new("KEY", "secret", None, None, "test"));
    let source = source([lasting(), lasting()]);
    let before = source.signer().await.unwrap();
    tokio::time::advance(20 * MINUTE).await;
    newest_id(&source).await.unwrap();
    assert!(Arc::ptr_eq(&before, &source.signer().await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_leaves_credentials_that_still_work() {
    let source =
        source([temporary("FIRST", 10 * MINUTE), unreachable_metadata(), temporary("SECOND", 60 * MINUTE)]);
    for expected in ["FIRST", "FIRST", "SECOND"] {
        assert_eq!(newest_id(&source).await.unwrap(), expected);
        tokio::time::advance(MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_newer_credentials_while_the_old_ones_work() {
    let takes = Duration::from_secs(20);
    let source = slow_source(takes, [temporary("FIRST", 360 * MINUTE), temporary("SECOND", 360 * MINUTE)]);
    assert_eq!(id(&source).await.unwrap(), "FIRST");
    tokio::time::advance(16 * MINUTE).await;
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(id(&source).await.unwrap(), "FIRST");
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    tokio::time::sleep(takes + MINUTE).await;
    assert_eq!(id(&source).await.unwrap(), "SECOND");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_slower_than_whoever_asks_has_patience_is_heard_all_the_same() {
    let patience = Duration::from_secs(5);
    let source = slow_source(patience * 2, [temporary("LATE", 60 * MINUTE)]);
    assert!(timeout(patience, id(&source)).await.is_err());
    assert_eq!(timeout(patience * 2, id(&source)).await.unwrap().unwrap(), "LATE");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_is_given_up_after_half_a_minute_and_asked_anew() {
    let source = slow_source(60 * MINUTE, [temporary("LATE", 360 * MINUTE), temporary("LATE", 360 * MINUTE)]);
    for _ in 0..2 {
        let begun = Instant::now();
        assert!(matches!(id(&source).await, Err(StoreError::Unavailable(_))));
        assert_eq!(begun.elapsed().as_secs(), 30);
    }
}

#[tokio::test(start_paused = true)]
async fn ended_credentials_are_not_kept() {
    let source = source([temporary("ENDED", Duration::ZERO)]);
    assert_eq!(id(&source).await.unwrap(), "ENDED");
    tokio::time::advance(MINUTE).await;
    assert!(matches!(id(&source).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn no_credentials_at_all_are_for_the_operator() {
    let source = source([Err(CredentialsError::not_loaded("no profile, no metadata service"))]);
    let told = id(&source).await.unwrap_err();
    assert!(matches!(&told, StoreError::PermissionDenied(text) if text.contains("no profile")), "{told}");
}

#[tokio::test]
async fn f35_no_url_outlives_the_credentials_it_was_signed_with() {
    let source = source([temporary("SHORT", 10 * MINUTE)]);
    let (url, expires_at) = sign_for_a_quarter_hour(&source).await.unwrap();
    let left = expires_at - OffsetDateTime::now_utc();
    assert!(left <= 9 * MINUTE && left > 8 * MINUTE, "{left}");
    assert!(!url.contains("X-Amz-Expires=900"));
}

#[tokio::test]
async fn credentials_too_short_to_sign_with_are_replaced_at_once() {
    let source = source([temporary("ENDING", MINUTE), temporary("FRESH", 60 * MINUTE)]);
    let (url, _) = sign_for_a_quarter_hour(&source).await.unwrap();
    assert!(url.contains("X-Amz-Credential=FRESH%2F") && url.contains("X-Amz-Expires=900"), "{url}");
}

#[tokio::test]
async fn f35_a_url_whose_window_began_before_is_signed_with_newer_credentials_rather_than_given_out_dead() {
    let key = ObjectKey::try_from("acme/job/photo.jpg".to_owned()).unwrap();
    let get = GetToSign {
        key: &key,
        content_type: "image/jpeg",
        content_disposition: "inline",
        cache_control: None,
    };
    let now = OffsetDateTime::now_utc();
    let window = SigningWindow { signed_at: now - 13 * MINUTE, lifetime: 120 * MINUTE, now };
    let ending = || temporary("ENDING", Duration::from_secs(90));
    let renewed = source([ending(), temporary("FRESH", 360 * MINUTE)]);
    let signed = sign::get_signer(&renewed, window).await.unwrap().sign(&get).unwrap();
    assert!(signed.url.contains("X-Amz-Credential=FRESH%2F"), "{}", signed.url);
    assert_eq!(signed.expires_at.unix_timestamp(), (now + 107 * MINUTE).unix_timestamp());
    let alone = sign::get_signer(&source([ending(), ending()]), window).await;
    assert!(matches!(alone, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn f35_where_only_ending_credentials_are_to_be_had_nothing_is_signed() {
    let source = source([temporary("ENDING", MINUTE), temporary("ENDING", MINUTE)]);
    assert!(matches!(sign_for_a_quarter_hour(&source).await, Err(StoreError::Unavailable(_))));
}
