//! What `windlass-signing` signs, a real server takes; and takes only as it was signed.

use std::time::Duration;

use anyhow::{Result, ensure};
use aws_sdk_s3::types::{ChecksumAlgorithm as S3Algorithm, CompletedPart};
use bytes::Bytes;
use reqwest::Method;
use time::OffsetDateTime;
use windlass_signing::{
    Addressing, Checksum, ChecksumAlgorithm, Credentials, Endpoint, GetOptions, PartHeaders, PutHeaders,
    SignedRequest, Signer, Validity,
};

use crate::sample::{checksum, noise};
use crate::sending::Sending;
use crate::target::S3Target;
use crate::upload::{PART_BYTES, Upload, read, store};

/// Keys as people's files make them; the service's own are tamer.
const KEYS: [&str; 4] =
    ["own/photo.jpg", "own/job 7/roof+side (1).jpg", "own/ünïcödé 写真.jpg", "own/a%2Fb~c_d-e.f'*!"];

pub(super) fn signer(target: &S3Target) -> Result<Signer> {
    let endpoint = Endpoint::new(&target.endpoint, &target.region, &target.bucket, Addressing::Path)?;
    let secret = target.secret_access_key.clone();
    Ok(Signer::new(endpoint, Credentials::new(target.access_key_id.clone(), secret)?))
}

pub(super) fn quarter_hour() -> Validity {
    Validity::new(OffsetDateTime::now_utc(), Duration::from_secs(900))
}

fn sending(method: Method, signed: &SignedRequest<'_>, body: &Bytes) -> Sending {
    let headers = signed.headers.iter().filter(|(name, _)| *name != "content-length");
    Sending {
        method,
        url: signed.url.expose().to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.into_owned())).collect(),
        body: body.clone(),
    }
}

/// PUT with length, type, checksum and `If-None-Match`, then GET with overrides, for odd keys too.
pub async fn own_signatures_put_and_get(target: &S3Target) -> Result<()> {
    let (signer, client) = (signer(target)?, target.client());
    for (seed, key) in (300..).zip(KEYS) {
        let bytes = noise(seed, 3_000);
        let base64 = checksum(&S3Algorithm::Sha256, &bytes);
        let put = PutHeaders {
            content_length: Some(3_000),
            content_type: Some("image/jpeg"),
            checksum: Some(Checksum { algorithm: ChecksumAlgorithm::Sha256, base64: &base64 }),
            only_if_absent: true,
        };
        let signed = signer.put_object(key, &put, &quarter_hour())?;
        sending(Method::PUT, &signed, &bytes).accepted().await?;
        ensure!(read(&client, target, key).await? == bytes, "{key}: other bytes");
        if target.capabilities.conditional_writes {
            let replayed = sending(Method::PUT, &signed, &bytes).refused().await?;
            ensure!(replayed.status == 412, "{key}: the URL was good for a second PUT: {replayed:?}");
        }

        let options = GetOptions {
            response_content_disposition: Some("attachment; filename*=UTF-8''%E5%86%99%E7%9C%9F.jpg"),
            response_content_type: Some("image/jpeg"),
            ..GetOptions::default()
        };
        let signed = signer.get_object(key, &options, &quarter_hour())?;
        let got = sending(Method::GET, &signed, &Bytes::new()).accepted().await?;
        let told = got.headers().get("content-disposition").and_then(|value| value.to_str().ok());
        ensure!(told == options.response_content_disposition, "{key}: {told:?}");
        ensure!(got.bytes().await? == bytes, "{key}: other bytes");
    }
    Ok(())
}

/// Parts signed in one batch, each sent to its own URL, make the object.
pub async fn own_signatures_upload_parts(target: &S3Target) -> Result<()> {
    let signer = signer(target)?;
    let upload = Upload::open(target, "own/parts 写真.jpg", S3Algorithm::Crc64Nvme).await?;
    let bytes = [noise(310, PART_BYTES), noise(311, PART_BYTES), noise(312, 77)];
    let sums: Vec<String> = bytes.iter().map(|bytes| checksum(&S3Algorithm::Crc64Nvme, bytes)).collect();
    let parts: Vec<PartHeaders<'_>> = (1..)
        .zip(bytes.iter().zip(&sums))
        .map(|(part_number, (bytes, base64))| PartHeaders {
            part_number,
            content_length: Some(bytes.len() as u64),
            checksum: Some(Checksum { algorithm: ChecksumAlgorithm::Crc64Nvme, base64 }),
        })
        .collect();
    let signed = signer.presigner(&quarter_hour())?.upload_parts(&upload.key, &upload.id, &parts)?;
    let mut completed = Vec::new();
    for (number, (signed, bytes)) in (1..).zip(signed.iter().zip(&bytes)) {
        let answer = sending(Method::PUT, signed, bytes).accepted().await?;
        let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default();
        completed.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    upload.complete(completed).send().await?;
    ensure!(read(&upload.client, target, &upload.key).await? == bytes.concat(), "other bytes");
    Ok(())
}

/// Another length, type, bytes, method or time: refused.
pub async fn own_signatures_bind_what_they_sign(target: &S3Target) -> Result<()> {
    let (signer, client) = (signer(target)?, target.client());
    let (key, bytes) = ("own_bound/photo.jpg", noise(320, 2_000));
    let base64 = checksum(&S3Algorithm::Crc32C, &bytes);
    let put = PutHeaders {
        content_length: Some(2_000),
        content_type: Some("image/jpeg"),
        checksum: Some(Checksum { algorithm: ChecksumAlgorithm::Crc32c, base64: &base64 }),
        only_if_absent: false,
    };
    let signed = signer.put_object(key, &put, &quarter_hour())?;
    let put_sending = || sending(Method::PUT, &signed, &bytes);
    for (change, sending) in [
        ("a byte more", Sending { body: noise(320, 2_001), ..put_sending() }),
        ("another type", put_sending().header("content-type", "text/html")),
        ("to read", Sending { method: Method::GET, headers: vec![], ..put_sending() }),
        (
            "another key",
            Sending { url: signed.url.expose().replace("photo.jpg", "other.jpg"), ..put_sending() },
        ),
    ] {
        let refused = sending.refused().await?;
        // Read without the headers that were signed: see `missing_header_status`.
        let missing = change == "to read" && refused.status == target.capabilities.missing_header_status;
        ensure!(refused.status == 403 || missing, "{change}: {refused:?}");
    }
    let corrupt = Sending { body: noise(321, 2_000), ..put_sending() }.refused().await?;
    ensure!(corrupt.status == 400, "other bytes: {corrupt:?}");

    let hour_ago =
        Validity::new(OffsetDateTime::now_utc() - Duration::from_secs(3600), Duration::from_secs(60));
    let expired = signer.put_object(key, &put, &hour_ago)?;
    let refused = sending(Method::PUT, &expired, &bytes).refused().await?;
    ensure!(refused.status == target.capabilities.expired_status, "expired: {refused:?}");
    let left = client.list_objects_v2().bucket(&target.bucket).prefix("own_bound/").send().await?;
    ensure!(left.contents().is_empty(), "{:?}", left.contents());

    store(&client, target, key, &bytes).await?;
    let window = Duration::from_secs(600);
    let cached = Validity::in_window(OffsetDateTime::now_utc(), Duration::from_secs(7200), window);
    let signed = signer.get_object(key, &GetOptions::default(), &cached)?;
    sending(Method::GET, &signed, &Bytes::new()).accepted().await?;
    Ok(())
}
