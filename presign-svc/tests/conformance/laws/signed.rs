//! URLs we sign: accepted as signed, refused as anything else.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use std::time::Duration;
use time::OffsetDateTime;
use windlass_presign_svc::ports::object_store::{
    GetToSign, ObjectStore as _, PutToSign, SignedRequest, SigningWindow, StoreError,
};
use windlass_protocol::Checksum;
use windlass_s3_suite::sample::noise;
use windlass_s3_suite::sending::Sending;
use windlass_signing::{Credentials, Endpoint, GetOptions, PutHeaders, Signer, Validity};

use super::objects::store;
use crate::bucket::{Bucket, key, quarter_hour, sending};

/// CRC-64/NVME of the bytes.
pub fn crc64(bytes: &[u8]) -> Checksum {
    Checksum::Crc64Nvme(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}

async fn signed_put(bucket: &Bucket, name: &str, bytes: &[u8]) -> Result<SignedRequest> {
    let (key, checksum) = (key(name)?, crc64(bytes));
    let put = PutToSign {
        key: &key,
        size_bytes: bytes.len() as u64,
        content_type: "image/jpeg",
        checksum: Some(&checksum),
        only_if_absent: bucket.target.capabilities.conditional_writes,
    };
    Ok(bucket.store.sign_put(&put, quarter_hour()).await?)
}

pub async fn a_put_takes_exactly_what_was_signed(bucket: &Bucket) -> Result<()> {
    let bytes = noise(1, 40_000);
    let signed = signed_put(bucket, "exact.jpg", &bytes).await?;
    let bound: Vec<&str> = signed.headers.keys().map(String::as_str).collect();
    ensure!(bound.starts_with(&["content-length", "content-type"]), "{bound:?}");
    ensure!(signed.url.starts_with(&bucket.store.object_url(&key("exact.jpg")?)), "another address");
    ensure!(signed.url.starts_with(&bucket.store.browser_origin()), "another origin");

    sending(Method::PUT, &signed, &bytes).accepted().await?;
    let head = bucket.store.head(&key("exact.jpg")?).await?;
    ensure!(head.size_bytes == 40_000, "{head:?}");
    ensure!(head.content_type.as_deref() == Some("image/jpeg"), "{head:?}");
    ensure!(head.checksum == Some(crc64(&bytes)), "{head:?}");
    ensure!(head.etag.starts_with('"') && head.etag.ends_with('"'), "{head:?}");
    Ok(())
}

pub async fn t09_t14_a_put_with_other_bytes_length_type_or_key_stores_nothing(bucket: &Bucket) -> Result<()> {
    let bytes = noise(2, 10_000);
    let signed = signed_put(bucket, "bound.jpg", &bytes).await?;
    let put = || sending(Method::PUT, &signed, &bytes);
    let changes = [
        ("a byte more", Sending { body: noise(2, 10_001), ..put() }),
        ("a byte less", Sending { body: noise(2, 9_999), ..put() }),
        ("other bytes", Sending { body: noise(3, 10_000), ..put() }),
        ("another type", put().header("content-type", "text/html")),
        ("another checksum", put().header("x-amz-checksum-crc64nvme", &crc64(b"other").to_string())),
        ("no checksum", put().without_header("x-amz-checksum-crc64nvme")),
        ("another key", Sending { url: signed.url.replace("bound.jpg", "other.jpg"), ..put() }),
        ("a longer life", Sending { url: signed.url.replace("Expires=900", "Expires=90000"), ..put() }),
        ("another method", Sending { method: Method::DELETE, ..put() }),
    ];
    for (change, sending) in changes {
        sending.refused().await.context(change)?;
    }
    for name in ["bound.jpg", "other.jpg"] {
        let head = bucket.store.head(&key(name)?).await;
        ensure!(matches!(head, Err(StoreError::NotFound)), "{name}: {head:?}");
    }
    put().accepted().await?;
    Ok(())
}

pub async fn t12_an_object_cannot_be_replaced_where_the_store_can_prevent_it(bucket: &Bucket) -> Result<()> {
    if !bucket.target.capabilities.conditional_writes {
        return Ok(());
    }
    let bytes = noise(4, 5_000);
    let signed = signed_put(bucket, "once.jpg", &bytes).await?;
    sending(Method::PUT, &signed, &bytes).accepted().await?;
    let again = sending(Method::PUT, &signed, &bytes).refused().await?;
    ensure!(again.status == 412, "{again:?}");
    Ok(())
}

pub async fn an_expired_url_is_refused(bucket: &Bucket) -> Result<()> {
    let (key, bytes) = (key("expired.jpg")?, noise(5, 100));
    let put = PutToSign {
        key: &key,
        size_bytes: 100,
        content_type: "image/jpeg",
        checksum: None,
        only_if_absent: false,
    };
    let an_hour_ago = OffsetDateTime::now_utc() - Duration::from_secs(3600);
    let window = SigningWindow::beginning_at(an_hour_ago, Duration::from_secs(60));
    let signed = bucket.store.sign_put(&put, window).await?;
    ensure!(signed.expires_at <= an_hour_ago + Duration::from_secs(60), "{signed:?}");
    let refused = sending(Method::PUT, &signed, &bytes).refused().await?;
    ensure!(refused.status == bucket.target.capabilities.expired_status, "{refused:?}");
    Ok(())
}

pub async fn a_get_answers_as_it_was_signed_and_nothing_else(bucket: &Bucket) -> Result<()> {
    let (key, bytes) = (key("shown.jpg")?, noise(6, 3_000));
    store(bucket, &key, &bytes).await?;
    let get = GetToSign {
        key: &key,
        content_type: "image/png",
        content_disposition: "attachment; filename*=UTF-8''D%C3%A4cher%20%26%20Dach.jpg",
        cache_control: Some("private, max-age=3600"),
    };
    let window = quarter_hour();
    let signed = bucket.store.get_signer(window).await?.sign(&get)?;
    let again = bucket.store.get_signer(window).await?.sign(&get)?;
    ensure!(signed == again, "the same arguments, another URL");
    ensure!(signed.headers.is_empty(), "a browser's <img> sends no headers: {:?}", signed.headers);

    let fetch = || sending(Method::GET, &signed, &bytes);
    let answer = fetch().accepted().await?;
    for (name, expected) in [
        ("content-type", get.content_type),
        ("content-disposition", get.content_disposition),
        ("cache-control", "private, max-age=3600"),
    ] {
        let found = answer.headers().get(name).and_then(|value| value.to_str().ok());
        ensure!(found == Some(expected), "{name}: {found:?}");
    }
    ensure!(answer.bytes().await? == bytes, "other bytes");

    let changes = [
        ("another type", Sending { url: signed.url.replace("image%2Fpng", "text%2Fhtml"), ..fetch() }),
        ("another key", Sending { url: signed.url.replace("shown.jpg", "hidden.jpg"), ..fetch() }),
        ("another method", Sending { method: Method::PUT, ..fetch() }),
    ];
    for (change, sending) in changes {
        sending.refused().await.context(change)?;
    }
    Ok(())
}

/// Our own keys are plain; the signer's promise is for all, so it is asked directly.
pub async fn keys_of_any_script_are_signed_as_the_store_reads_them(bucket: &Bucket) -> Result<()> {
    let target = &bucket.target;
    let endpoint =
        Endpoint::new(&target.endpoint, &target.region, &target.bucket, windlass_signing::Addressing::Path)?;
    let signer = Signer::new(endpoint, Credentials::new(&target.access_key_id, &target.secret_access_key)?);
    let validity = Validity::new(OffsetDateTime::now_utc(), Duration::from_secs(900));
    let keys = [
        "odd/two words.jpg",
        "odd/one+one=2&more?#.jpg",
        "odd/100%.jpg",
        "odd/100%25.jpg",
        "odd/Dächer/屋根 🏠.jpg",
        "odd/e\u{301}.jpg",
        "odd/~!*'(),;:@$[]{}|^`\"<>\\.jpg",
    ];
    for (number, key) in (0..).zip(keys) {
        let bytes = noise(100 + number, 500);
        let put =
            PutHeaders { content_length: Some(500), content_type: Some("image/jpeg"), ..Default::default() };
        let signed = signer.put_object(key, &put, &validity)?;
        let headers = signed.headers.iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
        let put = Sending {
            method: Method::PUT,
            url: signed.url.expose().to_owned(),
            headers: headers.filter(|(name, _)| name != "content-length").collect(),
            body: bytes.clone(),
        };
        put.accepted().await.with_context(|| format!("PUT {key}"))?;
        let signed = signer.get_object(key, &GetOptions::default(), &validity)?;
        let get = Sending {
            method: Method::GET,
            url: signed.url.into_string(),
            headers: vec![],
            body: bytes.clone(),
        };
        let answer = get.accepted().await.with_context(|| format!("GET {key}"))?;
        ensure!(answer.bytes().await? == bytes, "{key}: other bytes");
    }
    Ok(())
}
