//! Presigned URLs: accepted as signed, refused when anything they sign is changed.

use anyhow::{Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresignedRequest;
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;

use crate::refusal::refusal;
use crate::sample::{checksum, noise};
use crate::sending::{Sending, for_minutes, long_expired};
use crate::target::S3Target;
use crate::upload::{Upload, read, store};

/// Small enough that a server which refuses at once has the body before it hangs up.
const PART_BYTES_SENT: usize = 10_000;

/// What the service signs for a browser: length, type and checksum all fixed.
async fn signed_put(
    client: &Client,
    target: &S3Target,
    key: &str,
    bytes: &Bytes,
) -> Result<PresignedRequest> {
    Ok(client
        .put_object()
        .bucket(&target.bucket)
        .key(key)
        .content_length(i64::try_from(bytes.len())?)
        .content_type("image/jpeg")
        .checksum_crc32_c(checksum(&ChecksumAlgorithm::Crc32C, bytes))
        .presigned(for_minutes(15)?)
        .await?)
}

/// The way of every small photo.
pub async fn signed_put_with_length_type_and_checksum_is_accepted(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("signed_put/photo ü.jpg", noise(30, 40_000));
    let signed = signed_put(&client, target, key, &bytes).await?;
    let response = Sending::of(&signed, &bytes)?.accepted().await?;
    ensure!(response.headers().contains_key("etag"), "no ETag: {:?}", response.headers());
    ensure!(read(&client, target, key).await? == bytes, "other bytes");
    let head = client.head_object().bucket(&target.bucket).key(key).send().await?;
    ensure!(head.content_type() == Some("image/jpeg"), "{:?}", head.content_type());
    Ok(())
}

/// Another length, type, checksum, key or method, or a changed signature: nothing is stored.
pub async fn signed_put_is_bound_to_all_it_signs(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("bound_put/photo.jpg", noise(31, 10_000));
    let signed = signed_put(&client, target, key, &bytes).await?;
    let sending = || Sending::of(&signed, &bytes);
    let with_url = |url: String| Ok::<_, anyhow::Error>(Sending { url, ..sending()? });

    let other_sum = checksum(&ChecksumAlgorithm::Crc32C, b"other bytes");
    let url = signed.uri();
    let (head, last) = url.split_at(url.len() - 1);
    let flipped = format!("{head}{}", if last == "0" { "1" } else { "0" });
    let changes = [
        ("a byte more", Sending { body: noise(31, 10_001), ..sending()? }),
        ("a byte less", Sending { body: noise(31, 9_999), ..sending()? }),
        ("another type", sending()?.header("content-type", "text/html")),
        ("another checksum", sending()?.header("x-amz-checksum-crc32c", &other_sum)),
        ("another key", with_url(url.replace("bound_put/photo.jpg", "bound_put/other.jpg"))?),
        ("another signature", with_url(flipped)?),
        ("a longer life", with_url(url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"))?),
    ];
    for (change, sending) in changes {
        let refused = sending.refused().await?;
        ensure!(refused.status == 403, "{change}: {refused:?}");
    }
    for header in ["content-type", "x-amz-checksum-crc32c"] {
        let refused = sending()?.without_header(header).refused().await?;
        ensure!(refused.status == target.capabilities.missing_header_status, "no {header}: {refused:?}");
    }
    let corrupt = Sending { body: noise(32, 10_000), ..sending()? }.refused().await?;
    ensure!(corrupt.status == 400, "other bytes of the right length: {corrupt:?}");
    let left = client.list_objects_v2().bucket(&target.bucket).prefix("bound_put/").send().await?;
    ensure!(left.contents().is_empty(), "{:?}", left.contents());
    Ok(())
}

/// The way a photo is shown and downloaded.
pub async fn signed_get_works_and_overrides_headers(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("signed_get/photo.jpg", noise(33, 10_000));
    store(&client, target, key, &bytes).await?;
    let disposition = "attachment; filename=\"roof.jpg\"; filename*=UTF-8''%E5%B1%8B%E6%A0%B9.jpg";
    let signed = client
        .get_object()
        .bucket(&target.bucket)
        .key(key)
        .response_content_disposition(disposition)
        .response_content_type("image/jpeg")
        .response_cache_control("private, max-age=3600")
        .presigned(for_minutes(120)?)
        .await?;
    let response = Sending::of(&signed, &Bytes::new())?.accepted().await?;
    for (name, expected) in [
        ("content-disposition", disposition),
        ("content-type", "image/jpeg"),
        ("cache-control", "private, max-age=3600"),
    ] {
        let told = response.headers().get(name).map(|value| value.to_str().unwrap_or_default());
        ensure!(told == Some(expected), "{name}: {told:?}");
    }
    ensure!(response.bytes().await? == bytes, "other bytes");
    let part = Sending::of(&signed, &Bytes::new())?.header("range", "bytes=10-19").accepted().await?;
    ensure!(part.bytes().await? == bytes.slice(10..20), "other bytes in a range");
    Ok(())
}

/// A URL to read one object reads no other, writes nothing, and is of no use at another host.
pub async fn signed_get_is_bound_to_method_key_and_host(target: &S3Target) -> Result<()> {
    let client = target.client();
    store(&client, target, "bound_get/mine.jpg", &noise(34, 100)).await?;
    store(&client, target, "bound_get/other.jpg", &noise(35, 100)).await?;
    let signed = client.get_object().bucket(&target.bucket).key("bound_get/mine.jpg");
    let signed = signed.response_content_disposition("attachment").presigned(for_minutes(15)?).await?;
    let nothing = Bytes::new();
    let sending = || Sending::of(&signed, &nothing);
    let url = signed.uri();
    let port = target.endpoint.rsplit(':').next().unwrap_or_default();
    for (change, sending) in [
        ("another key", Sending { url: url.replace("mine.jpg", "other.jpg"), ..sending()? }),
        ("to write", Sending { method: reqwest::Method::PUT, body: noise(36, 10), ..sending()? }),
        ("to delete", Sending { method: reqwest::Method::DELETE, ..sending()? }),
        ("another host", sending()?.header("host", &format!("localhost:{port}"))),
        ("another disposition", Sending { url: url.replace("=attachment", "=inline"), ..sending()? }),
    ] {
        let refused = sending.refused().await?;
        ensure!(refused.status == 403, "{change}: {refused:?}");
    }
    ensure!(read(&client, target, "bound_get/mine.jpg").await? == noise(34, 100), "the object changed");
    Ok(())
}

/// A URL is good until it expires, and never for more than a week.
pub async fn expired_and_overlong_urls_are_refused(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("expired/photo.jpg", noise(37, 100));
    store(&client, target, key, &bytes).await?;
    let put = client.put_object().bucket(&target.bucket).key(key).presigned(long_expired()?).await?;
    let get = client.get_object().bucket(&target.bucket).key(key).presigned(long_expired()?).await?;
    for expired in [put, get] {
        let refused = Sending::of(&expired, &noise(38, 100))?.refused().await?;
        ensure!(refused.status == target.capabilities.expired_status, "{} {refused:?}", expired.method());
    }
    let fresh = client.get_object().bucket(&target.bucket).key(key).presigned(for_minutes(1)?).await?;
    let overlong = fresh.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=604801");
    let refused = Sending { url: overlong, ..Sending::of(&fresh, &Bytes::new())? }.refused().await?;
    let reason = if target.capabilities.longest_expiry_enforced { 400 } else { 403 };
    ensure!(refused.status == reason, "{refused:?}");
    ensure!(read(&client, target, key).await? == bytes, "an expired URL wrote");
    Ok(())
}

/// Whoever holds a URL cannot add S3 headers to it: an ACL, metadata, a copy source.
pub async fn unsigned_amz_headers_are_refused(target: &S3Target) -> Result<()> {
    if !target.capabilities.unsigned_headers_refused {
        return Ok(());
    }
    let client = target.client();
    store(&client, target, "unsigned/secret.jpg", &noise(39, 100)).await?;
    let put = client
        .put_object()
        .bucket(&target.bucket)
        .key("unsigned/photo.jpg")
        .presigned(for_minutes(15)?)
        .await?;
    let source = format!("{}/unsigned/secret.jpg", target.bucket);
    for (name, value) in [("x-amz-meta-colour", "red"), ("x-amz-copy-source", source.as_str())] {
        let refused = Sending::of(&put, &noise(40, 10))?.header(name, value).refused().await?;
        ensure!(refused.status == 403 || refused.status == 400, "{name}: {refused:?}");
    }
    let missing =
        refusal(client.head_object().bucket(&target.bucket).key("unsigned/photo.jpg").send().await)?;
    ensure!(missing.status == 404, "{missing:?}");
    Ok(())
}

/// Nothing is public.
pub async fn anonymous_requests_are_refused(target: &S3Target) -> Result<()> {
    let client = target.client();
    store(&client, target, "anonymous/photo.jpg", &noise(41, 100)).await?;
    for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let url = target.object_url("anonymous/photo.jpg");
        let refused =
            Sending { method: method.clone(), url, headers: vec![], body: noise(42, 10) }.refused().await?;
        ensure!(refused.status == 403, "{method}: {refused:?}");
    }
    Ok(())
}

/// The way of every part: signed with its length and checksum, for its number only.
pub async fn signed_part_is_accepted_once_per_number(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "signed_part/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let bytes = noise(43, PART_BYTES_SENT);
    let sum = checksum(&ChecksumAlgorithm::Crc64Nvme, &bytes);
    let part = |number: i32| {
        let part = upload.client.upload_part().bucket(&target.bucket).key(&upload.key).upload_id(&upload.id);
        let part = part.part_number(number).content_length(PART_BYTES_SENT as i64);
        part.checksum_crc64_nvme(&sum)
    };
    let first = part(1).presigned(for_minutes(15)?).await?;
    let response = Sending::of(&first, &bytes)?.accepted().await?;
    ensure!(response.headers().contains_key("etag"), "no ETag: {:?}", response.headers());
    let told = response.headers().get("x-amz-checksum-crc64nvme").map(|sum| sum.to_str().unwrap_or_default());
    ensure!(told == Some(&sum), "{told:?}");

    let other_number = first.uri().replace("partNumber=1", "partNumber=2");
    let refused = Sending { url: other_number, ..Sending::of(&first, &bytes)? }.refused().await?;
    ensure!(refused.status == 403, "another number: {refused:?}");
    let shorter =
        Sending { body: noise(43, PART_BYTES_SENT - 1), ..Sending::of(&first, &bytes)? }.refused().await?;
    ensure!(shorter.status == 403, "another length: {shorter:?}");

    let listed = upload.client.list_parts().bucket(&target.bucket).key(&upload.key).upload_id(&upload.id);
    let listed = listed.send().await?;
    let numbers: Vec<_> = listed.parts().iter().filter_map(|part| part.part_number()).collect();
    ensure!(numbers == [1], "{numbers:?}");
    Ok(())
}
